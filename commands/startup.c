#include "commands/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/persona.h"
#include "commands/command.h"
#include "commands/engines.h"
#include "commands/llama_dir.h"
#include "commands/model_file.h"
#include "commands/planning.h"
#include "commands/quick_measure.h"
#include "config/option.h"
#include "config/print.h"
#include "engine/spare.h"
#include "plan/explain.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/proc.h"
#include "util/text.h"

/* So small a model loses the thread when it is sampled as freely as a larger one (CARD.md). */
#define STARTER_TEMPERATURE 0.4F

#define HELP_BYTES_MAX ((size_t)64 * 1024)

/* ---- settings ---- */

static int
print_help(const struct pal_config_request *request)
{
    struct pal_buf buf;
    pal_buf_init(&buf, HELP_BYTES_MAX);
    enum pal_err err = pal_config_print_help(request, &buf);
    PAL_ASSERT(err == PAL_OK);
    (void)fputs(buf.data, stdout);
    pal_buf_finish(&buf);
    return PAL_EXIT_OK;
}

static bool
is_default(const struct pal_config *config, const char *key)
{
    return config->origins[pal_option_index(pal_option_by_key(key))].kind == PAL_ORIGIN_DEFAULT;
}

static bool
open_log(const struct pal_config *config)
{
    int fd = STDERR_FILENO;
    if (config->log.file[0] != '\0') {
        char *folder = pal_path_parent(config->log.file);
        bool has_folder = pal_path_make_dirs(folder, NULL) == PAL_OK;
        free(folder);
        int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY;
        fd = has_folder ? open(config->log.file, flags, 0600) : -1;
        if (fd < 0) {
            (void)fprintf(stderr,
                          PAL_T("palabre: cannot write the log to '%s': %s\n",
                                "palabre: impossible d'écrire le journal dans « %s » : %s\n"),
                          config->log.file, strerror(errno));
            return false;
        }
    }
    enum pal_log_level level = (enum pal_log_level)config->log.level;
    /* A person at a terminal reads the program's own lines; the log's are for files and services.
     */
    if (is_default(config, "log.level") && fd == STDERR_FILENO && isatty(fd) == 1) {
        level = PAL_LOG_WARN;
    }
    pal_log_init(level, fd);
    return true;
}

/* The file may ask for another language than the environment: then what it has to say is said
 * again, in that one. */
static enum pal_err
load(struct pal_config *config, const struct pal_config_request *request, int argc, char **argv,
     struct pal_problems *problems)
{
    pal_lang_init(pal_config_early_lang(argc, argv));
    enum pal_lang before = pal_lang();
    enum pal_err err = pal_config_load(request, argc, argv, config, problems);
    if (config->lang != PAL_CONFIG_LANG_AUTO) {
        pal_lang_init(config->lang == PAL_CONFIG_LANG_FR ? "fr" : "en");
    }
    if (pal_lang() == before || problems->n == 0) {
        return err;
    }
    pal_config_finish(config);
    pal_problems_finish(problems);
    return pal_config_load(request, argc, argv, config, problems);
}

bool
pal_startup_config(struct pal_config *config, const struct pal_config_request *request, int argc,
                   char **argv, int *status)
{
    struct pal_problems problems = {0};
    enum pal_err err = load(config, request, argc, argv, &problems);
    bool goes_on = false;
    pal_problems_print(&problems, stderr);
    if (err != PAL_OK) {
        *status = err == PAL_ERR_ARGUMENT ? PAL_EXIT_USAGE : PAL_EXIT_CONFIG;
    } else if (config->wants_help) {
        *status = print_help(request);
    } else if (!open_log(config)) {
        *status = PAL_EXIT_CONFIG;
    } else {
        goes_on = true;
    }
    pal_problems_finish(&problems);
    if (!goes_on) {
        pal_config_finish(config);
    }
    return goes_on;
}

/* ---- options of the parts ---- */

static bool
measure_quickly(const struct pal_startup *startup, const struct pal_shape *shape)
{
    char *llama_dir = startup->llama_dir == NULL ? pal_planning_default_dir() : NULL;
    const struct pal_quick_measure of = {
        .program = startup->program,
        .model_path = startup->model_path,
        .llama_dir = llama_dir != NULL ? llama_dir : startup->llama_dir,
        .machine = &startup->machine,
        .shape = shape,
        .plan = &startup->plan,
    };
    bool is_new = pal_quick_measure(&startup->config, &of);
    free(llama_dir);
    return is_new;
}

void
pal_startup_use_plan(struct pal_startup *startup)
{
    pal_planning_engine(&startup->plan, &startup->machine, &startup->engine);
    if (startup->config.ai.n_threads == PAL_CONFIG_AUTO) {
        startup->engine.ways |= PAL_ENGINE_PACED;
    }
    if (startup->config.engine.speculation == PAL_CONFIG_WISH_OFF) {
        startup->engine.ways |= PAL_ENGINE_NO_DRAFTS;
    }
}

static void
settle_plan(struct pal_startup *startup, const struct pal_shape *shape)
{
    pal_startup_use_plan(startup);
    pal_planning_announce(&startup->plan, &startup->machine);
    size_t len = 0;
    FILE *out = open_memstream(&startup->plan_json, &len);
    if (out != NULL) {
        pal_plan_print_json(out, &startup->machine, shape, &startup->plan);
        (void)fclose(out);
    }
}

static void *
run_probe(void *data)
{
    struct pal_startup *startup = data;
    const struct pal_probe_options probe = {
        .llama_dir = startup->llama_dir,
        .cpus = startup->config.engine.cpus,
        .asks_drivers = true,
    };
    pal_probe(&probe, &startup->machine);
    return NULL;
}

/* Both at once: what the machine is, and what the file holds. */
static enum pal_err
look(struct pal_startup *startup, struct pal_shape *shape, struct pal_error *error)
{
    pthread_t thread;
    bool is_beside = pthread_create(&thread, NULL, run_probe, startup) == 0;
    enum pal_err err = pal_planning_shape(startup->model_path, shape, error);
    if (is_beside) {
        (void)pthread_join(thread, NULL);
    } else {
        (void)run_probe(startup);
    }
    if (startup->config.ai.n_threads == PAL_CONFIG_AUTO) {
        /* The engine follows what the cores do from step to step (pace.h), so the plan is for a
         * quiet machine: what happens to run at the start must not bind it for hours. */
        startup->machine.cpu.busy_cpus = 0;
    }
    return err;
}

/*
 * What runs where, on this machine. A file that can't be planned for is left to the engine, which
 * says what is wrong with it.
 */
static void
make_plan(struct pal_startup *startup)
{
    struct pal_shape *shape = pal_calloc(1, sizeof(*shape));
    struct pal_error error;
    if (look(startup, shape, &error) == PAL_OK) {
        pal_planning_with(&startup->config, &startup->machine, shape, &startup->plan);
        if (measure_quickly(startup, shape)) {
            pal_planning_with(&startup->config, &startup->machine, shape, &startup->plan);
        }
        settle_plan(startup, shape);
    }
    free(shape);
}

enum pal_err
pal_startup_plan(struct pal_startup *startup, struct pal_error *error)
{
    struct pal_shape *shape = pal_calloc(1, sizeof(*shape));
    enum pal_err err = pal_planning_for(&startup->config, startup->model_path, &startup->machine,
                                        shape, &startup->plan, error);
    if (err == PAL_OK) {
        settle_plan(startup, shape);
    }
    free(shape);
    return err;
}

static struct pal_engine_options
engine_options(const struct pal_startup *startup)
{
    const struct pal_config *config = &startup->config;
    const char *script = config->engine.script;
    return (struct pal_engine_options){
        .program = startup->program,
        .model_path = startup->model_path,
        .script_path = script[0] != '\0' ? script : NULL,
        .llama_dir = startup->llama_dir,
        .priority = (enum pal_engine_priority)config->engine.priority,
        .cpus = config->engine.cpus,
        .n_ctx_tokens = (uint32_t)config->ai.context_limit,
        .n_sequences = (uint32_t)config->rate_limiting.max_concurrent_users,
        .n_threads = (uint32_t)config->ai.n_threads,
        .n_threads_batch = (uint32_t)config->ai.n_threads_batch,
        .n_batch_tokens = (uint32_t)config->ai.n_batch,
        .chunk_tokens = (uint32_t)config->ai.prefill_chunk,
        .spare = startup->spare,
    };
}

static struct pal_sampling
sampling(const struct pal_startup *startup)
{
    const struct pal_config *config = &startup->config;
    struct pal_sampling sampling = pal_sampling_default();
    sampling.temperature = (float)config->bot.temperature_chill;
    if (startup->starter && is_default(config, "bot.temperature_chill")) {
        sampling.temperature = STARTER_TEMPERATURE;
    }
    sampling.max_tokens = (int32_t)config->bot.max_tokens_chill;
    sampling.top_p = (float)config->ai.top_p;
    sampling.top_k = (int32_t)config->ai.top_k;
    sampling.min_p = (float)config->ai.min_p;
    sampling.repeat_penalty = (float)config->ai.repeat_penalty;
    sampling.has_seed = config->ai.seed != PAL_CONFIG_SEED_DRAWN;
    sampling.seed = sampling.has_seed ? (uint32_t)config->ai.seed : 0;
    return sampling;
}

static int64_t
seconds_to_us(double seconds)
{
    return (int64_t)(seconds * (double)PAL_US_PER_S + 0.5);
}

static struct pal_companion_options
companion_options(const struct pal_startup *startup)
{
    const struct pal_config *config = &startup->config;
    double timeout = config->bot.model_timeout;
    return (struct pal_companion_options){
        .persona = startup->persona,
        .sampling = sampling(startup),
        .max_messages_per_user = (uint32_t)config->rate_limiting.max_messages_per_user,
        .max_idle_us = seconds_to_us(config->rate_limiting.max_idle_time),
        .model_timeout_us = timeout > 0 ? seconds_to_us(timeout) : -1,
        .lang = pal_lang(),
        .cares = config->bot.care,
    };
}

static struct pal_access_options
access_options(const struct pal_startup *startup)
{
    const struct pal_config *config = &startup->config;
    const char *key = config->server.api_key;
    return (struct pal_access_options){
        .host = config->server.host,
        .port = (uint16_t)config->server.port,
        .api_key = key[0] != '\0' ? key : NULL,
        .allowed_hosts = (const char *const *)config->server.allowed_hosts.items,
        .max_connections = (uint32_t)config->server.max_connections,
        .cares = config->bot.care_api == PAL_CONFIG_WISH_ON ||
                 (config->bot.care_api == PAL_CONFIG_WISH_AUTO && startup->starter),
        .has_kv_on_gpu = startup->plan.has_kv_on_gpu,
        .starter = startup->starter,
        .name = config->bot.name,
        .plan_json = startup->plan_json,
        .profile = startup->plan_json != NULL ? pal_profile_name(startup->plan.profile) : NULL,
    };
}

/* ---- persona ---- */

/* `text` with every `what` replaced; the caller's. */
static char *
replaced(const char *text, const char *what, const char *with)
{
    struct pal_buf buf;
    pal_buf_init(&buf, 1u << 20);
    enum pal_err err = PAL_OK;
    const char *found;
    while (err == PAL_OK && (found = strstr(text, what)) != NULL) {
        err = pal_buf_append(&buf, text, (size_t)(found - text));
        err = err == PAL_OK ? pal_buf_append_text(&buf, with) : err;
        text = found + strlen(what);
    }
    err = err == PAL_OK ? pal_buf_append_text(&buf, text) : err;
    char *result = pal_buf_take(&buf);
    pal_buf_finish(&buf);
    PAL_ASSERT(err == PAL_OK);
    return result;
}

/* The built-in text speaks of Pal by name, because the starter model knows it by heart. */
static char *
persona(const struct pal_config *config)
{
    if (config->bot.persona[0] != '\0') {
        return replaced(config->bot.persona, "{name}", config->bot.name);
    }
    return replaced(pal_persona_default(pal_lang()), "Pal", config->bot.name);
}

/* ---- all of it ---- */

static enum pal_err
prepare(struct pal_startup *startup, uv_loop_t *loop, struct pal_error *error)
{
    const struct pal_config *config = &startup->config;
    enum pal_err err = PAL_OK;
    startup->program = pal_path_program();
    if (startup->program == NULL) {
        return pal_error_set(error, PAL_ERR_IO,
                             PAL_T("cannot find this program's own file in /proc",
                                   "impossible de trouver ce programme dans /proc"));
    }
    err = pal_engines_check(config, error);
    bool has_local = pal_engines_have_local(config);
    if (err == PAL_OK && has_local) {
        err = pal_planning_llama_dir(config, &startup->llama_dir, error);
    }
    if (err == PAL_OK && has_local && config->engine.script[0] == '\0') {
        err = pal_model_file_find(config->model, &startup->model_path, &startup->starter, error);
    }
    if (err != PAL_OK) {
        return err;
    }
    /* From here on nothing fails. */
    if (loop != NULL && has_local) {
        startup->spare = pal_spare_start(loop, startup->program, startup->llama_dir);
    }
    startup->persona = persona(config);
    startup->engine = engine_options(startup);
    if (startup->model_path != NULL) {
        make_plan(startup);
        pal_parking_open(&startup->parking, config, &startup->plan, &startup->engine);
        startup->engine.persona = config->engine.warm ? startup->persona : NULL;
    }
    startup->sched = (struct pal_sched_options){
        .max_concurrent = (uint32_t)config->rate_limiting.max_concurrent_users,
        .max_waiting = (uint32_t)config->rate_limiting.max_waiting,
        .max_waiting_per_user = (uint32_t)config->rate_limiting.max_waiting_per_user,
    };
    startup->companion = companion_options(startup);
    startup->access = access_options(startup);
    return PAL_OK;
}

bool
pal_startup_init(struct pal_startup *startup, const struct pal_config_request *request, int argc,
                 char **argv, uv_loop_t *loop, int *status)
{
    *startup = (struct pal_startup){0};
    if (!pal_startup_config(&startup->config, request, argc, argv, status)) {
        return false;
    }
    pal_proc_allow_huge_pages(false); /* nothing here is large; the engine's process may again */
    struct pal_error error;
    if (prepare(startup, loop, &error) != PAL_OK) {
        (void)fprintf(stderr, "palabre: %s\n", error.text);
        pal_startup_finish(startup);
        *status = PAL_EXIT_CONFIG;
        return false;
    }
    return true;
}

void
pal_startup_end_spare(struct pal_startup *startup)
{
    pal_spare_end(startup->spare);
    startup->spare = startup->engine.spare = NULL;
}

void
pal_startup_finish(struct pal_startup *startup)
{
    if (startup == NULL) {
        return;
    }
    pal_config_finish(&startup->config);
    pal_parking_close(&startup->parking);
    free(startup->model_path);
    free(startup->program);
    free(startup->llama_dir);
    free(startup->persona);
    free(startup->plan_json);
    *startup = (struct pal_startup){0};
}
