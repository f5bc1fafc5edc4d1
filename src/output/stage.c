#include "output/stage.h"

#include <stdlib.h>
#include <string.h>

#include "output/stage_peer.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define LOG_TOPIC "avatar"

/* How often clients are looked at for being stuck or silent. */
#define WATCH_MS 250

struct pal_stage {
    uv_loop_t *loop; /* borrowed */
    uv_tcp_t server;
    uv_timer_t watch;
    uv_timer_t frame_clock;
    unsigned n_handles; /* open ones of ours, without the peers' */
    bool is_closing;
    unsigned port;
    struct pal_stage_options options; /* host not kept */
    struct pal_stage_peer *peers;     /* owned list */
    struct pal_stage_room room;       /* what the peers share */
    uint64_t turned_away_logged_ms;
};

/* The face stands as it was at the last frame; moves it on to now, in whole frames. */
static void
advance(struct pal_stage *stage)
{
    const int64_t frame_us = PAL_US_PER_S / 60;
    int64_t since_us = pal_now_us() - stage->room.puppet_at_us;
    if (since_us >= frame_us) {
        int64_t whole_us = since_us - since_us % frame_us;
        pal_puppet_advance(&stage->room.puppet, (float)((double)whole_us / 1e6));
        stage->room.puppet_at_us += whole_us;
    }
}

static void
on_advance(void *userdata)
{
    advance(userdata);
}

static void
free_when_empty(struct pal_stage *stage)
{
    if (stage->is_closing && stage->n_handles == 0 && stage->peers == NULL) {
        pal_avatar_message_finish(&stage->room.message);
        free(stage);
    }
}

static void
on_peer_gone(struct pal_stage_peer *peer, void *userdata)
{
    struct pal_stage *stage = userdata;
    pal_stage_peer_unlink(&stage->peers, peer);
    stage->room.counts.n_clients--;
    free_when_empty(stage);
}

static void
on_turned_away(uv_handle_t *handle)
{
    free(handle);
}

/* One client too many hears why before it is closed. */
static void
turn_away(struct pal_stage *stage)
{
    static const char text[] = "{\"type\":\"response\",\"status\":\"error\",\"message\":"
                               "\"too many clients\"}\n";
    stage->room.counts.n_turned_away++;
    uint64_t now_ms = uv_now(stage->loop);
    if (now_ms - stage->turned_away_logged_ms > 1000 || stage->room.counts.n_turned_away == 1) {
        stage->turned_away_logged_ms = now_ms;
        pal_log_warn("too many clients", "max=%u turned_away=%llu", stage->options.max_clients,
                     (unsigned long long)stage->room.counts.n_turned_away);
    }
    uv_tcp_t *tcp = pal_calloc(1, sizeof(*tcp));
    (void)uv_tcp_init(stage->loop, tcp);
    if (uv_accept((uv_stream_t *)&stage->server, (uv_stream_t *)tcp) == 0) {
        char line[sizeof(text)];
        memcpy(line, text, sizeof(text));
        uv_buf_t buf = uv_buf_init(line, sizeof(text) - 1);
        (void)uv_try_write((uv_stream_t *)tcp, &buf, 1);
    }
    uv_close((uv_handle_t *)tcp, on_turned_away);
}

static void
on_connection(uv_stream_t *server, int status)
{
    struct pal_stage *stage = server->data;
    if (status < 0) {
        pal_log_warn("accept failed", "error=" PAL_LOG_STR, uv_strerror(status));
        return;
    }
    if (stage->room.counts.n_clients >= stage->options.max_clients) {
        turn_away(stage);
        return;
    }
    stage->room.counts.n_clients++;
    stage->room.counts.n_accepted++;
    pal_stage_peer_create(&stage->room, server, &stage->peers);
}

static void
on_watch(uv_timer_t *timer)
{
    struct pal_stage *stage = timer->data;
    int64_t now_us = pal_now_us();
    struct pal_stage_peer *next;
    for (struct pal_stage_peer *peer = stage->peers; peer != NULL; peer = next) {
        next = pal_stage_peer_next(peer);
        pal_stage_peer_watch(peer, now_us);
    }
}

static void
on_frame(uv_timer_t *timer)
{
    struct pal_stage *stage = timer->data;
    struct pal_stage_peer *next;
    for (struct pal_stage_peer *peer = stage->peers; peer != NULL; peer = next) {
        next = pal_stage_peer_next(peer);
        pal_stage_peer_work(peer);
    }
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct pal_stage *stage = handle->data;
    stage->n_handles--;
    free_when_empty(stage);
}

static int
listen_on(struct pal_stage *stage, const char *host, unsigned port)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_storage bound;
    int bound_len = sizeof(bound);
    int status = uv_ip4_addr(host, (int)port, (struct sockaddr_in *)&address);
    if (status < 0) {
        status = uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)&address);
    }
    if (status == 0) {
        status = uv_tcp_bind(&stage->server, (const struct sockaddr *)&address, 0);
    }
    if (status == 0) {
        status = uv_listen((uv_stream_t *)&stage->server, 128, on_connection);
    }
    if (status == 0) {
        status = uv_tcp_getsockname(&stage->server, (struct sockaddr *)&bound, &bound_len);
    }
    if (status == 0) {
        stage->port = bound.ss_family == AF_INET6
                          ? ntohs(((struct sockaddr_in6 *)&bound)->sin6_port)
                          : ntohs(((struct sockaddr_in *)&bound)->sin_port);
    }
    return status;
}

enum pal_err
pal_stage_create(uv_loop_t *loop, const struct pal_stage_options *options,
                 struct pal_stage **created, struct pal_error *error)
{
    struct pal_stage *stage = pal_calloc(1, sizeof(*stage));
    const char *host = options->host != NULL ? options->host : "127.0.0.1";
    stage->loop = loop;
    stage->options = *options;
    stage->options.host = NULL;
    if (stage->options.max_clients == 0) {
        stage->options.max_clients = 16;
    }
    int64_t now_us = pal_now_us();
    pal_puppet_init(&stage->room.puppet, options->seed != 0 ? options->seed : (uint64_t)now_us);
    stage->room.puppet_at_us = now_us;
    stage->room.is_framed = options->frame_clock_hz > 0;
    stage->room.idle_us = options->idle_us;
    stage->room.advance = on_advance;
    stage->room.on_gone = on_peer_gone;
    stage->room.userdata = stage;
    (void)uv_tcp_init(loop, &stage->server);
    (void)uv_timer_init(loop, &stage->watch);
    (void)uv_timer_init(loop, &stage->frame_clock);
    stage->server.data = stage;
    stage->watch.data = stage;
    stage->frame_clock.data = stage;
    stage->n_handles = 3;
    int status = listen_on(stage, host, options->port);
    if (status < 0) {
        enum pal_err err = pal_error_set(error, PAL_ERR_CONFIG, "cannot listen on %s:%u: %s", host,
                                         options->port, uv_strerror(status));
        pal_stage_close(stage);
        return err;
    }
    (void)uv_timer_start(&stage->watch, on_watch, WATCH_MS, WATCH_MS);
    if (stage->room.is_framed && options->frame_clock_hz > 0) {
        uint64_t period_ms = 1000 / options->frame_clock_hz;
        (void)uv_timer_start(&stage->frame_clock, on_frame, period_ms, period_ms);
    }
    *created = stage;
    return PAL_OK;
}

unsigned
pal_stage_port(const struct pal_stage *stage)
{
    return stage->port;
}

const struct pal_stage_counts *
pal_stage_counts(const struct pal_stage *stage)
{
    return &stage->room.counts;
}

const struct pal_puppet *
pal_stage_puppet(struct pal_stage *stage)
{
    advance(stage);
    return &stage->room.puppet;
}

void
pal_stage_close(struct pal_stage *stage)
{
    if (stage == NULL) {
        return;
    }
    stage->is_closing = true;
    struct pal_stage_peer *next;
    for (struct pal_stage_peer *peer = stage->peers; peer != NULL; peer = next) {
        next = pal_stage_peer_next(peer);
        pal_stage_peer_close(peer);
    }
    uv_close((uv_handle_t *)&stage->server, on_handle_closed);
    uv_close((uv_handle_t *)&stage->watch, on_handle_closed);
    uv_close((uv_handle_t *)&stage->frame_clock, on_handle_closed);
}
