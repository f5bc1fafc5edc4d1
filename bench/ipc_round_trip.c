/* One message and its answer: over the companion's link, over a plain socket, and the bare limit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "bench/ipc.h"
#include "output/link_tcp.h"
#include "util/clock.h"
#include "util/mem.h"

#define WARM_UP 200

static double
now_us(void)
{
    return (double)uv_hrtime() / 1e3;
}

/* The companion's own link, one request after the other. */
struct awaited {
    struct pal_link_tcp *link;
    size_t n;
    size_t n_done;
    double begin_us;
    double *samples_us;
    bool failed;
};

static void send_next(struct awaited *run);

static void
on_reply(enum pal_err err, const struct pal_avatar_reply *reply, void *userdata)
{
    struct awaited *run = userdata;
    double end_us = now_us();
    if (err != PAL_OK || !reply->is_ok) {
        run->failed = true;
    } else {
        run->samples_us[run->n_done++] = end_us - run->begin_us;
    }
    send_next(run);
}

static void
send_next(struct awaited *run)
{
    static const struct pal_avatar_command test = {.verb = PAL_AVATAR_TEST};
    if (!run->failed && run->n_done < run->n) {
        run->begin_us = now_us();
        run->failed = pal_link_tcp_request(run->link, &test, 2000000, on_reply, run) != PAL_OK;
    }
    if (run->failed || run->n_done == run->n) {
        struct pal_link link = pal_link_tcp_link(run->link);
        link.ops->close(link.self);
    }
}

static void
on_change(bool is_up, void *userdata)
{
    if (is_up) {
        send_next(userdata);
    }
}

/* n awaited commands; false if one failed. */
static bool
await_by_link(unsigned port, size_t n, double *samples_us)
{
    uv_loop_t loop;
    struct pal_error error;
    struct awaited run = {.n = n, .samples_us = samples_us};
    struct pal_link_tcp_options options = {.port = port, .on_change = on_change, .userdata = &run};
    if (uv_loop_init(&loop) < 0) {
        return false;
    }
    if (pal_link_tcp_create(&loop, &options, &run.link, &error) != PAL_OK) {
        return false;
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    return !run.failed && run.n_done == n;
}

/* The same over a blocking socket in JSON, as a script would do it. */
static bool
await_by_socket(unsigned port, size_t n, double *samples_us)
{
    char line[512];
    int fd = ipc_connect(port);
    bool good = fd >= 0;
    for (size_t i = 0; good && i < n; i++) {
        int len = snprintf(line, sizeof(line), "{\"command\":\"test\",\"id\":%zu}\n", i);
        double begin_us = now_us();
        good = ipc_send(fd, line, (size_t)len) && ipc_receive_line(fd, line, sizeof(line)) > 0;
        samples_us[i] = now_us() - begin_us;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

/* Bytes of the link's request and of its answer, in the form that the link negotiates. */
static void
link_bytes(size_t *n_request, size_t *n_reply)
{
    static const struct pal_avatar_command test = {.verb = PAL_AVATAR_TEST};
    struct pal_buf buf;
    struct pal_avatar_answer answer = {
        .encoding = PAL_ENCODING_MSGPACK,
        .shape = PAL_SHAPE_FLAT,
        .verb = PAL_AVATAR_TEST,
        .is_ok = true,
        .message = "test",
        .n_processed = -1,
        .id = {.kind = PAL_ID_NUMBER, .number = 5000},
    };
    pal_buf_init(&buf, 4096);
    enum pal_err err =
        pal_avatar_encode(&buf, (struct pal_avatar_style){PAL_ENCODING_MSGPACK, true}, &test,
                          (struct pal_avatar_request){.id = 5000});
    *n_request = buf.len;
    pal_buf_clear(&buf);
    err = err != PAL_OK ? err : pal_avatar_encode_answer(&buf, &answer);
    PAL_ASSERT(err == PAL_OK);
    *n_reply = buf.len;
    pal_buf_finish(&buf);
}

static bool
raw_ping_pong(size_t n, double *samples_us)
{
    struct ipc_echo echo;
    size_t n_request;
    size_t n_reply;
    char request[512] = {0};
    link_bytes(&n_request, &n_reply);
    bool good = ipc_echo_start(&echo, n_request, n_reply) &&
                ipc_ping_pong(echo.fd, request, n_request, n_reply, n, samples_us);
    ipc_echo_stop(&echo);
    return good;
}

static void
report(struct pal_bench *bench, const char *name, bool good, double *samples_us, size_t n)
{
    if (!good) {
        pal_bench_fail(bench, "%s: a message got no answer", name);
        return;
    }
    size_t skip = n > 2 * WARM_UP ? WARM_UP : 0;
    struct pal_stats stats = pal_stats_of(samples_us + skip, n - skip);
    pal_bench_time(bench, name, "us", &stats);
}

/* The ratio from rounds taken by turns, so that both see the same neighbours. */
static void
ratio_to_raw(struct pal_bench *bench, unsigned port, double *samples_us, size_t n_rounds)
{
    enum { ROUND = 1000 };
    double *ratios = pal_calloc(n_rounds, sizeof(double));
    for (size_t i = 0; i < n_rounds; i++) {
        bool good = raw_ping_pong(ROUND, samples_us);
        double raw = pal_stats_of(samples_us + WARM_UP, ROUND - WARM_UP).median;
        good = good && await_by_link(port, ROUND, samples_us);
        double awaited = pal_stats_of(samples_us + WARM_UP, ROUND - WARM_UP).median;
        if (!good) {
            pal_bench_fail(bench, "a message got no answer");
        }
        ratios[i] = awaited / raw;
    }
    double median = pal_stats_of(ratios, n_rounds).median;
    pal_bench_value(bench, "awaited / raw ping-pong", "x", median,
                    "median of rounds of 1000 by turns; goal <= 1.5");
    free(ratios);
}

void
ipc_bench_round_trip(struct pal_bench *bench, struct ipc_avatar *avatar, struct ipc_avatar *framed,
                     bool quick)
{
    size_t many = quick ? 1000 : 10000;
    double *samples_us = pal_calloc(many, sizeof(double));
    pal_bench_section(bench, "Round trip of one message");
    report(bench, "raw TCP ping-pong, the same bytes", raw_ping_pong(many, samples_us), samples_us,
           many);
    report(bench, "link, awaited, 100 messages", await_by_link(avatar->port, 100, samples_us),
           samples_us, 100);
    struct pal_stats hundred = pal_stats_of(samples_us, 100);
    (void)printf("  Latence moyenne : %.2fms\n", hundred.mean / 1000.0);
    report(bench, "link, awaited", await_by_link(avatar->port, many, samples_us), samples_us, many);
    report(bench, "blocking socket, JSON", await_by_socket(avatar->port, many, samples_us),
           samples_us, many);
    ratio_to_raw(bench, avatar->port, samples_us, quick ? 3 : 15);
    size_t frames = quick ? 20 : 120;
    report(bench, "blocking socket, JSON, frame clock 60 Hz",
           await_by_socket(framed->port, frames, samples_us), samples_us, frames);
    free(samples_us);
}

void
ipc_bench_sizes(struct pal_bench *bench, struct ipc_avatar *avatar, bool quick)
{
    static const size_t sizes[] = {10, 100, 1000, 10000, 65536};
    size_t n = quick ? 50 : 1000;
    double *samples_us = pal_calloc(n, sizeof(double));
    pal_bench_section(bench, "Round trip by size of the message");
    for (size_t i = 0; i < PAL_COUNT_OF(sizes); i++) {
        char *text = pal_calloc(sizes[i] + 1, 1);
        char name[64];
        char reply[512];
        struct ipc_echo echo = {.fd = -1};
        memset(text, 'x', sizes[i]);
        char *line = pal_printf("{\"command\":\"test\",\"text\":\"%s\"}\n", text);
        size_t len = strlen(line);
        int fd = ipc_connect(avatar->port);
        size_t n_reply =
            fd >= 0 && ipc_send(fd, line, len) ? ipc_receive_line(fd, reply, sizeof(reply)) : 0;
        (void)snprintf(name, sizeof(name), "%zu characters", sizes[i]);
        report(bench, name, n_reply > 0 && ipc_ping_pong(fd, line, len, n_reply, n, samples_us),
               samples_us, n);
        (void)snprintf(name, sizeof(name), "%zu characters, raw TCP", sizes[i]);
        report(bench, name,
               ipc_echo_start(&echo, len, n_reply > 0 ? n_reply : 1) &&
                   ipc_ping_pong(echo.fd, line, len, n_reply, n, samples_us),
               samples_us, n);
        ipc_echo_stop(&echo);
        if (fd >= 0) {
            (void)close(fd);
        }
        free(line);
        free(text);
    }
    free(samples_us);
}
