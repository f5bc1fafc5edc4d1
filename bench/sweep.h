#ifndef PAL_BENCH_SWEEP_H
#define PAL_BENCH_SWEEP_H
/*
 * What the sweeps over threads, graphics layers and tuning candidates share: their flags, and the
 * plan that they start from. Main thread only.
 */
#include "bench/bench.h"
#include "bench/trial.h"
#include "commands/planning.h"

struct pal_sweep {
    struct pal_planning planning;
    char *program;          /* owned: this program's own file */
    uint32_t n_generations; /* --generations N */
    uint32_t n_tokens;      /* --tokens N: of each */
    const char *json_path;  /* --json FILE; NULL = none */
};

/* For the usage line. */
#define PAL_SWEEP_ARGUMENTS "[--generations N] [--tokens N] [--json FILE]"

/* False: the command ends with *status; the reason has been printed, nothing is left to free. */
bool pal_sweep_init(struct pal_sweep *sweep, const struct pal_config_request *request, int argc,
                    char **argv, int *status);
void pal_sweep_finish(struct pal_sweep *sweep);

/* The engine as planned; the caller changes what it sweeps over. */
struct pal_engine_options pal_sweep_options(const struct pal_sweep *sweep);

/* The generations of one row. */
struct pal_sweep_row {
    uint32_t n_generations; /* counted; fewer than asked for where it is hopelessly slow */
    double load_s;
    double seconds; /* mean of a generation */
    double tokens_s;
    double first_token_s;
    double cpu_percent; /* of one processor: 200 = two are busy */
    uint64_t rss_bytes;
    uint32_t n_layers_gpu;
    uint64_t vram_bytes;    /* taken while it was loaded, by the driver's word */
    uint32_t temperature_c; /* 0 = not known */
};
enum pal_err pal_sweep_measure(const struct pal_sweep *sweep,
                               const struct pal_engine_options *options, struct pal_sweep_row *row,
                               struct pal_error *error) PAL_MUST_USE;

#endif
