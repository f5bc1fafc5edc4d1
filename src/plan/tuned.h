#ifndef PAL_PLAN_TUNED_H
#define PAL_PLAN_TUNED_H
/*
 * What `palabre tune` found to be fastest for one model on one machine, and the file that keeps it:
 * STATE/tune/<model>-<machine>.json. A file of another model or machine is never read; one that is
 * broken counts as missing. Main thread.
 */
#include "plan/plan.h"

struct pal_tuned {
    char variant[32]; /* CPU build; "" = ggml's own choice */
    bool has_extra_bufts;
    bool has_flash_attn;
    uint32_t n_threads;
    uint32_t n_threads_batch;
    uint32_t n_batch_tokens;
    uint32_t n_ubatch_tokens;
    uint32_t kv_type;
    bool sleeps;              /* waiting threads sleep, and do not spin */
    bool is_pinned;           /* each thread on a core of its own */
    bool is_quick;            /* the first start's few seconds, not `palabre tune` */
    enum pal_profile profile; /* what was measured: another share of the card is another matter */
    double turn_ms;           /* the reference turn, as chosen */
    double usual_turn_ms;     /* the same in llama.cpp's usual way, in the same run */
    int64_t made_s;           /* seconds since 1970 */
};

/* Path of the file, the caller's; NULL where there is no home folder. */
char *pal_tuned_path(const struct pal_machine *machine, const struct pal_shape *shape);

/* Reads the text of such a file; PAL_ERR_PROTO if it is none. Pure. */
enum pal_err pal_tuned_parse(const char *json, size_t len, struct pal_tuned *tuned,
                             struct pal_error *error) PAL_MUST_USE;

/* PAL_ERR_NOT_FOUND: never tuned. */
enum pal_err pal_tuned_load(const char *path, struct pal_tuned *tuned,
                            struct pal_error *error) PAL_MUST_USE;
/* Writes it whole or not at all. */
enum pal_err pal_tuned_save(const char *path, const struct pal_tuned *tuned,
                            struct pal_error *error) PAL_MUST_USE;

/*
 * Puts what was measured in the place of the plan's guesses; what the person asked for stays. A
 * result for another profile is left alone, and so is the plan. A quick result speaks of the CPU
 * build and of the weights only.
 */
void pal_plan_apply(struct pal_plan *plan, const struct pal_machine *machine,
                    const struct pal_shape *shape, const struct pal_tuned *tuned);

#endif
