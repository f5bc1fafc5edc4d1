#ifndef PAL_BENCH_TUNE_H
#define PAL_BENCH_TUNE_H
/*
 * The search for the fastest way to run one model on this machine: which CPU build, weights
 * rearranged or not, how many threads for replies and for prompts, whether waiting threads spin and
 * stay on their cores, KV type, flash attention, batch.
 *
 * Every candidate is the real engine in its own process. What is compared is the time of a
 * reference turn: 40 new tokens of prompt and 60 of reply, half of them alone, half with three
 * other turns beside it, all of them read by somebody. Other programs run here, too, so nothing is
 * decided by a single figure: two candidates take turns, a sample that others have disturbed is
 * taken again, lower quartiles are compared, and a change has to win by more than is uncertain
 * (duel.h). Several engines are kept loaded for that where memory allows. Main thread only.
 *
 *     tune_engine.c  engines: opened, kept, brought into a candidate's state
 *     tune.c         candidates and their samples
 *     tune_match.c   several candidates by turns: who is faster?
 *     tune_builds.c  which builds are tried
 *     tune_search.c  and what else, in which order
 */
#include "bench/duel.h"
#include "bench/trial.h"
#include "plan/tuned.h"

#define PAL_TUNE_CANDIDATES_MAX 256
#define PAL_TUNE_THREADS_MAX    8
#define PAL_TUNE_ENGINES_MAX    5
#define PAL_TUNE_ENTRIES_MAX    8

/* What a sample computes; see tune.c. */
enum pal_tune_work {
    PAL_TUNE_TURN,   /* the reference turn */
    PAL_TUNE_LAYERS, /* the same on a few of a large model's layers, where builds are compared */
    PAL_TUNE_GLANCE, /* one turn alone: for the first start's three seconds */
    PAL_TUNE_PROMPT, /* a prompt of several hundred tokens, where batches differ */
};
#define PAL_TUNE_N_WORKS 4

struct pal_sample {
    double turn_ms;    /* the reference turn, worked out of the rest */
    double prompt_ms;  /* one token of prompt */
    double alone_ms;   /* one step of one turn */
    double four_ms;    /* one step of four; 0 = not measured */
    double wait_share; /* of the processors that it wanted, taken by others meanwhile */
    int64_t wall_us;
};

struct pal_candidate {
    struct pal_tuned way; /* way.turn_ms is the result: the samples' lower quartile */
    enum pal_tune_work work;
    bool is_usual; /* llama.cpp's own choice */
    uint32_t n_samples;
    uint32_t n_repeated;                /* of them, because others were in the way */
    double turns[PAL_DUEL_ROUNDS_MAX];  /* the last ones */
    double ratios[PAL_DUEL_ROUNDS_MAX]; /* to llama.cpp's own choice just before or after; 0 = none
                                         */
    struct pal_sample least;            /* each figure's least */
    double ratio;                       /* median of the above; 0 = not known */
    char failure[96];                   /* "" = it runs */
};

struct pal_tune_engine {
    struct pal_trial trial;
    bool is_open;
    bool is_layers; /* PAL_TUNE_LAYERS's model */
    struct pal_tuned way;
    int64_t used_us;
    uint64_t n_prompts;
};

struct pal_tune {
    /* given */
    const char *program; /* borrowed */
    const char *model_path;
    const char *layers_path; /* a few layers of it; NULL = it is small enough as it is */
    const char *llama_dir;
    const char *gpu_device; /* of the plan's card; NULL = none */
    const char *cpus;       /* that the engines may use; NULL = all */
    struct pal_plan plan;   /* what stays as it is: layers on the card, context */
    uint32_t n_logical;
    uint32_t n_cores;
    uint32_t n_free_cores; /* of these, not kept busy by others: builds are compared on them */
    uint32_t n_engines;    /* that memory holds at once; 0 counts as 1 */
    bool is_quick;
    int64_t budget_us; /* ends here with the best so far; a running trial is cut short */
    void (*on_trial)(const struct pal_tune *tune, const struct pal_candidate *candidate);
    /* found */
    struct pal_candidate candidates[PAL_TUNE_CANDIDATES_MAX];
    size_t n_candidates;
    size_t n_expected; /* candidates in all, as far as known */
    int64_t started_us;
    struct pal_tuned best;
    double usual_turn_ms; /* of llama.cpp's own choice, in this run; 0 = not measured */
    /* how it goes */
    enum pal_tune_work turn;           /* what candidates are compared by now */
    uint32_t n_words, n_alone, n_four; /* of a sample's work; by how fast the model is */
    double least_ms[PAL_TUNE_N_WORKS]; /* fastest reference turn so far; 0 = none */
    int64_t least_wall_us[PAL_TUNE_N_WORKS];
    double usual_ms;  /* llama.cpp's own choice, last time */
    int64_t usual_us; /* when that was */
    struct pal_tune_engine engines[PAL_TUNE_ENGINES_MAX];
    struct pal_tune_engine *running; /* sampled last */
    int64_t open_us;                 /* what it took to load weights, at the quickest; 0 = never */
};

/* ---- tune_search.c ---- */

/* Searches. PAL_ERR_ENGINE if nothing runs at all; *error says why the first did not. */
enum pal_err pal_tune_search(struct pal_tune *tune, struct pal_error *error) PAL_MUST_USE;

/* Counts of threads worth trying, ascending; returns how many. */
size_t pal_tune_thread_counts(const struct pal_tune *tune, uint32_t counts[PAL_TUNE_THREADS_MAX]);

/* ---- tune_builds.c ---- */

/* llama.cpp's own choice, and the builds beside it; the best of these is left in tune->best. */
void pal_tune_compare_builds(struct pal_tune *tune);
/* The best of that work that no `except` names; NULL if there is none left. */
struct pal_candidate *pal_tune_best(struct pal_tune *tune, enum pal_tune_work work,
                                    struct pal_candidate **except, size_t n_except);
/*
 * The few best guesses alone: builds, and weights rearranged or mapped. PAL_ERR_TIMEOUT: the budget
 * was too short to compare any two; tune->best is llama.cpp's own choice then.
 */
enum pal_err pal_tune_glance(struct pal_tune *tune, struct pal_error *error) PAL_MUST_USE;

/* ---- tune.c ---- */

/* Its row, which may have samples already; NULL: there is no place for more. */
struct pal_candidate *pal_tune_candidate(struct pal_tune *tune, const struct pal_tuned *way,
                                         enum pal_tune_work work);
/*
 * One sample more, again if others were in the way. False: it does not run (candidate->failure), is
 * hopelessly slow (the same), or the time is over.
 */
bool pal_tune_sample(struct pal_tune *tune, struct pal_candidate *candidate,
                     struct pal_sample *sample);
/* llama.cpp's own choice once more if its last sample is old, so that others can be held to it. */
void pal_tune_refresh_usual(struct pal_tune *tune);
/* Tells of it. */
void pal_tune_tell(const struct pal_tune *tune, const struct pal_candidate *candidate);

int64_t pal_tune_left_us(const struct pal_tune *tune);
/* The share of the time that has gone is smaller than that. */
bool pal_tune_has_share(const struct pal_tune *tune, double share, int64_t cost_us);
bool pal_tune_is_same(const struct pal_tuned *a, const struct pal_tuned *b);

/* llama.cpp's own choice of everything, on the physical cores. */
struct pal_tuned pal_tune_usual(const struct pal_tune *tune);

/* "zen4, rearranged, 2+2 threads, F16, flash"; returns `out`. */
const char *pal_tune_describe(const struct pal_tuned *way, char *out, size_t size);
#define PAL_TUNE_TEXT_MAX 192

/* ---- tune_match.c ---- */

/* Several candidates by turns. */
struct pal_match {
    struct pal_candidate *entries[PAL_TUNE_ENTRIES_MAX]; /* the first is what is kept on a draw */
    bool is_out[PAL_TUNE_ENTRIES_MAX];
    struct pal_sample samples[PAL_TUNE_ENTRIES_MAX][PAL_DUEL_ROUNDS_MAX];
    size_t n_entries;
    size_t n_rounds;
};
/*
 * Plays at most n_rounds, and not past that share of the time; who is surely slower than the best
 * by more than `behind` (1.02) drops out. Ends early once one is left.
 */
void pal_match_play(struct pal_tune *tune, struct pal_match *match, size_t n_rounds, double share,
                    double behind);
/* Entry b against entry a, over the rounds that both played. */
struct pal_duel_verdict pal_match_judge(const struct pal_match *match, size_t a, size_t b);
/* The fastest that is still in; n_entries if there is none. */
size_t pal_match_leader(const struct pal_match *match);
/*
 * Is `way` faster than tune->best, surely, by more than the factor `win` (0.99)? Takes it if so.
 * The match ends as soon as that is sure either way.
 */
bool pal_tune_challenge(struct pal_tune *tune, const struct pal_tuned *way, enum pal_tune_work work,
                        double win, double share);

/* ---- tune_engine.c ---- */

/* An engine in that state, its first turns behind it. */
enum pal_err pal_tune_bring_up(struct pal_tune *tune, const struct pal_tuned *way, bool is_layers,
                               struct pal_tune_engine **engine,
                               struct pal_error *error) PAL_MUST_USE;
void pal_tune_drop(struct pal_tune *tune, struct pal_tune_engine *engine);
/*
 * Ends them where they are soon loaded again: how memory falls out makes one process of a build a
 * little faster than another of the same, and that should be nobody's luck for good.
 */
void pal_tune_renew(struct pal_tune *tune);
/* Ends all engines. The search does it itself. */
void pal_tune_close(struct pal_tune *tune);
/* How many engines of this plan memory holds beside each other. */
uint32_t pal_tune_engines_that_fit(const struct pal_plan *plan);

#endif
