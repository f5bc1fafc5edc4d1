#ifndef PALABRE_AVATAR_H
#define PALABRE_AVATAR_H
/*
 * Driving an avatar, and playing one, over the palabre avatar link (TCP, port 5555): `palabre
 * avatar`, a Unity application that listens there, or your own program. The bytes are described in
 * docs/avatar-protocol.md; this library knows them, batches, MessagePack, reconnecting, and what a
 * real Unity can't do.
 *
 *     cc example.c $(pkg-config --cflags --libs palabre-avatar)
 *
 * Threads: each object has a thread of its own for the socket; every function may be called from
 * any thread, except where it says otherwise, and none blocks unless it is given a timeout.
 * Callbacks run on the object's own thread. Units: milliseconds (_ms), seconds (_s), degrees
 * (_deg), weights from 0 to 1. Strings are UTF-8 and copied. Errors are the values below; nothing
 * is printed, no signal is raised, the locale does not matter. Linux.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PALABRE_AVATAR_API __attribute__((visibility("default")))

/* What a function returns. */
enum palabre_avatar_result {
    PALABRE_AVATAR_OK = 0,
    PALABRE_AVATAR_NOT_CONNECTED = -1, /* no avatar is there; it is being looked for */
    PALABRE_AVATAR_BUSY = -2,          /* too much waits to be sent; this one was not taken */
    PALABRE_AVATAR_BAD_ARGUMENT = -3,  /* NULL, NaN, or a text that this avatar would misread */
    PALABRE_AVATAR_TIMEOUT = -4,       /* sent, but not answered in time */
    PALABRE_AVATAR_REFUSED = -5,       /* the avatar answered that it can't */
    PALABRE_AVATAR_UNSUPPORTED = -6,   /* this avatar never answers that: don't wait for it */
    PALABRE_AVATAR_SYSTEM = -7,        /* no thread, no socket, the port is taken: see errno */
};

/* The result in English, one line. Static storage. */
PALABRE_AVATAR_API const char *palabre_avatar_describe(int result);

/* --- driving an avatar --- */

struct palabre_avatar;

struct palabre_avatar_options {
    size_t size;      /* sizeof(struct palabre_avatar_options): the library may grow */
    const char *host; /* a numeric address; NULL = 127.0.0.1 */
    uint16_t port;    /* 0 = 5555 */
    int plain;        /* not 0: use only what a real Unity understands */
};

/*
 * Starts looking for the avatar and returns at once; the connection comes, goes and comes back by
 * itself, and each time the whole face is sent again. options may be NULL. On success *avatar is
 * yours until palabre_avatar_close().
 */
PALABRE_AVATAR_API int palabre_avatar_connect(const struct palabre_avatar_options *options,
                                              struct palabre_avatar **avatar);

/* Waits until an avatar is there and it is known what it can. OK or TIMEOUT. */
PALABRE_AVATAR_API int palabre_avatar_wait(struct palabre_avatar *avatar, int timeout_ms);

/* 1 if an avatar is there; 2 if it also knows batches, MessagePack and answers; else 0. */
PALABRE_AVATAR_API int palabre_avatar_is_connected(struct palabre_avatar *avatar);

/*
 * The face. These are states: they are remembered, also while nobody is there (OK), the newest
 * value wins, and nothing is sent that the avatar already has. They don't wait for an answer.
 * name: "joy", "sorrow", ... or VRM 1.0's "happy", ... or one of the avatar's own, 63 bytes at
 * most.
 */
PALABRE_AVATAR_API int palabre_avatar_set_expression(struct palabre_avatar *avatar,
                                                     const char *name, float weight);
PALABRE_AVATAR_API int palabre_avatar_reset_expressions(struct palabre_avatar *avatar);
/* How fast expressions follow: 0.1 to 10, the part of the way left that goes by each second. */
PALABRE_AVATAR_API int palabre_avatar_set_speed(struct palabre_avatar *avatar, float speed);
PALABRE_AVATAR_API int palabre_avatar_set_blink(struct palabre_avatar *avatar, int enabled);
PALABRE_AVATAR_API int palabre_avatar_set_head_movement(struct palabre_avatar *avatar, int enabled,
                                                        float min_interval_s, float max_interval_s,
                                                        float max_angle_deg);
PALABRE_AVATAR_API int palabre_avatar_set_head(struct palabre_avatar *avatar, float yaw_deg,
                                               float pitch_deg, float roll_deg);

/*
 * Orders, sent once. With timeout_ms > 0 it waits for the answer (OK, REFUSED, TIMEOUT); with 0 it
 * does not. NOT_CONNECTED if nobody is there: an order is not kept.
 */
PALABRE_AVATAR_API int palabre_avatar_load_model(struct palabre_avatar *avatar, const char *path,
                                                 int timeout_ms);
PALABRE_AVATAR_API int palabre_avatar_unload_model(struct palabre_avatar *avatar, int timeout_ms);
PALABRE_AVATAR_API int palabre_avatar_animate(struct palabre_avatar *avatar, const char *name,
                                              int timeout_ms);

/* Waits until the avatar has done everything that was sent before. UNSUPPORTED by a real Unity. */
PALABRE_AVATAR_API int palabre_avatar_await(struct palabre_avatar *avatar, int timeout_ms);

/*
 * Several calls as one message, applied by the avatar between two frames. Between begin and send
 * the functions above (with timeout 0) only collect, 4096 at most; palabre_avatar_send() sends, and
 * waits for the answer if timeout_ms > 0. Begin, the calls and send belong to one thread.
 */
PALABRE_AVATAR_API int palabre_avatar_begin(struct palabre_avatar *avatar);
PALABRE_AVATAR_API int palabre_avatar_send(struct palabre_avatar *avatar, int timeout_ms);

/* Hangs up and frees; waiting calls of other threads must have returned. NULL is allowed. */
PALABRE_AVATAR_API void palabre_avatar_close(struct palabre_avatar *avatar);

/* --- playing one --- */

struct palabre_stage;

enum palabre_stage_event_kind {
    PALABRE_STAGE_EXPRESSION = 1,    /* name, value */
    PALABRE_STAGE_RESET = 2,         /* all moods off */
    PALABRE_STAGE_SPEED = 3,         /* value */
    PALABRE_STAGE_BLINK = 4,         /* enabled */
    PALABRE_STAGE_HEAD_MOVEMENT = 5, /* enabled, numbers: min s, max s, degrees */
    PALABRE_STAGE_LOAD_MODEL = 6,    /* name: its path */
    PALABRE_STAGE_UNLOAD_MODEL = 7,
    PALABRE_STAGE_BLENDSHAPE = 8, /* name, value: at once, without easing */
    PALABRE_STAGE_HEAD = 9,       /* numbers: yaw, pitch, roll in degrees */
    PALABRE_STAGE_ANIMATION = 12, /* name */
    PALABRE_STAGE_MOVE = 13,      /* name: the direction */
};

struct palabre_stage_event {
    int kind;         /* a number that is not above: ignore it */
    const char *name; /* NUL-terminated, valid during the call; NULL where there is none */
    float value;
    int enabled;
    float numbers[3];
};

struct palabre_stage_options {
    size_t size;
    const char *host;     /* a numeric address; NULL = 127.0.0.1 */
    uint16_t port;        /* 5555, or 0 = any free one */
    unsigned max_clients; /* 0 = 8 */
    /* One command that a client has sent, checked and clamped, on the stage's thread. */
    void (*on_event)(const struct palabre_stage_event *event, void *userdata);
    void *userdata;
};

/* Listens and answers clients by itself; on success *stage is yours until palabre_stage_close(). */
PALABRE_AVATAR_API int palabre_stage_open(const struct palabre_stage_options *options,
                                          struct palabre_stage **stage);
PALABRE_AVATAR_API uint16_t palabre_stage_port(const struct palabre_stage *stage);
/* No call of on_event() comes after it. Not from on_event() itself. NULL is allowed. */
PALABRE_AVATAR_API void palabre_stage_close(struct palabre_stage *stage);

#ifdef __cplusplus
}
#endif

#endif
