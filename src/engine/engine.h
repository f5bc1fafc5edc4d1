#ifndef PAL_ENGINE_ENGINE_H
#define PAL_ENGINE_ENGINE_H
/*
 * The engine, seen from the front: jobs go in, events come out, nothing else crosses.
 *
 * Behind it runs the engine proper (worker.h), which owns the model, the KV timelines and the
 * samplers: as a child process over a socketpair (`palabre engine`, the same program), because
 * libllama ends its process on many inputs and only a process gives its memory back whole; or, in
 * tests, as a thread of this process over the same socketpair with the same messages; or as a
 * script that needs no model (script.h). The front never dies with it.
 *
 * All functions: loop thread only. None of them blocks. Callers hand over whole conversations;
 * which KV is reused is the engine's business.
 */
#include <uv.h>

#include "engine/job.h"

struct pal_engine;
struct pal_spare;

/* How the model is run where it is not the usual way; bits of pal_engine_options::ways. */
enum pal_engine_way {
    PAL_ENGINE_NO_FLASH_ATTN = 1 << 0,  /* the card is too old for flash attention */
    PAL_ENGINE_NO_EXTRA_BUFTS = 1 << 1, /* weights stay mapped, none are rearranged */
    PAL_ENGINE_NO_KV_OFFLOAD = 1 << 2,  /* KV stays in RAM */
    PAL_ENGINE_NO_OP_OFFLOAD = 1 << 3,  /* big batches of the CPU's layers stay on the CPU */
    PAL_ENGINE_PACED = 1 << 4,          /* n_threads is a ceiling: see pace.h */
    PAL_ENGINE_NO_POLL = 1 << 5,    /* threads that wait for each other sleep, and do not spin */
    PAL_ENGINE_PINNED = 1 << 6,     /* each thread stays on a core of its own */
    PAL_ENGINE_NO_SHARING = 1 << 7, /* nobody's cells are copied (for measuring) */
    PAL_ENGINE_NO_SHIFT = 1 << 8,   /* a window that slides is computed again (for measuring) */
    PAL_ENGINE_NO_DRAFTS = 1 << 9,  /* no self-speculation: see draft.h */
    PAL_ENGINE_BESIDE = 1 << 10,    /* gives way to another that answers, until it does so itself */
    PAL_ENGINE_WAYS_ALL = (1 << 11) - 1,
};

/* What the engine takes of processors that others want, too: priority.h. */
enum pal_engine_priority {
    PAL_ENGINE_PRIORITY_NORMAL, /* its share, as any program */
    PAL_ENGINE_PRIORITY_LOW,    /* a tenth of that */
    PAL_ENGINE_PRIORITY_IDLE,   /* what the others leave */
    PAL_ENGINE_PRIORITIES,
};

/* Strings are copied. Zero is the default of every number. */
struct pal_engine_options {
    const char *program; /* file to execute as `PROGRAM engine`; NULL = a thread of this process */
    const char *model_path;  /* GGUF; NULL only with script_path */
    const char *script_path; /* plays this script in place of a model (script.h) */
    const char *llama_dir;   /* folder of libllama and ggml's backends; NULL = as built */
    uint32_t n_ctx_tokens;   /* default 8192, at most what the model was trained for per timeline */
    uint32_t n_sequences;    /* turns decoding at once; default 4 */
    uint32_t n_threads;      /* decode; default: the physical cores that may be used, PACED */
    uint32_t n_threads_batch; /* prefill; default n_threads */
    uint32_t n_threads_cpu;   /* of both, once layers had to leave the card; default n_threads */
    uint32_t n_batch_tokens;  /* rows of one step; default 512 */
    uint32_t n_ubatch_tokens; /* rows of one graph; default n_batch_tokens, at most 512 */
    uint32_t chunk_tokens;    /* most prefill rows in a step while others decode; default 512 */
    int32_t n_gpu_layers;     /* default 0 */
    uint32_t kv_type;         /* ggml's number of a tensor type; default 1, F16 */
    unsigned ways;            /* enum pal_engine_way */
    const char *variant;      /* CPU variant, "zen4"; NULL = ggml's own choice */
    const char *gpu_device;   /* ggml's name of the one card to use; NULL = all */
    enum pal_engine_priority priority; /* of its process; a thread stays as it is, as for cpus */
    const char *cpus;                  /* "0-3,6": processors of its process; NULL or "" = all */
    uint64_t park_ram_bytes;           /* for timelines that have no cells now (park.h); 0 = none */
    uint64_t park_disk_bytes;          /* and behind that; 0 = none */
    const char *park_dir;    /* folder of ours alone, for files that this run's engines share;
                                NULL = no files */
    const char *persona;     /* what most prompts begin with: computed ahead of them; NULL = none */
    const char *warm_dir;    /* keeps the persona's KV from one run to the next; NULL = it isn't */
    struct pal_spare *spare; /* a process that waits for its settings (spare.h); NULL = none */
};

/*
 * Called on the loop thread, in order. A submitted turn gets zero or more PIECE events and then
 * exactly one of DONE, FAILED, CANCELLED, also when the engine dies or is closed. STATE events tell
 * of the engine itself. `event` and its text are valid only during the call, which may submit and
 * cancel turns but must not close the engine.
 */
typedef void (*pal_engine_event_fn)(const struct pal_event *event, void *userdata);

/*
 * Starts the engine and returns at once; STATE events follow. On success *engine is the caller's
 * until pal_engine_close(). From here on the process ignores SIGPIPE. A child that dies is started
 * again (after a growing pause; see local.c); its running turns end with FAILED and
 * PAL_ERR_ENGINE.
 */
enum pal_err pal_engine_open(uv_loop_t *loop, const struct pal_engine_options *options,
                             pal_engine_event_fn on_event, void *userdata,
                             struct pal_engine **engine, struct pal_error *error) PAL_MUST_USE;

/*
 * The engine goes on with other options and the weights that it has read: a context of its own
 * takes a moment where the weights take seconds. For an engine of pal_engine_open() that is ready
 * and answers nobody (else PAL_ERR_BUSY); PAL_ERR_ARGUMENT: these options need other weights. STATE
 * events follow as after opening.
 */
enum pal_err pal_engine_retune(struct pal_engine *engine, const struct pal_engine_options *options,
                               struct pal_error *error) PAL_MUST_USE;

/*
 * One engine follows another, and needs to compute nothing again: the old one lays the KV of its
 * idle timelines into park_dir, then is PAL_ENGINE_LEAVING (a STATE event), and from there on lays
 * each turn's there before the turn's final event. The new one takes what lies there when it is
 * told to adopt, before the next job that it is given. An engine that leaves takes no more jobs
 * (PAL_ERR_BUSY) and is not restarted.
 *
 * hand_over: PAL_ERR_UNSUPPORTED: not this kind of engine; PAL_ERR_BUSY: it is not ready.
 */
enum pal_err pal_engine_hand_over(struct pal_engine *engine, struct pal_error *error) PAL_MUST_USE;
void pal_engine_adopt(struct pal_engine *engine);

/*
 * Hands a job over. On PAL_OK *job has been emptied. On an error it is untouched and no event will
 * come: PAL_ERR_BUSY: no free sequence, or not ready: leave it queued and try on the next final or
 * STATE event. PAL_ERR_ARGUMENT, PAL_ERR_LIMIT: pal_job_check() refused it. PAL_ERR_MODEL: the
 * state is PAL_ENGINE_FAILED.
 */
enum pal_err pal_engine_submit(struct pal_engine *engine, struct pal_job *job,
                               struct pal_error *error) PAL_MUST_USE;

/*
 * Asks a turn to end within one step. Its one final event still comes, and may be DONE if it won
 * the race. Unknown ids are ignored.
 */
void pal_engine_cancel(struct pal_engine *engine, uint64_t turn_id);

enum pal_engine_state pal_engine_state(const struct pal_engine *engine);
/* Valid as long as the engine; zeroed until READY. */
const struct pal_engine_facts *pal_engine_facts(const struct pal_engine *engine);
float pal_engine_progress(const struct pal_engine *engine);
/* Why the state is PAL_ENGINE_FAILED; text "" otherwise. */
const struct pal_error *pal_engine_failure(const struct pal_engine *engine);
uint32_t pal_engine_n_restarts(const struct pal_engine *engine);
/* As the engine told it last: about a second old at most. */
struct pal_engine_pace pal_engine_pace(const struct pal_engine *engine);
struct pal_engine_held pal_engine_held(const struct pal_engine *engine);
/* Process id of the child; 0 where there is none. For the watchers of its memory. */
int pal_engine_pid(const struct pal_engine *engine);

/*
 * An engine may be made of several (cascade.h): these are the ones it asks, in order. 0 where it is
 * one by itself.
 */
struct pal_engine_part {
    char name[128];              /* "local", else the server's host and port */
    enum pal_engine_state state; /* READY: it may be asked now */
    const char *breaker;         /* "closed", "open", "half-open"; static storage */
    uint64_t n_turns;            /* handed to it; tries that went on to the next one too */
    uint64_t n_failures;         /* of these, failed */
    uint64_t n_timeouts;         /* of these, too slow with its first text */
};
size_t pal_engine_n_parts(const struct pal_engine *engine);
void pal_engine_part(const struct pal_engine *engine, size_t i, struct pal_engine_part *part);

typedef void (*pal_engine_closed_fn)(void *userdata);

/*
 * Ends it: turns still running get CANCELLED now, on_closed comes later from the loop, after which
 * nothing of the engine is used any more. Accepts NULL (on_closed is then called at once).
 */
void pal_engine_close(struct pal_engine *engine, pal_engine_closed_fn on_closed, void *userdata);

/*
 * The engine's own side: takes the socket `fd`, serves jobs from it until the peer closes it, and
 * closes it as its very last act. Returns the exit status of `palabre engine`. Blocks; owns the
 * calling thread. With `is_process` the whole process is the engine's, and gives up what it needs
 * no more once the model is loaded (sandbox.h).
 */
int pal_engine_serve(int fd, bool is_process);

#endif
