#ifndef PAL_ENGINE_UPSTREAM_H
#define PAL_ENGINE_UPSTREAM_H
/*
 * An engine that is somebody else's server: any that speaks OpenAI's chat API (llama-server, vLLM,
 * Ollama, LM Studio, another palabre, a service) over HTTP or HTTPS. The boundary is engine.h's;
 * conversations are handed over whole, replies are streamed, a turn is cancelled by closing its
 * connection, and connections are kept between turns.
 *
 * It is STARTING until GET /models has answered, and is asked again, with growing pauses, until it
 * does. Every turn ends whatever the server does: it may be silent, slow, cut off, or talk
 * nonsense. FAILED says what kind of failure it was by its code:
 *
 *   PAL_ERR_IO       it cannot be reached            PAL_ERR_DENIED  it refuses the key
 *   PAL_ERR_TIMEOUT  too slow: connect, first text,  PAL_ERR_BUSY    429 or 503
 *                    between pieces, the deadline    PAL_ERR_NOT_FOUND  no such model or path
 *   PAL_ERR_PROTO    not such a server's answer      PAL_ERR_ARGUMENT, PAL_ERR_CONTEXT  it refuses
 *   PAL_ERR_CLOSED   cut in the middle               this turn   PAL_ERR_ENGINE  it failed (5xx)
 *
 * The key and what people write are never logged. Loop thread only; nothing blocks.
 */
#include "engine/engine.h"

struct pal_upstream_options {   /* strings are copied; zero is the default of every number */
    const char *url;            /* see pal_upstream_address_parse() */
    const char *key;            /* sent as a bearer token; NULL = none */
    uint32_t n_sequences;       /* turns at once; default 4 */
    int64_t connect_timeout_us; /* default 3 s */
    int64_t first_text_us;      /* most time from the request to the first text; default 30 s */
    int64_t idle_us;            /* most time without a byte after that; default 20 s */
};

/* As pal_engine_open(). PAL_ERR_CONFIG: the address is none. */
enum pal_err pal_upstream_open(uv_loop_t *loop, const struct pal_upstream_options *options,
                               pal_engine_event_fn on_event, void *userdata,
                               struct pal_engine **engine, struct pal_error *error) PAL_MUST_USE;

/* Host and port, for people; of an engine that pal_upstream_open() opened. */
const char *pal_upstream_name(const struct pal_engine *engine);

/*
 * It did not do well: it is STARTING again, and READY when GET /models answers after `pause_us` or
 * later. Running turns go on.
 */
void pal_upstream_suspect(struct pal_engine *engine, int64_t pause_us);

#endif
