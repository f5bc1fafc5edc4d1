/* How many: the rate at which answers begin to come late, and what batches change. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "bench/ipc.h"
#include "output/link_tcp.h"
#include "util/clock.h"
#include "util/mem.h"

/* --- the knee --- */

struct pace {
    int fd;
    double rate; /* messages a second */
    size_t n;
    size_t n_sent;
    size_t n_received;
    double begin_us;
    double *samples_us;
    struct pal_frames frames;
};

static double
now_us(void)
{
    return (double)uv_hrtime() / 1e3;
}

/* When message i is due; it counts as sent then, so that a late sender can't hide a delay. */
static double
due_us(const struct pace *pace, size_t i)
{
    return pace->begin_us + (double)i * 1e6 / pace->rate;
}

static bool
send_due(struct pace *pace)
{
    char lines[8192];
    size_t len = 0;
    double now = now_us();
    while (pace->n_sent < pace->n && due_us(pace, pace->n_sent) <= now &&
           len + 64 < sizeof(lines)) {
        len += (size_t)snprintf(lines + len, 64, "{\"command\":\"test\",\"id\":%zu}\n",
                                pace->n_sent++);
    }
    return len == 0 || ipc_send(pace->fd, lines, len);
}

static bool
receive_some(struct pace *pace)
{
    unsigned char *room;
    size_t room_len;
    struct pal_frame frame;
    pal_frames_room(&pace->frames, &room, &room_len);
    ssize_t n = recv(pace->fd, room, room_len, MSG_DONTWAIT);
    if (n <= 0) {
        return false;
    }
    pal_frames_filled(&pace->frames, (size_t)n);
    double now = now_us();
    while (pal_frames_next(&pace->frames, &frame) == PAL_OK) {
        pace->samples_us[pace->n_received] = now - due_us(pace, pace->n_received);
        pace->n_received++;
    }
    return true;
}

/* False if something failed; the samples are then worth nothing. */
static bool
run_pace(struct pace *pace)
{
    pace->begin_us = now_us();
    while (pace->n_received < pace->n) {
        if (!send_due(pace)) {
            return false;
        }
        struct pollfd poll_fd = {.fd = pace->fd, .events = POLLIN};
        double wait_us = pace->n_sent < pace->n ? due_us(pace, pace->n_sent) - now_us() : 2e6;
        struct timespec wait = {.tv_sec = (time_t)(wait_us > 0 ? wait_us / 1e6 : 0),
                                .tv_nsec = wait_us > 0 ? (long)wait_us % 1000000 * 1000 : 0};
        int ready = ppoll(&poll_fd, 1, &wait, NULL);
        if (ready < 0 || (ready == 0 && pace->n_sent == pace->n)) {
            return false;
        }
        if (ready > 0 && !receive_some(pace)) {
            return false;
        }
    }
    return true;
}

static bool
measure_pace(unsigned port, double rate, size_t n, struct pal_stats *stats)
{
    struct pace pace = {.fd = ipc_connect(port), .rate = rate, .n = n};
    pace.samples_us = pal_calloc(n, sizeof(double));
    pal_frames_init(&pace.frames);
    bool good = pace.fd >= 0 && run_pace(&pace);
    *stats = pal_stats_of(pace.samples_us, pace.n_received);
    pal_frames_finish(&pace.frames);
    free(pace.samples_us);
    if (pace.fd >= 0) {
        (void)close(pace.fd);
    }
    return good;
}

void
ipc_bench_rate(struct pal_bench *bench, struct ipc_avatar *avatar, bool quick)
{
    double knee = 0.0;
    double idle_p99 = 0.0;
    pal_bench_section(bench, "Sustained rate, every message answered");
    for (double rate = 500.0; rate < 3e6; rate *= 2.0) {
        struct pal_stats best = {.p99 = 1e12};
        size_t n = (size_t)(rate * (quick ? 0.1 : 0.4)) + 100;
        /* The best of three: a neighbour's burst is not the link's knee. */
        for (int attempt = 0; attempt < 3; attempt++) {
            struct pal_stats stats;
            if (!measure_pace(avatar->port, rate, n, &stats)) {
                pal_bench_fail(bench, "at %.0f messages a second one got no answer", rate);
                return;
            }
            best = stats.p99 < best.p99 ? stats : best;
        }
        char name[64];
        (void)snprintf(name, sizeof(name), "%.0f messages/s", rate);
        pal_bench_time(bench, name, "us", &best);
        idle_p99 = idle_p99 == 0.0 ? best.p99 : idle_p99;
        if (best.p99 > 2.0 * idle_p99 && best.p99 > 1000.0) {
            break;
        }
        knee = best.p99 <= 2.0 * idle_p99 ? rate : knee;
    }
    pal_bench_value(bench, "knee", "messages/s", knee, "the last rate with p99 <= 2 x idle p99");
}

/* --- batches --- */

/* Sends the bytes, and reads answers away meanwhile: who doesn't read is closed by the avatar. */
static bool
send_reading(int fd, const struct pal_buf *bytes)
{
    char answers[65536];
    size_t at = 0;
    while (at < bytes->len) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLOUT};
        if (poll(&poll_fd, 1, 5000) <= 0) {
            return false;
        }
        while (recv(fd, answers, sizeof(answers), MSG_DONTWAIT) > 0) {
        }
        ssize_t n = send(fd, bytes->data + at, bytes->len - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool
send_many(int fd, const struct pal_buf *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!send_reading(fd, bytes)) {
            return false;
        }
    }
    return true;
}

struct batch_case {
    const char *name;
    struct pal_avatar_style style;
    size_t size;
    bool no_reply;
};

static enum pal_err
encode_case(struct pal_buf *buf, const struct batch_case *batch,
            const struct pal_avatar_command *commands)
{
    struct pal_avatar_request request = {.no_reply = batch->no_reply};
    return batch->size == 1
               ? pal_avatar_encode(buf, batch->style, &commands[0], request)
               : pal_avatar_encode_batch(buf, batch->style, commands, batch->size, request);
}

/* Commands a second from the first byte until the avatar says that it has applied the last one. */
static double
batch_rate(struct pal_bench *bench, unsigned port, const struct batch_case *batch, size_t n_total)
{
    struct pal_avatar_command commands[100];
    struct pal_buf bytes;
    double rate = 0.0;
    ipc_fill_commands(commands, PAL_COUNT_OF(commands));
    pal_buf_init(&bytes, 1 << 20);
    int fd = ipc_connect(port);
    int control = ipc_connect(port);
    int64_t before = control >= 0 ? ipc_applied(control) : -1;
    size_t n_sends = n_total / batch->size;
    double begin_us = now_us();
    bool good = fd >= 0 && before >= 0 && encode_case(&bytes, batch, commands) == PAL_OK &&
                send_many(fd, &bytes, n_sends);
    int64_t after = before;
    while (good && after - before < (int64_t)(n_sends * batch->size)) {
        int64_t now = ipc_applied(control);
        good = now >= 0 && now_us() - begin_us < 30e6;
        after = now;
    }
    double seconds = (now_us() - begin_us) / 1e6;
    if (!good || after - before != (int64_t)(n_sends * batch->size)) {
        pal_bench_fail(bench, "%s: %lld of %zu commands were applied", batch->name,
                       (long long)(after - before), n_sends * batch->size);
    } else {
        rate = (double)(n_sends * batch->size) / seconds;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (control >= 0) {
        (void)close(control);
    }
    pal_buf_finish(&bytes);
    return rate;
}

/* The companion's link itself: encodes each batch anew, sends, and waits for the last answer. */
struct link_run {
    struct pal_link_tcp *link;
    uv_idle_t idle;
    size_t n_left;
    double begin_us;
    double seconds;
    bool failed;
    struct pal_avatar_command commands[100];
};

static void
end_link_run(struct link_run *run)
{
    struct pal_link link = pal_link_tcp_link(run->link);
    run->seconds = (now_us() - run->begin_us) / 1e6;
    link.ops->close(link.self);
    if (!uv_is_closing((uv_handle_t *)&run->idle)) {
        uv_close((uv_handle_t *)&run->idle, NULL);
    }
}

static void
on_last(enum pal_err err, const struct pal_avatar_reply *reply, void *userdata)
{
    struct link_run *run = userdata;
    run->failed = err != PAL_OK || !reply->is_ok || reply->processed != 100;
    end_link_run(run);
}

static void
on_idle(uv_idle_t *idle)
{
    struct link_run *run = idle->data;
    for (int i = 0; i < 16 && run->n_left > 0; i++) {
        bool last = run->n_left == 1;
        enum pal_err err = pal_link_tcp_batch(run->link, run->commands, PAL_COUNT_OF(run->commands),
                                              10000000, last ? on_last : NULL, run);
        if (err == PAL_ERR_BUSY) {
            return; /* the socket is full: the loop makes room first */
        }
        if (err != PAL_OK) {
            run->failed = true;
            end_link_run(run);
            return;
        }
        run->n_left--;
    }
    if (run->n_left == 0) {
        (void)uv_idle_stop(idle);
    }
}

static void
on_link_change(bool is_up, void *userdata)
{
    struct link_run *run = userdata;
    if (is_up) {
        run->begin_us = now_us();
        (void)uv_idle_start(&run->idle, on_idle);
    } else {
        run->failed = true;
    }
}

static double
link_rate(struct pal_bench *bench, unsigned port, size_t n_batches, bool plain)
{
    uv_loop_t loop;
    struct pal_error error;
    struct link_run *run = pal_calloc(1, sizeof(*run));
    struct pal_link_tcp_options options = {
        .port = port, .plain = plain, .on_change = on_link_change, .userdata = run};
    run->n_left = n_batches;
    run->idle.data = run;
    ipc_fill_commands(run->commands, PAL_COUNT_OF(run->commands));
    double rate = 0.0;
    if (uv_loop_init(&loop) == 0 && uv_idle_init(&loop, &run->idle) == 0 &&
        pal_link_tcp_create(&loop, &options, &run->link, &error) == PAL_OK) {
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        rate = run->failed ? 0.0 : (double)n_batches * 100.0 / run->seconds;
        (void)uv_loop_close(&loop);
    }
    if (rate == 0.0) {
        pal_bench_fail(bench, "the link lost a batch");
    }
    free(run);
    return rate;
}

void
ipc_bench_batches(struct pal_bench *bench, struct ipc_avatar *avatar, bool quick)
{
    static const struct pal_avatar_style json = {PAL_ENCODING_JSON, false};
    static const struct pal_avatar_style msgpack = {PAL_ENCODING_MSGPACK, false};
    static const struct pal_avatar_style brief = {PAL_ENCODING_MSGPACK, true};
    const struct batch_case cases[] = {
        {"JSON, one a message", json, 1, false},
        {"JSON, one a message, no answer", json, 1, true},
        {"JSON, batches of 10", json, 10, false},
        {"JSON, batches of 100", json, 100, false},
        {"MessagePack, one a message", msgpack, 1, false},
        {"MessagePack, batches of 10", msgpack, 10, false},
        {"MessagePack, batches of 100", msgpack, 100, false},
        {"MessagePack short form, batches of 100", brief, 100, false},
    };
    size_t n_rounds = quick ? 1 : 5;
    double rates[8];
    pal_bench_section(bench, "Commands a second, each parsed and applied");
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        size_t n_total = (quick ? 20000U : 200000U) * (cases[i].size == 100 ? 5 : 1);
        for (size_t round = 0; round < n_rounds; round++) {
            rates[round] = batch_rate(bench, avatar->port, &cases[i], n_total);
        }
        pal_bench_value(bench, cases[i].name, "commands/s", pal_stats_of(rates, n_rounds).median,
                        NULL);
    }
    for (size_t round = 0; round < n_rounds; round++) {
        rates[round] = link_rate(bench, avatar->port, quick ? 500 : 10000, false);
    }
    pal_bench_value(bench, "the link, encoding each batch of 100", "commands/s",
                    pal_stats_of(rates, n_rounds).median, "goal >= 500000");
}
