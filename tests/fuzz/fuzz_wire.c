#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wire.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max_len);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed);

/* A frame that is right, of the kind that the seed says. */
static enum pal_err
put_good_frame(struct pal_buf *out, unsigned seed)
{
    if (seed % 3 == 0) {
        struct pal_settings settings = {.n_ctx_tokens = 512, .n_sequences = 4};
        return pal_wire_put_settings(out, &settings);
    }
    if (seed % 3 == 1) {
        struct pal_event event = {
            .kind = (enum pal_event_kind)(seed / 3 % (PAL_EVENT_STATE + 1)),
            .text = "oui",
            .len = 3,
        };
        event.turn_id = event.kind == PAL_EVENT_STATE ? 0 : 7;
        return pal_wire_put_event(out, &event);
    }
    struct pal_job job = {.turn_id = 1, .sampling = pal_sampling_default()};
    enum pal_err err = pal_job_add_message(&job, PAL_ROLE_SYSTEM, "sois gentille", 13);
    if (err == PAL_OK) {
        err = pal_job_add_message(&job, PAL_ROLE_USER, "salut", 5);
    }
    job.sampling.stops[job.sampling.n_stops++] = pal_strdup("fin");
    if (err == PAL_OK) {
        err = pal_wire_put_job(out, &job);
    }
    pal_job_finish(&job);
    return err;
}

/* Mutates what is there, or a good frame; mostly with a length that is right again, because nothing
 * is read behind a wrong one. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed)
{
    if (seed % 4 == 0) {
        struct pal_buf frame;
        pal_buf_init(&frame, max_len);
        if (put_good_frame(&frame, seed / 4) == PAL_OK) {
            memcpy(data, frame.data, frame.len);
            len = frame.len;
        }
        pal_buf_finish(&frame);
    }
    len = LLVMFuzzerMutate(data, len, max_len);
    if (len >= PAL_WIRE_HEAD_BYTES && seed % 8 != 7) {
        uint32_t body = (uint32_t)(len - PAL_WIRE_HEAD_BYTES);
        for (size_t i = 0; i < PAL_WIRE_HEAD_BYTES; i++) {
            data[i] = (uint8_t)(body >> (24 - 8 * i));
        }
    }
    return len;
}

/* What the decoder accepts must be writable again, and then mean the same. */
static void
write_again(const struct pal_wire_message *m)
{
    struct pal_buf out;
    pal_buf_init(&out, 2u * PAL_WIRE_FRAME_MAX_BYTES);
    enum pal_err err = PAL_OK;
    switch (m->kind) {
    case PAL_WIRE_SETTINGS:
        err = pal_wire_put_settings(&out, &m->settings);
        break;
    case PAL_WIRE_JOB:
        err = pal_wire_put_job(&out, &m->job);
        (void)pal_job_check(&m->job, NULL);
        break;
    case PAL_WIRE_CANCEL:
        err = pal_wire_put_cancel(&out, m->turn_id);
        break;
    case PAL_WIRE_PING:
        err = pal_wire_put_ping(&out, m->serial);
        break;
    case PAL_WIRE_QUIT:
        err = pal_wire_put_quit(&out);
        break;
    case PAL_WIRE_HAND_OVER:
        err = pal_wire_put_hand_over(&out);
        break;
    case PAL_WIRE_ADOPT:
        err = pal_wire_put_adopt(&out);
        break;
    case PAL_WIRE_EVENT:
        err = pal_wire_put_event(&out, &m->event);
        break;
    case PAL_WIRE_PONG:
        err = pal_wire_put_pong(&out, m->serial, m->busy_us, &m->pace, &m->held);
        break;
    }
    PAL_ASSERT(err == PAL_OK);
    struct pal_wire_message again;
    size_t used = 0;
    err = pal_wire_read(out.data, out.len, &again, &used);
    PAL_ASSERT(err == PAL_OK);
    PAL_ASSERT(used == out.len);
    PAL_ASSERT(again.kind == m->kind && again.turn_id == m->turn_id);
    PAL_ASSERT(again.job.n_messages == m->job.n_messages);
    pal_wire_message_finish(&again);
    pal_buf_finish(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t at = 0;
    for (;;) {
        struct pal_wire_message message;
        size_t used = 0;
        if (pal_wire_read(data + at, len - at, &message, &used) != PAL_OK) {
            return 0;
        }
        PAL_ASSERT(used > 0 && used <= len - at);
        write_again(&message);
        pal_wire_message_finish(&message);
        at += used;
    }
}
