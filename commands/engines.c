#include "commands/engines.h"

#include <stdlib.h>

#include "engine/cascade.h"
#include "engine/upstream_text.h"
#include "util/mem.h"
#include "util/text.h"

static int64_t
to_us(double seconds)
{
    return (int64_t)(seconds * (double)PAL_US_PER_S + 0.5);
}

enum pal_err
pal_engines_check(const struct pal_config *config, struct pal_error *error)
{
    const struct pal_text_list *upstreams = &config->engine.upstreams;
    bool needs_one = config->engine.use == PAL_CONFIG_ENGINE_UPSTREAM ||
                     config->engine.use == PAL_CONFIG_ENGINE_CASCADE;
    if (needs_one && upstreams->n == 0) {
        return pal_error_set(error, PAL_ERR_CONFIG, "%s",
                             PAL_T("engine.use asks for upstreams, but engine.upstreams is empty: "
                                   "for example --upstreams=http://127.0.0.1:11434/v1",
                                   "engine.use demande des serveurs, mais engine.upstreams est "
                                   "vide : par exemple --upstreams=http://127.0.0.1:11434/v1"));
    }
    if (upstreams->n > PAL_CASCADE_UPSTREAMS_MAX) {
        return pal_error_set(error, PAL_ERR_CONFIG,
                             PAL_T("engine.upstreams has more than %d addresses",
                                   "engine.upstreams a plus de %d adresses"),
                             PAL_CASCADE_UPSTREAMS_MAX);
    }
    for (size_t i = 0; i < upstreams->n; i++) {
        struct pal_upstream_address address;
        enum pal_err err = pal_upstream_address_parse(upstreams->items[i], &address, error);
        if (err != PAL_OK) {
            return err;
        }
    }
    return pal_upstream_keys_check(config->engine.upstream_keys, error);
}

bool
pal_engines_have_local(const struct pal_config *config)
{
    return config->engine.use != PAL_CONFIG_ENGINE_UPSTREAM;
}

enum pal_err
pal_engines_open(uv_loop_t *loop, const struct pal_startup *startup, pal_engine_event_fn on_event,
                 void *userdata, struct pal_engine **engine, struct pal_error *error)
{
    const struct pal_config *config = &startup->config;
    const struct pal_text_list *urls = &config->engine.upstreams;
    if (config->engine.use == PAL_CONFIG_ENGINE_LOCAL || urls->n == 0) {
        return pal_engine_open(loop, &startup->engine, on_event, userdata, engine, error);
    }
    struct pal_upstream_options *upstreams = pal_calloc(urls->n, sizeof(*upstreams));
    char **keys = pal_calloc(urls->n, sizeof(*keys));
    enum pal_err err = PAL_OK;
    for (size_t i = 0; err == PAL_OK && i < urls->n; i++) {
        struct pal_upstream_address address;
        err = pal_upstream_address_parse(urls->items[i], &address, error);
        keys[i] =
            err == PAL_OK ? pal_upstream_key_for(config->engine.upstream_keys, &address) : NULL;
        upstreams[i] = (struct pal_upstream_options){
            .url = urls->items[i],
            .key = keys[i],
            .n_sequences = (uint32_t)config->rate_limiting.max_concurrent_users,
            .connect_timeout_us = to_us(config->engine.upstream_connect_timeout),
            .first_text_us = to_us(config->engine.upstream_first_timeout),
            .idle_us = to_us(config->engine.upstream_idle_timeout),
        };
    }
    if (err == PAL_OK) {
        const struct pal_cascade_options options = {
            .local = pal_engines_have_local(config) ? &startup->engine : NULL,
            .upstreams = upstreams,
            .n_upstreams = urls->n,
        };
        err = pal_cascade_open(loop, &options, on_event, userdata, engine, error);
    }
    for (size_t i = 0; i < urls->n; i++) {
        free(keys[i]);
    }
    free(keys);
    free(upstreams);
    return err;
}
