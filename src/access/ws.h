#ifndef PAL_ACCESS_WS_H
#define PAL_ACCESS_WS_H
/*
 * One WebSocket (RFC 6455) on a connection of our HTTP server: handshake, messages, pings. The
 * framing is libwslay's. Only text is spoken; no extension is.
 *
 * What a peer can make grow has an end: a message PAL_WS_MESSAGE_BYTES_MAX, their pace (closed with
 * 1008), what waits for a slow reader (http_server.h: closed). A silent peer is pinged, and closed
 * when it does not answer.
 *
 * Loop thread only.
 */
#include <stddef.h>
#include <stdint.h>

struct pal_call; /* access/route.h */
struct pal_ws;

#define PAL_WS_MESSAGE_BYTES_MAX ((size_t)64 * 1024)

/* Why it is closed, told to the peer (RFC 6455, 7.4.1). */
enum pal_ws_close {
    PAL_WS_CLOSE_NORMAL = 1000,
    PAL_WS_CLOSE_NOT_TEXT = 1003,
    PAL_WS_CLOSE_POLICY = 1008,
    PAL_WS_CLOSE_TRY_LATER = 1013,
};

struct pal_ws_handlers {
    /* A whole message of valid UTF-8; text is valid during the call, without a NUL behind it. */
    void (*text)(void *self, const char *text, size_t len);
    /* About twice a second. */
    void (*tick)(void *self, int64_t now_us);
    /* It has ended, from whatever side; told once, and the pal_ws is gone afterwards. May come
     * from inside pal_ws_send() and pal_ws_close(). */
    void (*gone)(void *self);
};

/*
 * Answers the request: with 101 and a WebSocket, or with an error and NULL. The handlers' `self` is
 * given to each of them.
 */
struct pal_ws *pal_ws_accept(const struct pal_call *call, const struct pal_ws_handlers *handlers,
                             void *self);
/* Sends a text message of valid UTF-8. */
void pal_ws_send(struct pal_ws *ws, const char *text, size_t len);
/* Says why and ends it. `reason`: short, English. */
void pal_ws_close(struct pal_ws *ws, enum pal_ws_close code, const char *reason);

#endif
