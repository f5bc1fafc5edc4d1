#ifndef PAL_CONFIG_CONFIG_H
#define PAL_CONFIG_CONFIG_H
/*
 * The configuration: every setting of the program with its value and where it came from.
 *
 * Each setting is one row of the table in options.c, and that row is all there is to it: the reader
 * of config.yaml, the PALABRE_... variables, the flags, --help, `palabre config show` and
 * docs/configuration.md all come from the table. To add a setting: one field here, one row there,
 * then `palabre config docs --lang en > docs/configuration.md`, and the same for fr.
 *
 * A later source wins: default < /etc/palabre/config.yaml < the user's config.yaml < environment <
 * flag. Everything that is wrong is collected (problem.h), not only the first thing.
 *
 * Plain data; filled once at start by the main thread, only read afterwards. Strings are owned by
 * the struct, never NULL; "" means "not set". Ranges stand in the table.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/problem.h"
#include "util/err.h"

/* Strings of a list setting. */
struct pal_text_list {
    char **items; /* owned; ends with a NULL; NULL when empty */
    size_t n;
};

/* Values of words that stand in place of a number. */
#define PAL_CONFIG_AUTO       0         /* ai.n_threads, ai.n_batch and their like */
#define PAL_CONFIG_GPU_AUTO   (-1)      /* ai.n_gpu_layers: auto */
#define PAL_CONFIG_GPU_ALL    INT32_MAX /* ai.n_gpu_layers: all */
#define PAL_CONFIG_SEED_DRAWN (-1)      /* ai.seed: random */
#define PAL_CONFIG_PARK_AUTO  (-1)      /* engine.park_ram, engine.park_disk */

enum pal_config_emotion {
    PAL_CONFIG_EMOTION_DEFAULT,
    PAL_CONFIG_EMOTION_COMPATIBLE,
};

enum pal_config_vmc_names {
    PAL_CONFIG_VMC_VRM0,
    PAL_CONFIG_VMC_VRM1,
    PAL_CONFIG_VMC_BOTH,
};

enum pal_config_lang {
    PAL_CONFIG_LANG_AUTO,
    PAL_CONFIG_LANG_EN,
    PAL_CONFIG_LANG_FR,
};

enum pal_config_profile {
    PAL_CONFIG_PROFILE_AUTO,
    PAL_CONFIG_PROFILE_PERFORMANCE,
    PAL_CONFIG_PROFILE_BALANCED,
    PAL_CONFIG_PROFILE_CPU,
};

/* A switch that may be left to the plan. */
enum pal_config_wish {
    PAL_CONFIG_WISH_AUTO,
    PAL_CONFIG_WISH_ON,
    PAL_CONFIG_WISH_OFF,
};

enum pal_config_kv_type {
    PAL_CONFIG_KV_AUTO,
    PAL_CONFIG_KV_F16,
    PAL_CONFIG_KV_Q8_0,
};

enum pal_config_engine {
    PAL_CONFIG_ENGINE_AUTO,     /* the local model, then the upstreams, if there are any */
    PAL_CONFIG_ENGINE_LOCAL,    /* the local model alone */
    PAL_CONFIG_ENGINE_UPSTREAM, /* the upstreams alone */
    PAL_CONFIG_ENGINE_CASCADE,  /* both, and both must be there */
};

/* The same values as enum pal_engine_priority. */
enum pal_config_priority {
    PAL_CONFIG_PRIORITY_NORMAL,
    PAL_CONFIG_PRIORITY_LOW,
    PAL_CONFIG_PRIORITY_IDLE,
};

enum pal_config_backend {
    PAL_CONFIG_BACKEND_AUTO,
    PAL_CONFIG_BACKEND_CPU,
    PAL_CONFIG_BACKEND_VULKAN,
    PAL_CONFIG_BACKEND_CUDA,
};

enum pal_config_fallback {
    PAL_CONFIG_FALLBACK_FUN,
    PAL_CONFIG_FALLBACK_MINIMAL,
    PAL_CONFIG_FALLBACK_SILENT,
};

enum pal_config_openings {
    PAL_CONFIG_OPENINGS_ASK,
    PAL_CONFIG_OPENINGS_ALWAYS,
    PAL_CONFIG_OPENINGS_OFF,
};

enum pal_origin_kind {
    PAL_ORIGIN_DEFAULT,
    PAL_ORIGIN_FILE,
    PAL_ORIGIN_ENVIRONMENT,
    PAL_ORIGIN_FLAG,
};

/* Where a value was set. */
struct pal_origin {
    enum pal_origin_kind kind;
    char *name;  /* owned: file path, variable or flag; NULL for a default */
    size_t line; /* FILE: from 1 */
};

struct pal_config {
    char *model;  /* path, catalogue name or hf: spec; "" = the built-in starter */
    int64_t lang; /* enum pal_config_lang */
    struct {
        char *host;
        int64_t port;  /* 0 = any free one */
        char *api_key; /* secret; api_key_file has been read into it */
        char *api_key_file;
        struct pal_text_list allowed_hosts;
        int64_t max_connections;
    } server;
    struct {
        int64_t level; /* enum pal_log_level */
        char *file;    /* "" = standard error */
    } log;
    struct {
        char *name;
        char *persona; /* "" = the built-in one of the chosen language */
        int64_t max_tokens_chill;
        double temperature_chill;
        double model_timeout; /* seconds; 0 = none */
        double cooldown;      /* seconds */
        double wait_after;    /* seconds; 0 = never */
        bool care;
        int64_t care_api; /* enum pal_config_wish */
        bool known_by_heart;
        char *answers_file; /* "" = answers.yaml beside the user's config.yaml */
    } bot;
    struct {
        struct pal_text_list aliases;
        struct pal_text_list ignored;
        char *command_prefix;
        char *command_ask;
        char *command_chill;
        char *command_pal;
        char *command_forgetme;
        char *command_cacheadd;
        char *command_cachestats;
        char *command_cacheclear;
        char *wait_text; /* "" = in the line's language; so is the next */
        char *cooldown_text;
        int64_t fallback_mode; /* enum pal_config_fallback */
        int64_t openings;      /* enum pal_config_openings */
        struct pal_text_list opening_list;
        struct pal_text_list banned_words;
        bool keep_links;
    } chat;
    struct {
        bool enabled;
        char *file; /* "" = memory.db in the user's data folder */
        int64_t max_size_mb;
        int64_t max_age_days; /* 0 = no limit */
    } memory;
    struct {
        int64_t max_concurrent_users;
        int64_t max_messages_per_user;
        double max_idle_time; /* seconds */
        int64_t max_waiting;
        int64_t max_waiting_per_user;
    } rate_limiting;
    struct {
        int64_t context_limit; /* tokens, all conversations together */
        int64_t n_threads;     /* or PAL_CONFIG_AUTO */
        int64_t n_threads_batch;
        int64_t n_gpu_layers; /* or PAL_CONFIG_GPU_... */
        int64_t gpu_profile;  /* enum pal_config_profile */
        int64_t backend;      /* enum pal_config_backend */
        int64_t n_batch;      /* tokens of one step, or PAL_CONFIG_AUTO */
        int64_t n_ubatch;     /* tokens of one graph, or PAL_CONFIG_AUTO */
        int64_t kv_type;      /* enum pal_config_kv_type */
        int64_t kv_offload;   /* enum pal_config_wish, as the next two */
        int64_t flash_attn;
        int64_t repack;
        bool quick_measure;
        int64_t prefill_chunk;
        double top_p;
        int64_t top_k;
        double min_p;
        double repeat_penalty;
        int64_t seed; /* or PAL_CONFIG_SEED_DRAWN */
    } ai;
    struct {
        char *llama_dir;
        int64_t use;                    /* enum pal_config_engine */
        struct pal_text_list upstreams; /* addresses: engine/upstream_text.h */
        char *upstream_keys;            /* secret; upstream_keys_file has been read into it */
        char *upstream_keys_file;
        double upstream_connect_timeout; /* seconds */
        double upstream_first_timeout;
        double upstream_idle_timeout;
        int64_t priority;  /* enum pal_config_priority */
        char *cpus;        /* "0-3,6"; "" = all */
        int64_t park_ram;  /* MiB, or PAL_CONFIG_PARK_AUTO */
        int64_t park_disk; /* MiB, or PAL_CONFIG_PARK_AUTO */
        bool warm;
        int64_t speculation; /* enum pal_config_wish: auto or off */
        bool switch_beside;
        int64_t staged_start; /* enum pal_config_wish */
        char *script;         /* plays a script in place of a model (tests) */
    } engine;
    struct {
        bool enabled;
        char *host;
        int64_t port;
        int64_t emotion_mode; /* enum pal_config_emotion */
        double transition_speed;
        bool idle_motion;
    } avatar;
    struct {
        bool enabled;
        char *host;
        int64_t port;
        int64_t names; /* enum pal_config_vmc_names */
        bool bundles;
    } vmc;
    struct {
        struct pal_text_list channels; /* empty = no Twitch */
        char *login;                   /* "" = as the token's file says, else read only */
        char *token;                   /* secret */
        char *token_file;              /* "" = where `palabre twitch login` keeps it */
        char *host;
        int64_t port;
        bool tls;
        char *ca_file; /* "" = whom the system trusts */
    } twitch;

    char *user_file; /* owned: the config.yaml that a person would edit: what --config or
                      * PALABRE_CONFIG names, else the user's own; NULL if there is no home */
    /* What else the command line held. */
    bool wants_help;   /* --help or -h: nothing else has been checked */
    const char **args; /* owned array of borrowed argv strings: the words that are no flags */
    size_t n_args;

    struct pal_origin *origins; /* owned; one for each row of the table, in its order */
};

/* Groups of settings; a command takes the flags of the groups that it uses. */
enum pal_config_group {
    PAL_GROUP_GENERAL = 1 << 0, /* lang, log.*; also --config and --help, which are no settings */
    PAL_GROUP_MODEL = 1 << 1,   /* model */
    PAL_GROUP_SERVER = 1 << 2,
    PAL_GROUP_BOT = 1 << 3,    /* bot.*, rate_limiting.* */
    PAL_GROUP_AI = 1 << 4,     /* ai.*, engine.* */
    PAL_GROUP_AVATAR = 1 << 5, /* avatar.*, vmc.* */
    PAL_GROUP_TWITCH = 1 << 6,
    PAL_GROUP_ALL = (1 << 7) - 1,
};

/* What a command wants read. Constant data of the command's file. */
struct pal_config_request {
    const char *command;   /* "run" */
    const char *arguments; /* what stands behind the flags in the usage line: "[TEXT...]", or "" */
    const char *about_en;  /* one line for --help */
    const char *about_fr;
    unsigned groups;   /* enum pal_config_group: the flags that are allowed; files and environment
                        * are always read and checked whole */
    size_t n_args_max; /* words allowed beside the flags */
};

/*
 * Reads everything for a command; argv[0] is its name, argv must outlive *config. Afterwards
 * *config holds a value for every setting, also after an error (then of what could be read), so
 * pal_config_finish() is always due.
 *
 * PAL_ERR_ARGUMENT: a flag or word is wrong (exit status 2). PAL_ERR_CONFIG: a file or variable is
 * (exit status 78). The reasons, and warnings on PAL_OK, are in *problems (initialised by the
 * caller). Only reads; the language and the log are not set.
 */
enum pal_err pal_config_load(const struct pal_config_request *request, int argc, char **argv,
                             struct pal_config *config, struct pal_problems *problems) PAL_MUST_USE;

/* Frees and zeroes; accepts NULL and a zeroed struct. */
void pal_config_finish(struct pal_config *config);

/*
 * Finds --lang or PALABRE_LANG before anything is read, so that the first error is in the right
 * language. "en", "fr" or NULL (ask the environment): what pal_lang_init() takes.
 */
const char *pal_config_early_lang(int argc, char **argv);

#endif
