#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/hold.h"
#include "engine/sse.h"
#include "engine/upstream_text.h"
#include "util/mem.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum pal_err
on_event(const char *data, size_t len, void *userdata)
{
    struct pal_hold *hold = userdata;
    struct pal_upstream_chunk chunk;
    struct pal_error error = {0};
    enum pal_err err = pal_upstream_read_chunk(data, len, &chunk, &error);
    PAL_ASSERT(err == PAL_OK || error.text[0] != '\0');
    if (err == PAL_OK && chunk.len > 0 && !hold->is_stopped) {
        (void)pal_hold_add(hold, chunk.text, chunk.len);
        PAL_ASSERT(pal_utf8_valid(hold->bytes.data, hold->n_ready));
    }
    pal_upstream_chunk_finish(&chunk);
    return err;
}

/* The first byte cuts what a server sent in two; the same bytes are then a body, a list, an
 * address and keys. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    size_t cut = data[0] % len;
    len--;
    char stop[] = "stop";
    char *stops[] = {stop};
    struct pal_sse sse;
    struct pal_hold hold;
    pal_sse_init(&sse);
    pal_hold_init(&hold, stops, 1);
    enum pal_err err = pal_sse_add(&sse, text, cut, on_event, &hold);
    err = err == PAL_OK ? pal_sse_add(&sse, text + cut, len - cut, on_event, &hold) : err;
    err = err == PAL_OK ? pal_sse_end(&sse, on_event, &hold) : err;
    pal_sse_finish(&sse);
    pal_hold_finish(&hold);

    char plain[80];
    uint32_t n_ctx = 0;
    struct pal_error error = {0};
    pal_upstream_read_failure(text, len, plain, sizeof(plain));
    PAL_ASSERT(pal_utf8_valid(plain, strlen(plain)));
    err = pal_upstream_read_models(text, len, "", plain, sizeof(plain), &n_ctx, &error);
    PAL_ASSERT(err != PAL_OK || plain[0] != '\0');
    char *copy = pal_strndup(text, len);
    struct pal_upstream_address address;
    if (pal_upstream_address_parse(copy, &address, &error) == PAL_OK) {
        free(pal_upstream_key_for(copy, &address));
    }
    (void)pal_upstream_keys_check(copy, &error);
    free(copy);
    return 0;
}
