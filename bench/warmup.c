/*
 * palabre bench warmup: the first line of a start that knows nothing (engine.warm off), of one that
 * has computed the persona while it waited, and of a restart that finds it in its file. In turns,
 * each with an engine's process of its own.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/sweep.h"
#include "bench/trial.h"
#include "chat/persona.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define RUNS_MAX        100
#define RUNS_DEFAULT    10
#define LINE_WORDS      12
#define LOAD_TIMEOUT_US (600 * PAL_US_PER_S)
#define TURN_TIMEOUT_US (300 * PAL_US_PER_S)
#define WARM_POLL_US    (5 * PAL_US_PER_MS)
#define WARM_MAX_US     (120 * PAL_US_PER_S)

static const struct pal_config_request request = {
    .command = "bench warmup",
    .arguments = PAL_SWEEP_ARGUMENTS,
    .about_en = "Measures the first line after a start: cold, warm, and after a restart.",
    .about_fr = "Mesure la première ligne après un démarrage : à froid, à chaud, après un "
                "redémarrage.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

enum mode {
    COLD,
    WARM,
    RESTART,
    N_MODES,
};

static const char *const mode_names[N_MODES] = {"cold", "warm", "restart"};

/* Of each mode, a sample a run. */
struct samples {
    double ready_ms[RUNS_MAX];
    double warming_ms[RUNS_MAX];
    double first_ms[RUNS_MAX]; /* first token of the first line */
    double whole_ms[RUNS_MAX]; /* the first reply, whole */
    double later_ms[RUNS_MAX]; /* first token of somebody else's first line */
    double start_ms[RUNS_MAX]; /* from the start of the process to the first token */
    double n_computed[RUNS_MAX];
    double rss_mib[RUNS_MAX];
    size_t n;
};

struct warmup {
    struct pal_sweep sweep;
    struct pal_bench bench;
    struct pal_engine_options options;
    char *persona;
    char dir[sizeof("/tmp/palabre-warmup-XXXXXX")];
    struct samples samples[N_MODES];
};

/* ---- the folder ---- */

/* With `removes`, empties it; returns how many files there were. */
static size_t
look_into(const char *dir, bool removes)
{
    size_t n = 0;
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        size_t len = strlen(entry->d_name);
        if (len < 3 || strcmp(entry->d_name + len - 3, ".kv") != 0) {
            continue;
        }
        n++;
        char *path = pal_path_join(dir, entry->d_name);
        if (removes) {
            (void)unlink(path);
        }
        free(path);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return n;
}

/* ---- one start ---- */

static double
ms(int64_t us)
{
    return (double)us / (double)PAL_US_PER_MS;
}

static enum pal_err
wait_until_warm(struct warmup *w, struct pal_trial *trial, struct pal_error *error)
{
    int64_t until_us = pal_now_us() + WARM_MAX_US;
    while (look_into(w->dir, false) == 0) {
        if (pal_now_us() > until_us) {
            return pal_error_set(error, PAL_ERR_TIMEOUT, "the persona is never warm");
        }
        pal_trial_idle(trial, WARM_POLL_US);
    }
    return PAL_OK;
}

static enum pal_err
say_lines(struct warmup *w, enum mode mode, struct pal_trial *trial, int64_t began_us,
          struct pal_error *error)
{
    struct samples *s = &w->samples[mode];
    struct pal_trial_turns first, later;
    int64_t ready_us = pal_now_us();
    s->ready_ms[s->n] = ms(ready_us - began_us);
    enum pal_err err = mode == WARM ? wait_until_warm(w, trial, error) : PAL_OK;
    int64_t warm_us = pal_now_us();
    uint32_t n_tokens = w->sweep.n_tokens;
    if (err == PAL_OK) {
        err = pal_trial_run(trial, 1, LINE_WORDS, n_tokens, TURN_TIMEOUT_US, &first, error);
    }
    if (err == PAL_OK) {
        err = pal_trial_run(trial, 1, LINE_WORDS, n_tokens, TURN_TIMEOUT_US, &later, error);
    }
    if (err != PAL_OK) {
        return err;
    }
    s->warming_ms[s->n] = ms(warm_us - ready_us);
    s->first_ms[s->n] = ms(first.first_token_us);
    s->whole_ms[s->n] = ms(first.wall_us);
    s->later_ms[s->n] = ms(later.first_token_us);
    s->start_ms[s->n] = s->ready_ms[s->n] + s->first_ms[s->n];
    s->n_computed[s->n] = (double)first.n_prompt_tokens;
    s->rss_mib[s->n] = (double)pal_trial_rss_bytes(trial) / (double)PAL_MIB;
    s->n++;
    return PAL_OK;
}

static void
start_once(struct warmup *w, enum mode mode)
{
    struct pal_engine_options options = w->options;
    if (mode == WARM) {
        (void)look_into(w->dir, true);
    }
    if (mode != COLD) {
        options.persona = w->persona;
        options.warm_dir = w->dir;
    }
    struct pal_trial trial;
    struct pal_error error;
    int64_t began_us = pal_now_us();
    if (pal_trial_open(&trial, &options, LOAD_TIMEOUT_US, &error) != PAL_OK) {
        pal_bench_fail(&w->bench, "%s: %s", mode_names[mode], error.text);
        return;
    }
    trial.persona = w->persona;
    if (say_lines(w, mode, &trial, began_us, &error) != PAL_OK) {
        pal_bench_fail(&w->bench, "%s: %s", mode_names[mode], error.text);
    }
    pal_trial_close(&trial);
}

/* ---- all of it ---- */

static void
show(struct warmup *w, const char *name, const char *unit, double *samples, size_t n)
{
    struct pal_stats stats = pal_stats_of(samples, n);
    pal_bench_time(&w->bench, name, unit, &stats);
}

static void
report(struct warmup *w)
{
    double first[N_MODES] = {0}, start[N_MODES] = {0}, later[N_MODES] = {0};
    for (size_t mode = 0; mode < N_MODES; mode++) {
        struct samples *s = &w->samples[mode];
        pal_bench_section(&w->bench, mode_names[mode]);
        show(w, "ready", "ms", s->ready_ms, s->n);
        if (mode == WARM) {
            show(w, "warming, while nobody waits", "ms", s->warming_ms, s->n);
        }
        show(w, "first line: first token", "ms", s->first_ms, s->n);
        show(w, "first line: whole reply", "ms", s->whole_ms, s->n);
        show(w, "first line: prompt tokens computed", "", s->n_computed, s->n);
        show(w, "another line: first token", "ms", s->later_ms, s->n);
        show(w, "start to first token", "ms", s->start_ms, s->n);
        show(w, "resident memory", "MiB", s->rss_mib, s->n);
        /* show() has sorted them. */
        first[mode] = s->n > 0 ? pal_stats_percentile(s->first_ms, s->n, 0.5) : 0;
        start[mode] = s->n > 0 ? pal_stats_percentile(s->start_ms, s->n, 0.5) : 0;
        later[mode] = s->n > 0 ? pal_stats_percentile(s->later_ms, s->n, 0.5) : 0;
    }
    if (w->bench.n_failures > 0 || first[COLD] <= 0 || later[RESTART] <= 0) {
        return;
    }
    pal_bench_section(&w->bench, "by comparison");
    pal_bench_value(&w->bench, "first token, warm / cold", "", first[WARM] / first[COLD], NULL);
    pal_bench_value(&w->bench, "first token, restart / cold", "", first[RESTART] / first[COLD],
                    "0.3 at most");
    pal_bench_value(&w->bench, "restart: first line / another line", "",
                    first[RESTART] / later[RESTART], "1: as fast as any other");
    pal_bench_value(&w->bench, "start to first token, restart / cold", "",
                    start[RESTART] / start[COLD], NULL);
}

int
pal_bench_warmup(int argc, char **argv)
{
    struct warmup *w = pal_calloc(1, sizeof(*w));
    int status;
    if (!pal_sweep_init(&w->sweep, &request, argc, argv, &status)) {
        free(w);
        return status;
    }
    memcpy(w->dir, "/tmp/palabre-warmup-XXXXXX", sizeof(w->dir));
    if (mkdtemp(w->dir) == NULL) {
        (void)fprintf(
            stderr, "palabre: %s\n",
            PAL_T("cannot make a folder in /tmp", "impossible de créer un dossier dans /tmp"));
        pal_sweep_finish(&w->sweep);
        free(w);
        return PAL_EXIT_FAILED;
    }
    const struct pal_planning *planning = &w->sweep.planning;
    struct pal_plan_options wishes = pal_planning_options(&planning->config);
    struct pal_plan plan = pal_plan_make(&planning->machine, &planning->shape, &wishes);
    w->options = pal_sweep_options(&w->sweep);
    pal_planning_engine(&plan, &planning->machine, &w->options);
    w->persona = pal_strdup(pal_persona_default(pal_lang()));
    pal_bench_init(&w->bench, "warmup");
    size_t n_runs = w->sweep.n_generations != 0 ? w->sweep.n_generations : RUNS_DEFAULT;
    n_runs = n_runs < RUNS_MAX ? n_runs : RUNS_MAX;
    for (size_t i = 0; i < n_runs && w->bench.n_failures == 0; i++) {
        for (int mode = COLD; mode < N_MODES; mode++) {
            start_once(w, (enum mode)mode);
        }
    }
    report(w);
    status = pal_bench_finish(&w->bench, w->sweep.json_path);
    (void)look_into(w->dir, true);
    (void)rmdir(w->dir);
    pal_sweep_finish(&w->sweep);
    free(w->persona);
    free(w);
    return status;
}
