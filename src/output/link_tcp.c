#include "output/link_tcp.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define LOG_TOPIC "avatar"

#define RETRY_FIRST_MS 50
#define RETRY_MAX_MS   250

struct pal_link_tcp {
    uv_loop_t *loop;                     /* borrowed */
    struct pal_link_tcp_options options; /* host not kept */
    struct sockaddr_storage address;
    struct pal_dialogue *dialogue;
    uv_tcp_t *tcp;    /* NULL = no connection, and none in the making */
    uv_timer_t timer; /* the next try, or the dialogue's tick */
    uv_connect_t connect;
    uv_write_t write;
    bool is_writing;
    bool is_up; /* on_change(true) was called */
    bool is_closing;
    unsigned n_handles;
    uint64_t retry_ms;
    struct pal_buf sending;
    uint64_t n_connects;
    uint64_t n_overflows_logged;
    uint64_t n_round_trips; /* of the dialogue's, that round_trip knows */
    struct pal_recent round_trip;
};

static void try_connect(struct pal_link_tcp *link);
static void hang_up(struct pal_link_tcp *link, const char *why);

static void
free_when_empty(struct pal_link_tcp *link)
{
    if (link->is_closing && link->n_handles == 0) {
        pal_dialogue_destroy(link->dialogue);
        pal_buf_finish(&link->sending);
        free(link);
    }
}

static void
on_tcp_closed(uv_handle_t *handle)
{
    struct pal_link_tcp *link = handle->data;
    free(handle);
    link->n_handles--;
    link->is_writing = false;
    pal_buf_clear(&link->sending);
    if (!link->is_closing) {
        link->retry_ms = link->retry_ms == 0 ? RETRY_FIRST_MS : link->retry_ms * 2;
        link->retry_ms = link->retry_ms > RETRY_MAX_MS ? RETRY_MAX_MS : link->retry_ms;
        try_connect(link);
    }
    free_when_empty(link);
}

static void
on_timer_closed(uv_handle_t *handle)
{
    struct pal_link_tcp *link = handle->data;
    link->n_handles--;
    free_when_empty(link);
}

/* Tells the owner when the connection's state has changed for it. */
static void
tell(struct pal_link_tcp *link)
{
    bool up = pal_dialogue_is_settled(link->dialogue);
    if (up == link->is_up) {
        return;
    }
    link->is_up = up;
    if (up) {
        pal_log_info("avatar is there", "modern=%d", (int)pal_dialogue_is_modern(link->dialogue));
    }
    if (link->options.on_change != NULL) {
        link->options.on_change(up, link->options.userdata);
    }
}

static void on_tick(uv_timer_t *timer);

static void
arm_tick(struct pal_link_tcp *link)
{
    int64_t due_us = pal_dialogue_tick_due_us(link->dialogue);
    if (link->tcp == NULL || link->is_closing) {
        return;
    }
    if (due_us == INT64_MAX) {
        (void)uv_timer_stop(&link->timer);
        return;
    }
    int64_t wait_us = due_us - pal_now_us();
    uv_update_time(link->loop);
    (void)uv_timer_start(&link->timer, on_tick, wait_us > 0 ? (uint64_t)(wait_us + 999) / 1000 : 0,
                         0);
}

static void send_output(struct pal_link_tcp *link);

static void
on_written(uv_write_t *write, int status)
{
    struct pal_link_tcp *link = write->data;
    if (status < 0) {
        if (status != UV_ECANCELED) {
            link->is_writing = false;
            hang_up(link, uv_strerror(status));
        }
        return;
    }
    link->is_writing = false;
    pal_buf_clear(&link->sending);
    send_output(link);
}

/* One write for all that has gathered. What the socket doesn't take now, the loop goes on with. */
static void
send_output(struct pal_link_tcp *link)
{
    if (link->tcp == NULL || link->is_writing || !pal_dialogue_has_output(link->dialogue)) {
        return;
    }
    pal_dialogue_output(link->dialogue, &link->sending);
    uv_buf_t buf = uv_buf_init(link->sending.data, (unsigned)link->sending.len);
    int n = uv_try_write((uv_stream_t *)link->tcp, &buf, 1);
    if (n < 0 && n != UV_EAGAIN) {
        hang_up(link, uv_strerror(n));
        return;
    }
    if (n == (int)link->sending.len) {
        pal_buf_clear(&link->sending);
        return;
    }
    size_t sent = n > 0 ? (size_t)n : 0;
    buf = uv_buf_init(link->sending.data + sent, (unsigned)(link->sending.len - sent));
    link->is_writing = true;
    int status = uv_write(&link->write, (uv_stream_t *)link->tcp, &buf, 1, on_written);
    if (status < 0) {
        link->is_writing = false;
        hang_up(link, uv_strerror(status));
    }
}

static void
hang_up(struct pal_link_tcp *link, const char *why)
{
    if (link->tcp == NULL) {
        return;
    }
    if (pal_dialogue_is_connected(link->dialogue)) {
        pal_log_info("avatar is gone", "why=" PAL_LOG_STR, why);
    }
    uv_tcp_t *tcp = link->tcp;
    link->tcp = NULL;
    (void)uv_timer_stop(&link->timer);
    pal_dialogue_disconnected(link->dialogue);
    uv_close((uv_handle_t *)tcp, on_tcp_closed);
    tell(link);
}

static void
on_tick(uv_timer_t *timer)
{
    struct pal_link_tcp *link = timer->data;
    if (pal_dialogue_tick(link->dialogue, pal_now_us()) != PAL_OK) {
        hang_up(link, "no sign of life");
        return;
    }
    tell(link);
    send_output(link);
    arm_tick(link);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct pal_link_tcp *link = handle->data;
    unsigned char *bytes;
    size_t len;
    (void)suggested;
    pal_dialogue_room(link->dialogue, &bytes, &len);
    *buf = uv_buf_init((char *)bytes, (unsigned)len);
}

static void
note_round_trip(struct pal_link_tcp *link)
{
    const struct pal_dialogue_counts *counts = pal_dialogue_counts(link->dialogue);
    if (counts->n_round_trips != link->n_round_trips) {
        link->n_round_trips = counts->n_round_trips;
        pal_recent_add(&link->round_trip, counts->round_trip_us);
    }
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pal_link_tcp *link = stream->data;
    (void)buf;
    if (n < 0) {
        hang_up(link, uv_strerror((int)n));
        return;
    }
    if (n == 0) {
        return;
    }
    if (pal_dialogue_input(link->dialogue, (size_t)n, pal_now_us()) != PAL_OK) {
        pal_log_warn("avatar sends what is no reply", "port=%u", link->options.port);
        hang_up(link, "not an avatar");
        return;
    }
    note_round_trip(link);
    if (!link->is_up) {
        tell(link);
        arm_tick(link);
    }
    send_output(link);
}

/* On loopback a socket that looks for a port nobody listens on may be given that very port. */
static bool
is_connected_to_itself(const uv_tcp_t *tcp)
{
    struct sockaddr_storage here = {0};
    struct sockaddr_storage there = {0};
    int here_len = sizeof(here);
    int there_len = sizeof(there);
    return uv_tcp_getsockname(tcp, (struct sockaddr *)&here, &here_len) == 0 &&
           uv_tcp_getpeername(tcp, (struct sockaddr *)&there, &there_len) == 0 &&
           here_len == there_len && memcmp(&here, &there, (size_t)here_len) == 0;
}

static void
on_connected(uv_connect_t *connect, int status)
{
    struct pal_link_tcp *link = connect->data;
    if (status == UV_ECANCELED) {
        return;
    }
    if (status < 0 || is_connected_to_itself(link->tcp)) {
        hang_up(link, uv_strerror(status));
        return;
    }
    link->retry_ms = 0;
    link->n_connects++;
    (void)uv_tcp_nodelay(link->tcp, 1);
    (void)uv_tcp_keepalive(link->tcp, 1, 5);
    /* A peer that has vanished is noticed by what it does not acknowledge. */
    uv_os_fd_t fd;
    unsigned unacknowledged_ms = 3000;
    if (uv_fileno((uv_handle_t *)link->tcp, &fd) == 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
                         sizeof(unacknowledged_ms));
    }
    pal_dialogue_connected(link->dialogue, pal_now_us());
    (void)uv_read_start((uv_stream_t *)link->tcp, on_alloc, on_read);
    send_output(link);
    tell(link);
    arm_tick(link);
}

static void
connect_now(struct pal_link_tcp *link)
{
    link->tcp = pal_calloc(1, sizeof(*link->tcp));
    (void)uv_tcp_init(link->loop, link->tcp);
    link->tcp->data = link;
    link->n_handles++;
    int status =
        uv_tcp_connect(&link->connect, link->tcp, (struct sockaddr *)&link->address, on_connected);
    if (status < 0) {
        hang_up(link, uv_strerror(status));
    }
}

static void
on_retry(uv_timer_t *timer)
{
    connect_now(timer->data);
}

static void
try_connect(struct pal_link_tcp *link)
{
    uint64_t wait_ms = link->retry_ms;
    if (wait_ms > 0) { /* many programs that wait for one avatar should not knock together */
        wait_ms = wait_ms * (uint64_t)(75 + pal_now_us() % 50) / 100;
    }
    (void)uv_timer_start(&link->timer, on_retry, wait_ms, 0);
}

enum pal_err
pal_link_tcp_create(uv_loop_t *loop, const struct pal_link_tcp_options *options,
                    struct pal_link_tcp **created, struct pal_error *error)
{
    struct sockaddr_storage address = {0};
    const char *host = options->host != NULL ? options->host : "127.0.0.1";
    unsigned port = options->port != 0 ? options->port : 5555;
    if (strcmp(host, "localhost") == 0) {
        host = "127.0.0.1";
    }
    if (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)&address) < 0 &&
        uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)&address) < 0) {
        return pal_error_set(error, PAL_ERR_CONFIG,
                             "cannot reach the avatar: '%s' is not an address like 127.0.0.1",
                             host);
    }
    struct pal_link_tcp *link = pal_calloc(1, sizeof(*link));
    link->loop = loop;
    link->options = *options;
    link->options.host = NULL;
    link->options.port = port;
    link->address = address;
    link->dialogue = pal_dialogue_create(options->plain);
    pal_buf_init(&link->sending, PAL_DIALOGUE_OUT_MAX);
    (void)uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    link->connect.data = link;
    link->write.data = link;
    link->n_handles = 1;
    connect_now(link);
    *created = link;
    return PAL_OK;
}

static void
post_state(struct pal_link_tcp *link, struct pal_avatar_command command)
{
    enum pal_err err = pal_dialogue_post(link->dialogue, &command);
    PAL_ASSERT(err == PAL_OK); /* a known state is always taken */
}

static void
show_face(void *self, const struct pal_face *face)
{
    struct pal_link_tcp *link = self;
    for (size_t i = 0; i < PAL_N_EXPRESSIONS; i++) {
        post_state(link, (struct pal_avatar_command){.verb = PAL_AVATAR_SET_EXPRESSION,
                                                     .expression = (enum pal_expression)i,
                                                     .value = face->weights[i]});
    }
    post_state(link, (struct pal_avatar_command){
                         .verb = PAL_AVATAR_SET_HEAD,
                         .numbers = {face->head_deg[0], face->head_deg[1], face->head_deg[2]}});
    post_state(link, (struct pal_avatar_command){.verb = PAL_AVATAR_SET_TRANSITION_SPEED,
                                                 .value = face->speed});
    post_state(link, (struct pal_avatar_command){.verb = PAL_AVATAR_SET_AUTO_BLINK,
                                                 .enabled = face->auto_blink});
    post_state(link, (struct pal_avatar_command){.verb = PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT,
                                                 .enabled = face->auto_head,
                                                 .numbers = {3.0F, 7.0F, 5.0F}});
    send_output(link);
}

static void
close_link(void *self)
{
    struct pal_link_tcp *link = self;
    link->is_closing = true;
    link->options.on_change = NULL;
    hang_up(link, "closed by us");
    uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}

static void
report(const void *self, struct pal_link_report *report)
{
    const struct pal_link_tcp *link = self;
    const struct pal_dialogue_counts *counts = pal_dialogue_counts(link->dialogue);
    *report = (struct pal_link_report){
        .n_connections = link->is_up ? 1 : 0,
        .has_counts = true,
        .n_commands = counts->n_commands,
        .n_merged = counts->n_merged,
        .n_overflows = counts->n_overflows,
        .round_trip = &link->round_trip,
    };
}

struct pal_link
pal_link_tcp_link(struct pal_link_tcp *link)
{
    static const struct pal_link_ops ops = {
        .name = "tcp", .face = show_face, .close = close_link, .report = report};
    return (struct pal_link){&ops, link};
}

/* After a command was given to the dialogue. */
static enum pal_err
kick(struct pal_link_tcp *link, enum pal_err err, bool is_waiting)
{
    const struct pal_dialogue_counts *counts = pal_dialogue_counts(link->dialogue);
    if (counts->n_overflows != link->n_overflows_logged) {
        if (link->n_overflows_logged == 0) {
            pal_log_warn("Queue overflow", "queue=link port=%u", link->options.port);
        }
        link->n_overflows_logged = counts->n_overflows;
    }
    if (err == PAL_OK) {
        send_output(link);
        if (is_waiting) {
            arm_tick(link);
        }
    }
    return err;
}

enum pal_err
pal_link_tcp_post(struct pal_link_tcp *link, const struct pal_avatar_command *command)
{
    return kick(link, pal_dialogue_post(link->dialogue, command), false);
}

enum pal_err
pal_link_tcp_request(struct pal_link_tcp *link, const struct pal_avatar_command *command,
                     int64_t timeout_us, pal_dialogue_reply_fn reply_fn, void *userdata)
{
    return kick(link,
                pal_dialogue_request(link->dialogue, command, pal_now_us() + timeout_us, reply_fn,
                                     userdata),
                true);
}

enum pal_err
pal_link_tcp_batch(struct pal_link_tcp *link, const struct pal_avatar_command *commands,
                   size_t n_commands, int64_t timeout_us, pal_dialogue_reply_fn reply_fn,
                   void *userdata)
{
    return kick(link,
                pal_dialogue_batch(link->dialogue, commands, n_commands, pal_now_us() + timeout_us,
                                   reply_fn, userdata),
                reply_fn != NULL);
}

bool
pal_link_tcp_is_up(const struct pal_link_tcp *link)
{
    return link->is_up;
}

bool
pal_link_tcp_is_modern(const struct pal_link_tcp *link)
{
    return pal_dialogue_is_modern(link->dialogue);
}

const struct pal_dialogue_counts *
pal_link_tcp_counts(const struct pal_link_tcp *link)
{
    return pal_dialogue_counts(link->dialogue);
}

uint64_t
pal_link_tcp_n_connects(const struct pal_link_tcp *link)
{
    return link->n_connects;
}
