#include "access/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <wslay/wslay.h>

#include "access/route.h"
#define LOG_TOPIC "ws"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define PING_AFTER_US (20 * PAL_US_PER_S) /* of silence */
#define LOST_AFTER_US (60 * PAL_US_PER_S)
/* Messages that a peer may send: so many at once, and so many a second. */
#define BURST_MESSAGES       200
#define RATE_MESSAGES_S      50
#define KEY_BYTES            24 /* 16 random bytes in base64 */
#define ACCEPT_BYTES         28 /* 20 bytes of SHA-1 in base64 */
#define HANDSHAKE_GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define HANDSHAKE_SHA1_BYTES 20

struct pal_ws {
    struct pal_http_conn *conn; /* NULL = gone */
    wslay_event_context_ptr frames;
    struct pal_ws_handlers handlers;
    void *self;
    const char *input; /* what is being fed: the rest of it */
    size_t n_input;
    int64_t heard_us; /* when anything came last */
    int64_t pinged_us;
    int64_t budget_us; /* the pace: a message costs 1 s / RATE; see take_message() */
    uint32_t n_inside; /* calls into wslay that have not returned */
    bool ended;        /* nothing more is said; gone() has been or is about to be told */
};

/* Tells and frees once no call is inside. */
static void
leave(struct pal_ws *ws)
{
    ws->n_inside--;
    if (ws->n_inside > 0 || !ws->ended) {
        return;
    }
    if (ws->conn != NULL) {
        pal_http_upgraded_end(ws->conn);
        ws->conn = NULL;
    }
    struct pal_ws_handlers handlers = ws->handlers;
    void *self = ws->self;
    wslay_event_context_free(ws->frames);
    free(ws);
    handlers.gone(self);
}

/* The connection has gone by itself. */
static void
on_conn_gone(void *self)
{
    struct pal_ws *ws = self;
    ws->n_inside++;
    ws->conn = NULL;
    ws->ended = true;
    leave(ws);
}

static ssize_t
give_input(wslay_event_context_ptr frames, uint8_t *room, size_t len, int flags, void *userdata)
{
    (void)flags;
    struct pal_ws *ws = userdata;
    if (ws->n_input == 0) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t n = len < ws->n_input ? len : ws->n_input;
    memcpy(room, ws->input, n);
    ws->input += n;
    ws->n_input -= n;
    return (ssize_t)n;
}

static ssize_t
take_output(wslay_event_context_ptr frames, const uint8_t *bytes, size_t len, int flags,
            void *userdata)
{
    (void)flags;
    struct pal_ws *ws = userdata;
    if (ws->conn != NULL) {
        pal_http_upgraded_write(ws->conn, (const char *)bytes, len);
    }
    if (ws->conn == NULL) { /* found to be lost just now */
        wslay_event_set_error(frames, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return (ssize_t)len;
}

/* What has been queued goes out; after a closing frame that is the end. */
static void
flush(struct pal_ws *ws)
{
    if (ws->conn != NULL && wslay_event_send(ws->frames) != 0) {
        ws->ended = true;
    }
    if (wslay_event_get_close_sent(ws->frames) != 0 ||
        (wslay_event_want_read(ws->frames) == 0 && wslay_event_want_write(ws->frames) == 0)) {
        ws->ended = true;
    }
}

static void
queue_close(struct pal_ws *ws, enum pal_ws_close code, const char *reason)
{
    (void)wslay_event_queue_close(ws->frames, (uint16_t)code, (const uint8_t *)reason,
                                  strlen(reason));
    wslay_event_shutdown_read(ws->frames);
}

/* Is one more message within the pace? Each moves a mark ahead, and the mark may be a burst ahead
 * of now at most. */
static bool
take_message(struct pal_ws *ws)
{
    int64_t now_us = pal_now_us();
    if (ws->budget_us < now_us) {
        ws->budget_us = now_us;
    }
    ws->budget_us += PAL_US_PER_S / RATE_MESSAGES_S;
    return ws->budget_us - now_us <= PAL_US_PER_S / RATE_MESSAGES_S * BURST_MESSAGES;
}

static void
on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message,
           void *userdata)
{
    (void)frames;
    struct pal_ws *ws = userdata;
    if (ws->ended || wslay_is_ctrl_frame(message->opcode)) {
        return;
    }
    if (message->opcode != WSLAY_TEXT_FRAME) {
        queue_close(ws, PAL_WS_CLOSE_NOT_TEXT, "only text messages are understood");
    } else if (!take_message(ws)) {
        pal_log_warn("a page sends too fast, closed", "messages_s=%d", RATE_MESSAGES_S);
        queue_close(ws, PAL_WS_CLOSE_POLICY, "too many messages");
    } else {
        ws->handlers.text(ws->self, (const char *)message->msg, message->msg_length);
    }
}

static void
on_bytes(void *self, const char *bytes, size_t len)
{
    struct pal_ws *ws = self;
    ws->n_inside++;
    ws->heard_us = pal_now_us();
    ws->input = bytes;
    ws->n_input = len;
    if (wslay_event_recv(ws->frames) != 0) {
        ws->ended = true;
    }
    ws->n_input = 0; /* behind a closing frame nothing counts */
    flush(ws);
    leave(ws);
}

static void
on_tick(void *self, int64_t now_us)
{
    struct pal_ws *ws = self;
    ws->n_inside++;
    if (now_us - ws->heard_us > LOST_AFTER_US) {
        ws->ended = true;
    } else if (now_us - ws->heard_us > PING_AFTER_US && now_us - ws->pinged_us > PING_AFTER_US) {
        struct wslay_event_msg ping = {.opcode = WSLAY_PING};
        ws->pinged_us = now_us;
        (void)wslay_event_queue_msg(ws->frames, &ping);
        flush(ws);
    }
    if (!ws->ended) {
        ws->handlers.tick(ws->self, now_us);
    }
    leave(ws);
}

/* Is `word` in a field's list of words? */
static bool
has_word(const char *list, const char *word)
{
    size_t word_len = strlen(word);
    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        size_t len = strcspn(list, ", \t");
        if (len == word_len && strncasecmp(list, word, len) == 0) {
            return true;
        }
        list += len;
    }
    return false;
}

static bool
make_accept(const char *key, char accept[ACCEPT_BYTES + 1])
{
    char text[KEY_BYTES + sizeof(HANDSHAKE_GUID)];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n_digest = 0;
    (void)snprintf(text, sizeof(text), "%s" HANDSHAKE_GUID, key);
    return EVP_Digest(text, strlen(text), digest, &n_digest, EVP_sha1(), NULL) == 1 &&
           EVP_EncodeBlock((unsigned char *)accept, digest, HANDSHAKE_SHA1_BYTES) == ACCEPT_BYTES;
}

static struct pal_ws *
refuse(const struct pal_call *call, int status, const char *message)
{
    struct pal_api_failure failure = {.status = status, .code = "no_websocket", .message = message};
    pal_api_fail(call->conn, PAL_API_OPENAI, &failure,
                 status == 426 ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : NULL);
    return NULL;
}

struct pal_ws *
pal_ws_accept(const struct pal_call *call, const struct pal_ws_handlers *handlers, void *self)
{
    const struct pal_http_head *head = call->head;
    const char *key = pal_http_field(head, "sec-websocket-key");
    const char *version = pal_http_field(head, "sec-websocket-version");
    if (!has_word(pal_http_field(head, "upgrade"), "websocket") ||
        !has_word(pal_http_field(head, "connection"), "upgrade") || version == NULL ||
        strcmp(version, "13") != 0) {
        return refuse(call, 426,
                      "this path speaks WebSocket, version 13; see docs/page-protocol.md");
    }
    char accept[ACCEPT_BYTES + 1];
    if (head->method != PAL_HTTP_GET || key == NULL || strlen(key) != KEY_BYTES) {
        return refuse(call, 400, "the WebSocket handshake is malformed");
    }
    if (!make_accept(key, accept)) {
        return refuse(call, 500, "SHA-1 is not available");
    }
    struct pal_ws *ws = pal_calloc(1, sizeof(*ws));
    ws->handlers = *handlers;
    ws->self = self;
    ws->conn = call->conn;
    ws->heard_us = pal_now_us();
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = give_input,
        .send_callback = take_output,
        .on_msg_recv_callback = on_message,
    };
    PAL_ASSERT(wslay_event_context_server_init(&ws->frames, &callbacks, ws) == 0);
    wslay_event_config_set_max_recv_msg_length(ws->frames, PAL_WS_MESSAGE_BYTES_MAX);
    char fields[128];
    (void)snprintf(fields, sizeof(fields), "Upgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n",
                   accept);
    ws->n_inside++; /* whoever asked must get it before it can go */
    struct pal_http_watcher watcher = {.gone = on_conn_gone, .tick = on_tick, .self = ws};
    pal_http_upgrade(call->conn, fields, watcher, on_bytes);
    ws->n_inside--;
    if (ws->ended) {
        wslay_event_context_free(ws->frames);
        free(ws);
        return NULL;
    }
    return ws;
}

void
pal_ws_send(struct pal_ws *ws, const char *text, size_t len)
{
    if (ws->ended) {
        return;
    }
    ws->n_inside++;
    struct wslay_event_msg message = {
        .opcode = WSLAY_TEXT_FRAME, .msg = (const uint8_t *)text, .msg_length = len};
    if (wslay_event_queue_msg(ws->frames, &message) == 0) {
        flush(ws);
    }
    leave(ws);
}

void
pal_ws_close(struct pal_ws *ws, enum pal_ws_close code, const char *reason)
{
    if (ws->ended) {
        return;
    }
    ws->n_inside++;
    queue_close(ws, code, reason);
    flush(ws);
    leave(ws);
}
