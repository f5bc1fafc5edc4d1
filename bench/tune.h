#ifndef PAL_BENCH_TUNE_H
#define PAL_BENCH_TUNE_H
/*
 * The search for the fastest way to run one model on this machine: which CPU build, weights
 * rearranged or not, how many threads for replies and for prompts, flash attention, KV type, batch.
 *
 * Every candidate is the real engine in a process of its own. What is compared is the time of a
 * reference turn: 40 new tokens of prompt and 60 of reply, half of them alone, half with three
 * other turns beside it. Cheap trials of everything first, dear ones of the best few, then one
 * dimension after the other around the winner. Main thread only.
 */
#include "bench/trial.h"
#include "plan/tuned.h"

#define PAL_TUNE_CANDIDATES_MAX 256

struct pal_candidate {
    struct pal_tuned way; /* way.turn_ms is the result */
    bool is_dear;         /* measured long enough to be compared with others like it */
    bool is_usual;        /* llama.cpp's own choice */
    double prompt_ms;     /* one token of prompt */
    double alone_ms;      /* one step of one turn */
    double four_ms;       /* one step of four */
    char failure[96];     /* "" = it runs */
};

struct pal_tune {
    /* given */
    const char *program; /* borrowed */
    const char *model_path;
    const char *llama_dir;
    struct pal_plan plan; /* what stays as it is: layers on the card, context */
    uint32_t n_logical;
    uint32_t n_cores;
    uint32_t n_free_cores; /* of these, not kept busy by others: builds are compared on them */
    bool is_quick;
    int64_t budget_us; /* stops here with the best so far */
    void (*on_trial)(const struct pal_tune *tune, const struct pal_candidate *candidate);
    /* found */
    struct pal_candidate candidates[PAL_TUNE_CANDIDATES_MAX];
    size_t n_candidates;
    size_t n_expected; /* trials in all, as far as known */
    int64_t started_us;
    struct pal_tuned best;
    double usual_turn_ms; /* of llama.cpp's own choice, in this run; 0 = not measured */
};

/* Searches. PAL_ERR_ENGINE if nothing runs at all; *error says why the first did not. */
enum pal_err pal_tune_search(struct pal_tune *tune, struct pal_error *error) PAL_MUST_USE;

/* Measures one way and keeps it in the list; NULL if it does not run (the reason is in the list).
 */
const struct pal_candidate *pal_tune_measure(struct pal_tune *tune, const struct pal_tuned *way,
                                             bool is_dear);

/* llama.cpp's own choice of everything, on the physical cores. */
struct pal_tuned pal_tune_usual(const struct pal_tune *tune);

/* Counts of threads worth trying, ascending; returns how many. */
size_t pal_tune_thread_counts(const struct pal_tune *tune, uint32_t counts[8]);

/* "zen4, rearranged, 2+2 threads, F16, flash"; returns `out`. */
const char *pal_tune_describe(const struct pal_tuned *way, char *out, size_t size);

#endif
