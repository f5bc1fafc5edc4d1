#ifndef PAL_BENCH_TUNE_H
#define PAL_BENCH_TUNE_H
/*
 * The search for the fastest way to run one model on this machine: which CPU build, weights
 * rearranged or not, how many threads for replies and for prompts, whether waiting threads spin and
 * stay on their cores, KV type, flash attention, batch.
 *
 * Every candidate is the real engine: a process for each build and kind of weights, and in it a new
 * context for each of the rest, because reading the weights takes longer than measuring. What is
 * compared is the time of a reference turn: 40 new tokens of prompt and 60 of reply, half of them
 * alone, half with three other turns beside it. Main thread only.
 *
 *     tune.c         one candidate is measured
 *     tune_search.c  which candidates, in which order
 */
#include "bench/trial.h"
#include "plan/tuned.h"

#define PAL_TUNE_CANDIDATES_MAX 256
#define PAL_TUNE_THREADS_MAX    8

/* How much a trial computes; see tune.c. */
enum pal_effort {
    PAL_EFFORT_GLANCE, /* one turn alone: for the first start's three seconds */
    PAL_EFFORT_SHORT,  /* sorts the hopeless out */
    PAL_EFFORT_LONG,   /* what a choice is made from */
    PAL_EFFORT_PROMPT, /* a prompt of several hundred tokens, where batches differ */
};
#define PAL_N_EFFORTS 4

struct pal_candidate {
    struct pal_tuned way; /* way.turn_ms is the result */
    enum pal_effort effort;
    bool is_usual;    /* llama.cpp's own choice */
    double prompt_ms; /* one token of prompt */
    double alone_ms;  /* one step of one turn */
    double four_ms;   /* one step of four; 0 = not measured */
    char failure[96]; /* "" = it runs */
};

struct pal_tune {
    /* given */
    const char *program; /* borrowed */
    const char *model_path;
    const char *llama_dir;
    const char *gpu_device; /* of the plan's card; NULL = none */
    struct pal_plan plan;   /* what stays as it is: layers on the card, context */
    uint32_t n_logical;
    uint32_t n_cores;
    uint32_t n_free_cores; /* of these, not kept busy by others: builds are compared on them */
    bool is_quick;
    int64_t budget_us; /* ends here with the best so far; a running trial is cut short */
    void (*on_trial)(const struct pal_tune *tune, const struct pal_candidate *candidate);
    /* found */
    struct pal_candidate candidates[PAL_TUNE_CANDIDATES_MAX];
    size_t n_candidates;
    size_t n_expected; /* trials in all, as far as known */
    int64_t started_us;
    int64_t last_cost_us; /* of the trials of late, loading included: for the time that is left */
    struct pal_tuned best;
    double usual_turn_ms;            /* of llama.cpp's own choice, in this run; 0 = not measured */
    double least_ms[PAL_N_EFFORTS];  /* fastest reference turn so far; 0 = none */
    int64_t round_us[PAL_N_EFFORTS]; /* its round's wall time */
    /* the engine that is running */
    struct pal_trial trial;
    bool is_open;
    struct pal_tuned open_way;
};

/* Searches. PAL_ERR_ENGINE if nothing runs at all; *error says why the first did not. */
enum pal_err pal_tune_search(struct pal_tune *tune, struct pal_error *error) PAL_MUST_USE;

/*
 * The few best guesses alone: builds, and weights rearranged or mapped. PAL_ERR_TIMEOUT: the budget
 * was too short to compare any two; tune->best is llama.cpp's own choice then.
 */
enum pal_err pal_tune_glance(struct pal_tune *tune, struct pal_error *error) PAL_MUST_USE;

/*
 * Measures one way and keeps it in the list. NULL: it does not run (the reason is in the list), or
 * the time is over (it is not in the list).
 */
const struct pal_candidate *pal_tune_measure(struct pal_tune *tune, const struct pal_tuned *way,
                                             enum pal_effort effort);
/* Ends the engine that is running, if any. The search does it itself. */
void pal_tune_close(struct pal_tune *tune);

int64_t pal_tune_left_us(const struct pal_tune *tune);
bool pal_tune_is_same(const struct pal_tuned *a, const struct pal_tuned *b);

/* llama.cpp's own choice of everything, on the physical cores. */
struct pal_tuned pal_tune_usual(const struct pal_tune *tune);

/* Counts of threads worth trying, ascending; returns how many. */
size_t pal_tune_thread_counts(const struct pal_tune *tune, uint32_t counts[PAL_TUNE_THREADS_MAX]);

/* "zen4, rearranged, 2+2 threads, F16, flash"; returns `out`. */
const char *pal_tune_describe(const struct pal_tuned *way, char *out, size_t size);
#define PAL_TUNE_TEXT_MAX 192

#endif
