/* Where the time goes, and how many bytes a command takes in each encoding. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "bench/ipc.h"
#include "output/stage_act.h"
#include "util/mem.h"

#define REPEATS 20000

static double
now_us(void)
{
    return (double)uv_hrtime() / 1e3;
}

/* Microseconds to write one command as the companion does. */
static double
serialise_us(struct pal_avatar_style style, struct pal_buf *buf)
{
    struct pal_avatar_command command;
    ipc_fill_commands(&command, 1);
    double begin = now_us();
    for (int i = 0; i < REPEATS; i++) {
        pal_buf_clear(buf);
        enum pal_err err =
            pal_avatar_encode(buf, style, &command, (struct pal_avatar_request){.id = i + 1});
        PAL_ASSERT(err == PAL_OK);
    }
    return (now_us() - begin) / REPEATS;
}

/* Microseconds to read, apply and answer it as the avatar does. */
static double
parse_us(const struct pal_buf *bytes)
{
    struct pal_frames frames;
    struct pal_avatar_message message = {0};
    struct pal_puppet puppet;
    struct pal_buf answer;
    pal_frames_init(&frames);
    pal_puppet_init(&puppet, 1);
    pal_buf_init(&answer, 4096);
    double begin = now_us();
    for (int i = 0; i < REPEATS; i++) {
        unsigned char *room;
        size_t room_len;
        struct pal_frame frame;
        struct pal_error error;
        pal_frames_room(&frames, &room, &room_len);
        memcpy(room, bytes->data, bytes->len);
        pal_frames_filled(&frames, bytes->len);
        enum pal_err err = pal_frames_next(&frames, &frame);
        err = err == PAL_OK ? pal_avatar_decode(&frame, &message, &error) : err;
        pal_buf_clear(&answer);
        err = err == PAL_OK ? pal_stage_act(&puppet, &message, err, &error, &answer) : err;
        PAL_ASSERT(err == PAL_OK);
    }
    double each = (now_us() - begin) / REPEATS;
    pal_frames_finish(&frames);
    pal_avatar_message_finish(&message);
    pal_buf_finish(&answer);
    return each;
}

/* What jansson alone would take to parse the line and look its fields up: the road not taken. */
static double
jansson_us(const struct pal_buf *line)
{
    double sum = 0.0;
    double begin = now_us();
    for (int i = 0; i < REPEATS; i++) {
        json_t *json = json_loadb(line->data, line->len, 0, NULL);
        json_t *data = json_object_get(json, "data");
        sum += json_number_value(json_object_get(data, "value"));
        sum += json_string_length(json_object_get(data, "name")) > 0 ? 1.0 : 0.0;
        json_decref(json);
    }
    double each = (now_us() - begin) / REPEATS;
    PAL_ASSERT(sum > 0.0);
    return each;
}

void
ipc_bench_split(struct pal_bench *bench, struct ipc_avatar *avatar)
{
    struct pal_buf bytes;
    struct ipc_echo echo = {.fd = -1};
    double *samples_us = pal_calloc(2000, sizeof(double));
    char reply[512];
    pal_buf_init(&bytes, 4096);
    pal_bench_section(bench, "Where a round trip's time goes (set_expression, JSON)");
    double serialise = serialise_us((struct pal_avatar_style){PAL_ENCODING_JSON, false}, &bytes);
    pal_bench_value(bench, "serialise", "us", serialise, NULL);
    double parse = parse_us(&bytes);
    int fd = ipc_connect(avatar->port);
    size_t n_reply = fd >= 0 && ipc_send(fd, bytes.data, bytes.len)
                         ? ipc_receive_line(fd, reply, sizeof(reply))
                         : 0;
    bool good = n_reply > 0 && ipc_echo_start(&echo, bytes.len, n_reply) &&
                ipc_ping_pong(echo.fd, bytes.data, bytes.len, n_reply, 2000, samples_us);
    double socket = pal_stats_of(samples_us, 2000).median;
    good = good && ipc_ping_pong(fd, bytes.data, bytes.len, n_reply, 2000, samples_us);
    double whole = pal_stats_of(samples_us, 2000).median;
    if (!good) {
        pal_bench_fail(bench, "a message got no answer");
    }
    pal_bench_value(bench, "socket, both ways", "us", socket, "raw ping-pong of the same bytes");
    pal_bench_value(bench, "parse, apply, answer", "us", parse, NULL);
    double queue = whole - socket - parse;
    pal_bench_value(bench, "queue", "us", queue > 0.0 ? queue : 0.0,
                    "the rest: the avatar's loop waking up and looking for more");
    pal_bench_value(bench, "jansson alone, parse and look up", "us", jansson_us(&bytes),
                    "for comparison");
    (void)serialise_us((struct pal_avatar_style){PAL_ENCODING_MSGPACK, true}, &bytes);
    pal_bench_value(bench, "parse, apply, answer (MessagePack, short)", "us", parse_us(&bytes),
                    NULL);
    ipc_echo_stop(&echo);
    if (fd >= 0) {
        (void)close(fd);
    }
    pal_buf_finish(&bytes);
    free(samples_us);
}

static size_t
encoded_bytes(struct pal_avatar_style style, const struct pal_avatar_command *commands, size_t n)
{
    struct pal_buf buf;
    struct pal_avatar_request request = {0};
    pal_buf_init(&buf, 65536);
    enum pal_err err = n == 1 ? pal_avatar_encode(&buf, style, commands, request)
                              : pal_avatar_encode_batch(&buf, style, commands, n, request);
    PAL_ASSERT(err == PAL_OK);
    size_t len = buf.len;
    pal_buf_finish(&buf);
    return len;
}

static void
report_bytes(struct pal_bench *bench, const char *name, const struct pal_avatar_command *commands,
             size_t n)
{
    char note[160];
    char row[64];
    size_t json = encoded_bytes((struct pal_avatar_style){PAL_ENCODING_JSON, false}, commands, n);
    size_t same =
        encoded_bytes((struct pal_avatar_style){PAL_ENCODING_MSGPACK, false}, commands, n);
    size_t brief =
        encoded_bytes((struct pal_avatar_style){PAL_ENCODING_MSGPACK, true}, commands, n);
    (void)snprintf(note, sizeof(note), "MessagePack %zu (%+.0f %%), its short form %zu (%+.0f %%)",
                   same, 100.0 * ((double)same / (double)json - 1.0), brief,
                   100.0 * ((double)brief / (double)json - 1.0));
    (void)snprintf(row, sizeof(row), "%s, JSON", name);
    pal_bench_value(bench, row, "bytes", (double)json, note);
}

void
ipc_bench_bytes(struct pal_bench *bench)
{
    static const struct pal_avatar_command commands[] = {
        {.verb = PAL_AVATAR_SET_EXPRESSION, .expression = PAL_EXPRESSION_JOY, .value = 0.8F},
        {.verb = PAL_AVATAR_RESET_EXPRESSIONS},
        {.verb = PAL_AVATAR_SET_TRANSITION_SPEED, .value = 3.0F},
        {.verb = PAL_AVATAR_SET_AUTO_BLINK, .enabled = true},
        {.verb = PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT, .enabled = true, .numbers = {3.0F, 7.0F, 5.0F}},
        {.verb = PAL_AVATAR_SET_BLENDSHAPE, .expression = PAL_EXPRESSION_A, .value = 0.5F},
        {.verb = PAL_AVATAR_SET_HEAD, .numbers = {6.0F, -4.0F, 0.0F}},
        {.verb = PAL_AVATAR_LOAD_MODEL,
         .expression = PAL_EXPRESSION_CUSTOM,
         .text = "avatars/mira.vrm",
         .text_len = 16},
        {.verb = PAL_AVATAR_UNLOAD_MODEL},
        {.verb = PAL_AVATAR_TEST},
        {.verb = PAL_AVATAR_PING},
        {.verb = PAL_AVATAR_HELLO},
        {.verb = PAL_AVATAR_GET_STATE},
    };
    struct pal_avatar_command many[100];
    pal_bench_section(bench, "Bytes of a command");
    for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
        report_bytes(bench, pal_avatar_verb_name(commands[i].verb), &commands[i], 1);
    }
    ipc_fill_commands(many, PAL_COUNT_OF(many));
    report_bytes(bench, "batch of 10", many, 10);
    report_bytes(bench, "batch of 100", many, 100);
}
