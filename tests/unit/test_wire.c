#include "test.h"

#include "engine/wire.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static void
init_buf(struct pal_buf *buf)
{
    pal_buf_init(buf, 2u * PAL_WIRE_FRAME_MAX_BYTES);
}

static struct pal_job
full_job(void)
{
    struct pal_job job = {
        .turn_id = UINT64_MAX,
        .conversation = pal_strdup("twitch:été"),
        .submitted_us = INT64_MAX,
        .deadline_us = INT64_MIN,
        .sampling = pal_sampling_default(),
    };
    job.sampling.temperature = FLT_MIN;
    job.sampling.top_k = INT32_MIN;
    job.sampling.max_tokens = -1;
    job.sampling.repeat_last_n = -200;
    job.sampling.seed = UINT32_MAX;
    job.sampling.has_seed = true;
    job.sampling.stops[0] = pal_strdup("\n\n");
    job.sampling.stops[1] = pal_strdup("FIN");
    job.sampling.n_stops = 2;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(
            pal_job_add_message(&job, (enum pal_role)(i % 3), "ça va 👋 ?", i == 7 ? 0 : 13),
            PAL_OK);
    }
    return job;
}

static struct pal_event
full_event(enum pal_event_kind kind)
{
    struct pal_event event = {
        .kind = kind,
        .turn_id = kind == PAL_EVENT_STATE ? 0 : 42,
        .text = "héhé",
        .len = strlen("héhé"),
        .left_us = 123456789012,
        .finish = PAL_FINISH_DEADLINE,
        .usage = {1, 2, 3, 4, 5, -6, 7, INT64_MAX, 9},
        .error = {.code = PAL_ERR_MODEL, .text = "cassé"},
        .state = PAL_ENGINE_READY,
        .progress = 0.5f,
        .facts = {.model_name = "m",
                  .variant = "zen4",
                  .n_params = UINT64_MAX,
                  .n_threads = 2,
                  .load_us = 12345},
    };
    return event;
}

/* One frame of each kind. */
static void
put_all(struct pal_buf *out)
{
    struct pal_settings settings;
    const struct pal_engine_options options = {.model_path = "/m.gguf",
                                               .n_gpu_layers = -1,
                                               .kv_type = 8,
                                               .n_threads_cpu = 6,
                                               .n_ubatch_tokens = 96,
                                               .ways = PAL_ENGINE_NO_KV_OFFLOAD,
                                               .variant = "zen4",
                                               .priority = PAL_ENGINE_PRIORITY_LOW};
    assert_int_equal(pal_settings_init(&settings, &options, NULL), PAL_OK);
    settings.cpus = pal_strdup("0-3,6"); /* which this machine need not have */
    assert_int_equal(pal_wire_put_settings(out, &settings), PAL_OK);
    pal_settings_finish(&settings);
    struct pal_job job = full_job();
    assert_int_equal(pal_wire_put_job(out, &job), PAL_OK);
    pal_job_finish(&job);
    assert_int_equal(pal_wire_put_cancel(out, 300), PAL_OK);
    assert_int_equal(pal_wire_put_ping(out, 70000), PAL_OK);
    assert_int_equal(pal_wire_put_quit(out), PAL_OK);
    assert_int_equal(pal_wire_put_hand_over(out), PAL_OK);
    assert_int_equal(pal_wire_put_adopt(out), PAL_OK);
    for (int kind = PAL_EVENT_PIECE; kind <= PAL_EVENT_STATE; kind++) {
        struct pal_event event = full_event((enum pal_event_kind)kind);
        assert_int_equal(pal_wire_put_event(out, &event), PAL_OK);
    }
    const struct pal_engine_pace pace = {.n_threads = 7, .reason = PAL_ENGINE_PACE_IDLE};
    const struct pal_engine_held held = {8192, 70, 1u << 20, UINT64_C(1) << 33};
    assert_int_equal(pal_wire_put_pong(out, 1, INT64_MAX, &pace, &held), PAL_OK);
}

static void
check_event(const struct pal_event *got)
{
    struct pal_event sent = full_event(got->kind);
    assert_true(got->turn_id == sent.turn_id);
    switch (got->kind) {
    case PAL_EVENT_PIECE:
        assert_int_equal(got->len, sent.len);
        assert_memory_equal(got->text, sent.text, sent.len);
        assert_true(got->left_us == sent.left_us);
        break;
    case PAL_EVENT_DONE:
        assert_int_equal(got->finish, sent.finish);
        assert_memory_equal(&got->usage, &sent.usage, sizeof(sent.usage));
        break;
    case PAL_EVENT_FAILED:
        assert_int_equal(got->error.code, sent.error.code);
        assert_string_equal(got->error.text, sent.error.text);
        break;
    case PAL_EVENT_CANCELLED:
        assert_memory_equal(&got->usage, &sent.usage, sizeof(sent.usage));
        break;
    case PAL_EVENT_STATE:
        assert_int_equal(got->state, sent.state);
        assert_true(got->progress > 0.49f && got->progress < 0.51f);
        assert_memory_equal(&got->facts, &sent.facts, sizeof(sent.facts));
        break;
    }
}

static void
check_job(const struct pal_job *got)
{
    struct pal_job sent = full_job();
    assert_true(got->turn_id == sent.turn_id);
    assert_string_equal(got->conversation, sent.conversation);
    assert_true(got->submitted_us == sent.submitted_us && got->deadline_us == sent.deadline_us);
    assert_memory_equal(&got->sampling, &sent.sampling, offsetof(struct pal_sampling, has_seed));
    assert_int_equal(got->sampling.max_tokens, -1);
    assert_true(got->sampling.has_seed && !got->sampling.ignore_eos);
    assert_int_equal(got->sampling.n_stops, 2);
    assert_string_equal(got->sampling.stops[1], "FIN");
    assert_int_equal(got->n_messages, sent.n_messages);
    for (size_t i = 0; i < sent.n_messages; i++) {
        assert_int_equal(got->messages[i].role, sent.messages[i].role);
        assert_string_equal(got->messages[i].text, sent.messages[i].text);
    }
    pal_job_finish(&sent);
}

/* Reads all frames as they would arrive; returns how many there were. */
static unsigned
read_all(const char *data, size_t len)
{
    unsigned n = 0;
    size_t at = 0;
    while (at < len) {
        struct pal_wire_message m;
        size_t used = 0;
        assert_int_equal(pal_wire_read(data + at, len - at, &m, &used), PAL_OK);
        at += used;
        n++;
        switch (m.kind) {
        case PAL_WIRE_SETTINGS:
            assert_string_equal(m.settings.model_path, "/m.gguf");
            assert_null(m.settings.script_path);
            assert_int_equal(m.settings.n_gpu_layers, -1);
            assert_int_equal(m.settings.kv_type, 8);
            assert_int_equal(m.settings.n_threads_cpu, 6);
            assert_int_equal(m.settings.n_ubatch_tokens, 96);
            assert_int_equal(m.settings.ways, PAL_ENGINE_NO_KV_OFFLOAD);
            assert_string_equal(m.settings.variant, "zen4");
            assert_null(m.settings.gpu_device);
            assert_int_equal(m.settings.priority, PAL_ENGINE_PRIORITY_LOW);
            assert_string_equal(m.settings.cpus, "0-3,6");
            break;
        case PAL_WIRE_JOB:
            check_job(&m.job);
            break;
        case PAL_WIRE_CANCEL:
            assert_int_equal(m.turn_id, 300);
            break;
        case PAL_WIRE_PING:
            assert_int_equal(m.serial, 70000);
            break;
        case PAL_WIRE_QUIT:
        case PAL_WIRE_HAND_OVER:
        case PAL_WIRE_ADOPT:
            break;
        case PAL_WIRE_EVENT:
            check_event(&m.event);
            break;
        case PAL_WIRE_PONG:
            assert_true(m.busy_us == INT64_MAX);
            assert_int_equal(m.pace.n_threads, 7);
            assert_int_equal(m.pace.reason, PAL_ENGINE_PACE_IDLE);
            assert_int_equal(m.held.n_cells, 8192);
            assert_int_equal(m.held.n_cells_used, 70);
            assert_int_equal(m.held.parked_ram_bytes, 1u << 20);
            assert_true(m.held.parked_disk_bytes == UINT64_C(1) << 33);
            break;
        }
        pal_wire_message_finish(&m);
    }
    return n;
}

static void
test_every_message_survives_the_way(void **state)
{
    (void)state;
    struct pal_buf out;
    init_buf(&out);
    put_all(&out);
    assert_int_equal(read_all(out.data, out.len), 13);
    pal_buf_finish(&out);
}

static void
test_a_frame_cut_at_any_byte_is_waited_for(void **state)
{
    (void)state;
    struct pal_buf out;
    init_buf(&out);
    put_all(&out);
    size_t at = 0;
    while (at < out.len) {
        struct pal_wire_message m;
        size_t used = 0;
        assert_int_equal(pal_wire_read(out.data + at, out.len - at, &m, &used), PAL_OK);
        pal_wire_message_finish(&m);
        for (size_t len = 0; len < used; len++) {
            /* An exact copy, so that a read past the end is seen by the sanitizer. */
            char *part = pal_calloc(len + 1, 1);
            char *exact = pal_realloc(part, len > 0 ? len : 1, 1);
            memcpy(exact, out.data + at, len);
            size_t none = 1;
            assert_int_equal(pal_wire_read(exact, len, &m, &none), PAL_ERR_AGAIN);
            assert_int_equal(none, 0);
            free(exact);
        }
        at += used;
    }
    pal_buf_finish(&out);
}

static void
test_a_body_cut_short_breaks_the_protocol(void **state)
{
    (void)state;
    struct pal_buf out;
    init_buf(&out);
    put_all(&out);
    size_t at = 0;
    while (at < out.len) {
        struct pal_wire_message m;
        size_t used = 0;
        assert_int_equal(pal_wire_read(out.data + at, out.len - at, &m, &used), PAL_OK);
        pal_wire_message_finish(&m);
        for (size_t body = 0; body + PAL_WIRE_HEAD_BYTES < used; body++) {
            unsigned char *frame = pal_calloc(PAL_WIRE_HEAD_BYTES + body, 1);
            memcpy(frame, out.data + at, PAL_WIRE_HEAD_BYTES + body);
            frame[0] = 0;
            frame[1] = (unsigned char)(body >> 16);
            frame[2] = (unsigned char)(body >> 8);
            frame[3] = (unsigned char)body;
            size_t none = 0;
            assert_int_equal(pal_wire_read(frame, PAL_WIRE_HEAD_BYTES + body, &m, &none),
                             PAL_ERR_PROTO);
            free(frame);
        }
        at += used;
    }
    pal_buf_finish(&out);
}

static void
test_changed_bytes_never_do_harm(void **state)
{
    (void)state;
    struct pal_buf out;
    init_buf(&out);
    put_all(&out);
    unsigned n_refused = 0;
    for (size_t at = 0; at < out.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            out.data[at] = (char)(out.data[at] ^ (1 << bit));
            struct pal_wire_message m;
            size_t used = 0;
            size_t from = 0;
            enum pal_err err = PAL_OK;
            while (from < out.len && err == PAL_OK) {
                err = pal_wire_read(out.data + from, out.len - from, &m, &used);
                from += used;
                pal_wire_message_finish(&m);
            }
            n_refused += err != PAL_OK ? 1 : 0;
            out.data[at] = (char)(out.data[at] ^ (1 << bit));
        }
    }
    assert_true(n_refused > 0);
    pal_buf_finish(&out);
}

static void
test_broken_frames_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *what;
        size_t len;
        const char *bytes;
        enum pal_err err;
    } cases[] = {
        {"empty body", 4, "\0\0\0\0", PAL_ERR_PROTO},
        {"longer than any frame", 4, "\xff\xff\xff\xff", PAL_ERR_LIMIT},
        {"no array", 5, "\0\0\0\1\x05", PAL_ERR_PROTO},
        {"empty array", 5, "\0\0\0\1\x90", PAL_ERR_PROTO},
        {"unknown kind", 6, "\0\0\0\2\x91\x09", PAL_ERR_PROTO},
        {"quit with an item", 7, "\0\0\0\3\x92\x05\x00", PAL_ERR_PROTO},
        {"quit with bytes behind", 7, "\0\0\0\3\x91\x05\x00", PAL_ERR_PROTO},
        {"cancel without id", 6, "\0\0\0\2\x91\x03", PAL_ERR_PROTO},
        {"cancel with a text", 8, "\0\0\0\4\x92\x03\xa1x", PAL_ERR_PROTO},
        {"array of 4 billion", 10, "\0\0\0\6\xdd\xff\xff\xff\xff\x05", PAL_ERR_PROTO},
        {"piece of turn 0", 11, "\0\0\0\7\x95\x10\x00\x00\xa1x\x01", PAL_ERR_PROTO},
        {"piece of bad UTF-8", 11, "\0\0\0\7\x95\x10\x00\x01\xa1\xff\x01", PAL_ERR_PROTO},
        {"negative busy time", 8, "\0\0\0\4\x93\x11\x01\xff", PAL_ERR_PROTO},
        {"piece without its time", 10, "\0\0\0\6\x94\x10\x00\x01\xa1x", PAL_ERR_PROTO},
        {"a good piece", 11, "\0\0\0\7\x95\x10\x00\x01\xa1x\x01", PAL_OK},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_wire_message m;
        size_t used = 0;
        enum pal_err err = pal_wire_read(cases[i].bytes, cases[i].len, &m, &used);
        if (err != cases[i].err) {
            fail_msg("%s: %s", cases[i].what, pal_err_name(err));
        }
        pal_wire_message_finish(&m);
    }
}

static void
test_a_full_buffer_gets_no_half_frame(void **state)
{
    (void)state;
    for (size_t max = 0; max < 60; max++) {
        struct pal_buf out;
        pal_buf_init(&out, max);
        struct pal_event event = full_event(PAL_EVENT_DONE);
        enum pal_err err = pal_wire_put_event(&out, &event);
        assert_true(err == PAL_OK ? out.len > 0 : out.len == 0);
        pal_buf_finish(&out);
    }
}

static void
test_the_largest_job_fits_in_a_frame(void **state)
{
    (void)state;
    struct pal_job job = {.turn_id = 1, .sampling = pal_sampling_default()};
    size_t each = PAL_JOB_BYTES_MAX / PAL_JOB_MESSAGES_MAX;
    char *text = pal_calloc(each + 1, 1);
    memset(text, 'x', each);
    for (size_t i = 0; i < PAL_JOB_MESSAGES_MAX; i++) {
        assert_int_equal(pal_job_add_message(&job, PAL_ROLE_USER, text, each), PAL_OK);
    }
    for (size_t i = 0; i < PAL_JOB_STOPS_MAX; i++) {
        job.sampling.stops[job.sampling.n_stops++] =
            pal_strndup(text, PAL_JOB_STOP_BYTES_MAX < each ? PAL_JOB_STOP_BYTES_MAX : each);
    }
    free(text);
    assert_int_equal(pal_job_check(&job, NULL), PAL_OK);
    struct pal_buf out;
    init_buf(&out);
    assert_int_equal(pal_wire_put_job(&out, &job), PAL_OK);
    pal_job_finish(&job);
    struct pal_wire_message m;
    size_t used = 0;
    assert_int_equal(pal_wire_read(out.data, out.len, &m, &used), PAL_OK);
    assert_int_equal(m.job.n_messages, PAL_JOB_MESSAGES_MAX);
    pal_wire_message_finish(&m);
    pal_buf_finish(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_survives_the_way),
        cmocka_unit_test(test_a_frame_cut_at_any_byte_is_waited_for),
        cmocka_unit_test(test_a_body_cut_short_breaks_the_protocol),
        cmocka_unit_test(test_changed_bytes_never_do_harm),
        cmocka_unit_test(test_broken_frames_are_refused),
        cmocka_unit_test(test_a_full_buffer_gets_no_half_frame),
        cmocka_unit_test(test_the_largest_job_fits_in_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
