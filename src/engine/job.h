#ifndef PAL_ENGINE_JOB_H
#define PAL_ENGINE_JOB_H
/*
 * The two messages that cross between the front and the engine: a job goes down, events come up.
 *
 * Both carry all their data by value: the engine may be a process of its own (production), or a
 * thread of this one (tests), and neither side ever holds a pointer to a thing of the other.
 * Read this header first; engine.h says how they are handed over, wire.h how they are encoded.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/usage.h"

/* Ceilings of one job. The front refuses more with a clear error; the engine checks again. */
#define PAL_JOB_MESSAGES_MAX   1024
#define PAL_JOB_BYTES_MAX      (4u << 20) /* all texts of one job together */
#define PAL_JOB_STOPS_MAX      8
#define PAL_JOB_STOP_BYTES_MAX 256
#define PAL_JOB_TOKENS_MAX     32768

enum pal_role {
    PAL_ROLE_SYSTEM,
    PAL_ROLE_USER,
    PAL_ROLE_ASSISTANT,
};

/* "system", "user", "assistant". */
const char *pal_role_name(enum pal_role role);
/* Reads a role; "developer" is read as system. PAL_ERR_ARGUMENT for any other word. */
enum pal_err pal_role_parse(const char *text, enum pal_role *role) PAL_MUST_USE;

struct pal_message {
    enum pal_role role;
    char *text; /* owned; valid UTF-8, may be "" */
};

/* How to sample. pal_sampling_default() gives the product's defaults; ranges stand beside each. */
struct pal_sampling {
    float temperature;       /* 0 (greedy) to 2; default 0.8 */
    float top_p;             /* 0 to 1; 1 = off; default 0.95 */
    float min_p;             /* 0 to 1; 0 = off; default 0.05 */
    int32_t top_k;           /* 0 = off; default 40 */
    float repeat_penalty;    /* 0.5 to 2; 1 = off; default 1.0 */
    float presence_penalty;  /* -2 to 2; default 0 */
    float frequency_penalty; /* -2 to 2; default 0 */
    int32_t repeat_last_n;   /* tokens that the penalties look back on; default 64 */
    uint32_t seed;           /* used if has_seed, else the engine draws one */
    bool has_seed;
    bool ignore_eos;    /* go on past the end-of-turn token until max_tokens (benches) */
    int32_t max_tokens; /* 1 to PAL_JOB_TOKENS_MAX; 0 = until the context is full */
    char *stops[PAL_JOB_STOPS_MAX]; /* owned; text that ends the reply and is not part of it */
    size_t n_stops;
};

struct pal_sampling pal_sampling_default(void);

/* One turn to compute. */
struct pal_job {
    uint64_t turn_id;   /* never 0, never reused while the front lives */
    char *conversation; /* owned; names the timeline to look at first; NULL = known by messages only
                         */
    struct pal_message *messages; /* owned array, the whole conversation, oldest first */
    size_t n_messages;
    struct pal_sampling sampling;
    int64_t submitted_us; /* monotonic */
    int64_t deadline_us;  /* monotonic, absolute; 0 = none */
};

/* Frees what the job owns and zeroes it; accepts NULL and zeroed structs. */
void pal_job_finish(struct pal_job *job);
/* Deep copy. */
void pal_job_copy(struct pal_job *to, const struct pal_job *from);
/* Appends a copy of the message; the array grows. PAL_ERR_LIMIT past PAL_JOB_MESSAGES_MAX. */
enum pal_err pal_job_add_message(struct pal_job *job, enum pal_role role, const char *text,
                                 size_t len) PAL_MUST_USE;
/* Checks every ceiling and range above and says which one is broken. */
enum pal_err pal_job_check(const struct pal_job *job, struct pal_error *error) PAL_MUST_USE;

enum pal_finish {
    PAL_FINISH_STOP,     /* the model ended its turn, or a stop string was met */
    PAL_FINISH_LENGTH,   /* max_tokens, or the context is full */
    PAL_FINISH_DEADLINE, /* the deadline came; the text is what there is so far */
};
const char *pal_finish_name(enum pal_finish finish);

enum pal_event_kind {
    PAL_EVENT_PIECE,     /* text of a turn: whole UTF-8 characters, never part of a stop string */
    PAL_EVENT_DONE,      /* final: the reply is complete (see finish) */
    PAL_EVENT_FAILED,    /* final: the reason is in error */
    PAL_EVENT_CANCELLED, /* final: somebody asked for it */
    PAL_EVENT_STATE,     /* about the engine itself, turn_id 0: see state */
};

enum pal_engine_state {
    PAL_ENGINE_STARTING, /* the process is being started */
    PAL_ENGINE_LOADING,  /* the model is being read: see progress */
    PAL_ENGINE_READY,
    PAL_ENGINE_LEAVING, /* ends the turns that it has, for another follows it: see engine.h */
    PAL_ENGINE_FAILED,  /* this model can't be used (error says why); no restart by itself */
    PAL_ENGINE_STOPPED, /* closed on request */
};
const char *pal_engine_state_name(enum pal_engine_state state);

/* Why a step uses as many threads as it does (pace.h). */
enum pal_engine_pace_reason {
    PAL_ENGINE_PACE_PLANNED, /* nothing has changed it */
    PAL_ENGINE_PACE_WANTED,  /* fewer: others wanted the cores */
    PAL_ENGINE_PACE_IDLE,    /* more again: cores were idle */
};
/* "planned", "wanted", "idle". */
const char *pal_engine_pace_reason_name(enum pal_engine_pace_reason reason);
struct pal_engine_pace {
    uint32_t n_threads; /* 0 = not known, or nothing of this kind */
    enum pal_engine_pace_reason reason;
};

/* What its timelines take at the moment. */
struct pal_engine_held {
    uint32_t n_cells; /* of the KV; 0 = not known, or nothing of this kind */
    uint32_t n_cells_used;
    uint64_t parked_ram_bytes; /* of timelines without cells */
    uint64_t parked_disk_bytes;
};

/* What the engine holds, known once it is ready. */
struct pal_engine_facts {
    char model_name[128]; /* general.name, else the file's name */
    char architecture[64];
    char quantisation[32];
    char variant[64];  /* CPU variant in use: "sapphirerapids", "system", ... */
    char devices[128]; /* "CPU", "Vulkan0 + CPU", ... */
    uint64_t n_params;
    uint64_t model_bytes;
    uint64_t kv_bytes;
    uint32_t n_ctx_tokens; /* all timelines together */
    uint32_t n_ctx_train_tokens;
    uint32_t n_sequences; /* turns that can decode at once */
    uint32_t n_layers;
    uint32_t n_layers_gpu;
    uint32_t n_threads;
    int64_t load_us;
    bool is_safe;   /* it died so often that it is run in the safest way (fuse.h); the front says */
    bool is_remote; /* another server computes (devices): only its model's name is known for sure */
};

struct pal_event {
    enum pal_event_kind kind;
    uint64_t turn_id;
    const char *text; /* PIECE: borrowed, valid during the callback; not NUL-terminated */
    size_t len;
    int64_t left_us;               /* PIECE: when it left the engine's compute thread; monotonic */
    enum pal_finish finish;        /* DONE */
    struct pal_usage usage;        /* DONE; FAILED and CANCELLED as far as it got */
    struct pal_error error;        /* FAILED, and STATE with PAL_ENGINE_FAILED */
    enum pal_engine_state state;   /* STATE */
    float progress;                /* STATE, LOADING: 0 to 1 */
    struct pal_engine_facts facts; /* STATE, READY */
};

#endif
