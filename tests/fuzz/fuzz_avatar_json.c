/*
 * Any bytes as a JSON line of the avatar link: accepted exactly where jansson accepts it, read and
 * answered without harm, and the answer is a line that both can read.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "output/stage_act.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t
depth_of(const json_t *json)
{
    size_t deepest = 0;
    if (json_is_array(json)) {
        for (size_t i = 0; i < json_array_size(json); i++) {
            size_t depth = depth_of(json_array_get(json, i));
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    void *iter = json_object_iter((json_t *)(uintptr_t)json);
    if (!json_is_object(json)) {
        return 0;
    }
    while (iter != NULL) {
        size_t depth = depth_of(json_object_iter_value(iter));
        deepest = depth > deepest ? depth : deepest;
        iter = json_object_iter_next((json_t *)(uintptr_t)json, iter);
    }
    return deepest + 1;
}

static void
compare_with_jansson(const uint8_t *data, size_t len)
{
    struct pal_wire wire;
    json_error_t error;
    char *texts = malloc(len + 1);
    json_t *json = json_loadb((const char *)data, len, JSON_DECODE_ANY, &error);
    pal_wire_init(&wire, PAL_ENCODING_JSON, data, len, texts);
    bool accepted = pal_wire_skip(&wire) && pal_wire_done(&wire);
    if (json != NULL) {
        PAL_ASSERT(accepted || depth_of(json) > PAL_WIRE_DEPTH_MAX);
    } else if (accepted) {
        PAL_ASSERT(json_error_code(&error) == json_error_numeric_overflow);
    }
    json_decref(json);
    free(texts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pal_avatar_message message = {0};
    struct pal_puppet puppet;
    struct pal_buf answer;
    struct pal_error error;
    struct pal_frame frame = {PAL_ENCODING_JSON, data, len};
    if (memchr(data, '\0', len) == NULL) { /* jansson takes a NUL for the end */
        compare_with_jansson(data, len);
    }
    pal_puppet_init(&puppet, 1);
    pal_buf_init(&answer, 65536);
    enum pal_err refused = pal_avatar_decode(&frame, &message, &error);
    PAL_ASSERT(pal_stage_act(&puppet, &message, refused, &error, &answer) == PAL_OK);
    if (answer.len > 0) {
        json_t *json = json_loadb(answer.data, answer.len, 0, NULL);
        struct pal_avatar_reply reply;
        struct pal_frame line = {PAL_ENCODING_JSON, (unsigned char *)answer.data, answer.len};
        PAL_ASSERT(json != NULL);
        PAL_ASSERT(pal_avatar_reply_decode(&line, &reply) == PAL_OK);
        PAL_ASSERT(reply.is_ok == (refused == PAL_OK && reply.is_ok));
        json_decref(json);
    }
    pal_puppet_step(&puppet, 0.016F);
    for (size_t i = 0; i < puppet.n_expressions; i++) {
        PAL_ASSERT(puppet.expressions[i].value >= 0.0F && puppet.expressions[i].value <= 1.0F);
    }
    pal_buf_finish(&answer);
    pal_avatar_message_finish(&message);
    return 0;
}
