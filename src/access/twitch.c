#include "access/twitch.h"

#include <stdlib.h>
#include <string.h>

#include "access/dial.h"
#include "chat/room.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "twitch"
#include "util/log.h"

#define CONNECT_WITHIN_MS 20000
#define UNSENT_BYTES_MAX  ((size_t)128 * 1024)

#define RETRY_FIRST_MS 500
#define RETRY_MAX_MS   60000
#define RETRY_PART     10           /* the next try waits for a tenth of the time so far */
#define LASTING_US     PAL_US_PER_S /* a connection that held so long was a good one */
#define TOLD_AFTER_US  (5 * PAL_US_PER_S)

struct pal_twitch {
    uv_loop_t *loop;
    struct pal_room *room;
    struct pal_twitch_options options; /* its strings are not kept, but: */
    char *host;                        /* owned */
    char *ca_file;                     /* owned; or NULL */
    struct pal_twitch_session *session;
    struct pal_dial *dial; /* NULL = none */
    bool is_connected;
    bool is_refused;
    bool is_pumping; /* pump() is at work further up */
    bool is_closing;
    uv_timer_t retry;  /* the next try to connect */
    uv_timer_t moment; /* when the session wants to be asked again */
    unsigned n_timers; /* whose close callback is still to come */
    uint64_t random;
    int64_t gone_us; /* since when there is no good connection */
    bool was_told;   /* that it does not come back */
    int64_t connected_us;
    uint64_t n_connects;
    uint64_t n_lost;
    pal_twitch_closed_fn on_closed;
    void *closed_userdata;
};

static void schedule_retry(struct pal_twitch *twitch);
static void arm(struct pal_twitch *twitch);
static void pump(struct pal_twitch *twitch);

/* ---- the session's moments ---- */

static void
hang_up(struct pal_twitch *twitch, const struct pal_error *why)
{
    bool was_ready = pal_twitch_session_is_ready(twitch->session);
    int64_t now_us = pal_now_us();
    if (twitch->is_connected && now_us - twitch->connected_us >= LASTING_US) {
        twitch->gone_us = now_us;
        twitch->was_told = false;
    }
    bool is_to_tell = was_ready || (!twitch->was_told && now_us - twitch->gone_us >= TOLD_AFTER_US);
    pal_dial_close(twitch->dial);
    twitch->dial = NULL;
    twitch->is_connected = false;
    twitch->n_lost += was_ready ? 1 : 0;
    pal_log_info("connection is gone", "why=" PAL_LOG_STR, why->text);
    pal_twitch_session_disconnected(twitch->session, now_us);
    if (why->code == PAL_ERR_DENIED && was_ready) {
        pal_log_warn("refused", "why=" PAL_LOG_STR, why->text);
    }
    if (twitch->options.news != NULL && is_to_tell) {
        twitch->was_told = !was_ready;
        twitch->options.news(twitch->options.userdata, PAL_TWITCH_NEWS_LOST, "", why->text);
    }
    if (!twitch->is_refused) {
        schedule_retry(twitch);
    }
    arm(twitch);
}

static void
on_moment(uv_timer_t *timer)
{
    pump(timer->data);
}

static void
arm(struct pal_twitch *twitch)
{
    int64_t now_us = pal_now_us();
    int64_t due_us = pal_twitch_session_due_us(twitch->session, now_us);
    if (due_us == INT64_MAX) {
        (void)uv_timer_stop(&twitch->moment);
        return;
    }
    int64_t wait_us = due_us > now_us ? due_us - now_us : 0;
    uv_update_time(twitch->loop);
    (void)uv_timer_start(&twitch->moment, on_moment, (uint64_t)(wait_us + 999) / 1000, 0);
}

/* All that is due now, and what it wants sent. */
static void
pump(struct pal_twitch *twitch)
{
    struct pal_error error;
    if (twitch->is_pumping || twitch->is_closing) {
        return;
    }
    twitch->is_pumping = true;
    enum pal_err err = pal_twitch_session_tick(twitch->session, pal_now_us(), &error);
    struct pal_buf *output = pal_twitch_session_output(twitch->session);
    if (twitch->is_connected && output->len > 0) {
        enum pal_err sent = pal_dial_send(twitch->dial, output->data, output->len);
        pal_buf_consume(output, output->len);
        if (err == PAL_OK && sent != PAL_OK) {
            err = pal_error_set(&error, sent, "the server does not read");
        }
    }
    twitch->is_pumping = false;
    if (err != PAL_OK && twitch->is_connected) {
        hang_up(twitch, &error);
    } else {
        arm(twitch);
    }
}

/* ---- the connection ---- */

static void
on_connected(void *self)
{
    struct pal_twitch *twitch = self;
    twitch->is_connected = true;
    twitch->connected_us = pal_now_us();
    pal_twitch_session_connected(twitch->session, twitch->connected_us);
    pump(twitch);
}

static void
on_bytes(void *self, const char *bytes, size_t len)
{
    struct pal_twitch *twitch = self;
    struct pal_error error;
    twitch->is_pumping = true; /* what the room says meanwhile goes out below */
    enum pal_err err = pal_twitch_session_input(twitch->session, bytes, len, pal_now_us(), &error);
    twitch->is_pumping = false;
    if (err == PAL_OK) {
        pump(twitch);
        return;
    }
    twitch->is_refused = err == PAL_ERR_DENIED;
    hang_up(twitch, &error);
}

static void
on_ended(void *self, const struct pal_error *why)
{
    struct pal_twitch *twitch = self;
    twitch->dial = NULL;
    hang_up(twitch, why);
}

static void
connect_now(uv_timer_t *timer)
{
    static const struct pal_dial_ops ops = {on_connected, on_bytes, on_ended};
    struct pal_twitch *twitch = timer->data;
    const struct pal_dial_options options = {
        .host = twitch->host,
        .port = twitch->options.port,
        .tls = twitch->options.tls,
        .ca_file = twitch->ca_file,
        .within_ms = CONNECT_WITHIN_MS,
        .max_unsent_bytes = UNSENT_BYTES_MAX,
    };
    struct pal_error error;
    twitch->n_connects++;
    if (pal_dial_open(twitch->loop, &options, &ops, twitch, &twitch->dial, &error) != PAL_OK) {
        hang_up(twitch, &error);
    }
}

/* Cheap, and nobody has to guess it: it only spreads those who come back. */
static uint64_t
next_random(struct pal_twitch *twitch)
{
    twitch->random = twitch->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return twitch->random >> 33;
}

static void
schedule_retry(struct pal_twitch *twitch)
{
    int64_t gone_ms = (pal_now_us() - twitch->gone_us) / PAL_US_PER_MS;
    uint64_t wait_ms = (uint64_t)gone_ms / RETRY_PART;
    wait_ms = wait_ms > RETRY_FIRST_MS ? wait_ms : RETRY_FIRST_MS;
    wait_ms = wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS;
    wait_ms = wait_ms * (80 + next_random(twitch) % 40) / 100;
    uv_update_time(twitch->loop);
    (void)uv_timer_start(&twitch->retry, connect_now, wait_ms, 0);
}

/* ---- the session's events go to the room ---- */

static void
on_line(void *self, const struct pal_line *line)
{
    pal_room_line(((struct pal_twitch *)self)->room, line);
}

static void
on_clear_user(void *self, const char *channel, const char *user_id)
{
    pal_room_clear_user(((struct pal_twitch *)self)->room, "twitch", channel, user_id);
}

static void
on_clear_message(void *self, const char *channel, const char *message_id)
{
    pal_room_clear_message(((struct pal_twitch *)self)->room, "twitch", channel, message_id);
}

static void
on_said(void *self, uint64_t tag, enum pal_outbox_fate fate, const char *text)
{
    struct pal_twitch *twitch = self;
    if (fate != PAL_OUTBOX_SENT && fate != PAL_OUTBOX_TAKEN_BACK) {
        pal_log_info("message", "fate=%s tag=%llu", pal_outbox_fate_name(fate),
                     (unsigned long long)tag);
    }
    pal_room_said(twitch->room, tag, text != NULL, text);
}

static void say(void *self, const char *channel, const char *reply_to, const char *text,
                uint64_t tag);
static void take_back(void *self, uint64_t tag);
static const struct pal_voice_ops voice = {say, take_back};

static void
on_news(void *self, enum pal_twitch_news news, const char *channel, const char *text)
{
    static const char *const names[] = {"logged in", "joined",       "not joined",
                                        "banned",    "login failed", "lost"};
    struct pal_twitch *twitch = self;
    bool is_bad = news != PAL_TWITCH_NEWS_LOGGED_IN && news != PAL_TWITCH_NEWS_JOINED;
    pal_log_write(is_bad ? PAL_LOG_WARN : PAL_LOG_INFO, LOG_TOPIC, names[news],
                  "channel=" PAL_LOG_STR " text=" PAL_LOG_STR, channel, text);
    if (news == PAL_TWITCH_NEWS_LOGGED_IN) {
        bool listens = pal_twitch_session_is_read_only(twitch->session);
        pal_room_set_voice(twitch->room, "twitch", listens ? NULL : text, &voice, twitch);
    }
    if (twitch->options.news != NULL) {
        twitch->options.news(twitch->options.userdata, news, channel, text);
    }
}

static void
say(void *self, const char *channel, const char *reply_to, const char *text, uint64_t tag)
{
    struct pal_twitch *twitch = self;
    if (twitch->is_closing) {
        pal_room_said(twitch->room, tag, false, NULL);
        return;
    }
    pal_twitch_session_say(twitch->session, channel, reply_to, text, tag, pal_now_us());
    pump(twitch);
}

static void
take_back(void *self, uint64_t tag)
{
    struct pal_twitch *twitch = self;
    if (!twitch->is_closing) {
        pal_twitch_session_take_back(twitch->session, tag);
        arm(twitch);
    }
}

/* ---- birth and death ---- */

static enum pal_err
open_session(struct pal_twitch *twitch, const struct pal_twitch_options *options,
             struct pal_error *error)
{
    static const struct pal_twitch_session_ops ops = {on_line, on_clear_user, on_clear_message,
                                                      on_said, on_news};
    const struct pal_twitch_session_options settings = {
        .login = options->login,
        .token = options->token,
        .channels = options->channels,
        .limits = pal_outbox_limits_twitch(),
        .seed = (uint32_t)next_random(twitch),
    };
    return pal_twitch_session_create(&settings, &ops, twitch, &twitch->session, error);
}

enum pal_err
pal_twitch_open(uv_loop_t *loop, const struct pal_twitch_options *options, struct pal_room *room,
                struct pal_twitch **opened, struct pal_error *error)
{
    struct pal_twitch *twitch = pal_calloc(1, sizeof(*twitch));
    twitch->loop = loop;
    twitch->room = room;
    twitch->gone_us = pal_now_us();
    twitch->random = (uint64_t)twitch->gone_us;
    enum pal_err err = open_session(twitch, options, error);
    if (err != PAL_OK) {
        free(twitch);
        return err;
    }
    twitch->options = *options;
    twitch->options.host = NULL;
    twitch->options.ca_file = NULL;
    twitch->options.login = NULL;
    twitch->options.token = NULL;
    twitch->options.channels = NULL;
    twitch->host = pal_strdup(options->host);
    twitch->ca_file = pal_strdup(options->ca_file);
    (void)uv_timer_init(loop, &twitch->retry);
    (void)uv_timer_init(loop, &twitch->moment);
    twitch->retry.data = twitch;
    twitch->moment.data = twitch;
    twitch->n_timers = 2;
    (void)uv_timer_start(&twitch->retry, connect_now, 0, 0);
    *opened = twitch;
    return PAL_OK;
}

static void
on_timer_closed(uv_handle_t *handle)
{
    struct pal_twitch *twitch = handle->data;
    if (--twitch->n_timers > 0) {
        return;
    }
    pal_twitch_closed_fn on_closed = twitch->on_closed;
    void *userdata = twitch->closed_userdata;
    free(twitch->host);
    free(twitch->ca_file);
    free(twitch);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

void
pal_twitch_close(struct pal_twitch *twitch, pal_twitch_closed_fn on_closed, void *userdata)
{
    if (twitch == NULL) {
        if (on_closed != NULL) {
            on_closed(userdata);
        }
        return;
    }
    twitch->is_closing = true;
    twitch->on_closed = on_closed;
    twitch->closed_userdata = userdata;
    pal_dial_close(twitch->dial);
    twitch->dial = NULL;
    pal_twitch_session_destroy(twitch->session);
    twitch->session = NULL;
    uv_close((uv_handle_t *)&twitch->retry, on_timer_closed);
    uv_close((uv_handle_t *)&twitch->moment, on_timer_closed);
}

struct pal_twitch_status
pal_twitch_status(const struct pal_twitch *twitch)
{
    return (struct pal_twitch_status){
        .is_ready = pal_twitch_session_is_ready(twitch->session),
        .is_read_only = pal_twitch_session_is_read_only(twitch->session),
        .is_refused = twitch->is_refused,
        .n_channels_joined = pal_twitch_session_n_joined(twitch->session),
        .n_connects = twitch->n_connects,
        .n_lost = twitch->n_lost,
        .counts = pal_twitch_session_counts(twitch->session),
    };
}
