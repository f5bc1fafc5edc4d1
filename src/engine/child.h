#ifndef PAL_ENGINE_CHILD_H
#define PAL_ENGINE_CHILD_H
/*
 * One life of the engine: a process (or, in tests, a thread) with a socket to it. local.c starts
 * another when one is gone. Loop thread only; nothing blocks.
 */
#include <uv.h>

#include "engine/wire.h"

struct pal_child;

/* How a life ended; all zero for a thread. */
struct pal_child_end {
    int exit_status;
    int signal;
};

struct pal_child_callbacks {
    /* In order. The message and its text are valid during the call only. */
    void (*on_message)(const struct pal_wire_message *message, void *userdata);
    /* Exactly once, last: process reaped, socket drained; the child is freed after the call. */
    void (*on_gone)(const struct pal_child_end *end, void *userdata);
};

/*
 * Starts `program engine`, or a thread if program is NULL, and sends it the settings. `callbacks`
 * and `userdata` are borrowed until on_gone. On an error nothing was started.
 */
enum pal_err pal_child_start(uv_loop_t *loop, const char *program,
                             const struct pal_settings *settings,
                             const struct pal_child_callbacks *callbacks, void *userdata,
                             struct pal_child **child, struct pal_error *error) PAL_MUST_USE;

/*
 * The same in two parts, for a process that is to link its libraries while its settings are still
 * being made. employ: on_gone tells if it has died meanwhile.
 */
enum pal_err pal_child_hire(uv_loop_t *loop, const char *program, const char *llama_dir,
                            const struct pal_child_callbacks *callbacks, void *userdata,
                            struct pal_child **child, struct pal_error *error) PAL_MUST_USE;
void pal_child_employ(struct pal_child *child, const struct pal_settings *settings,
                      const struct pal_child_callbacks *callbacks, void *userdata);
/* Whom it tells from now on. Nothing is lost, as long as the loop has not run since. */
void pal_child_follow(struct pal_child *child, const struct pal_child_callbacks *callbacks,
                      void *userdata);

/*
 * Sends the frames in `bytes` and empties it. PAL_ERR_BUSY: it has read too little so far (the
 * bytes are kept); PAL_ERR_CLOSED: it is going.
 */
enum pal_err pal_child_send(struct pal_child *child, struct pal_buf *bytes) PAL_MUST_USE;

/* Ends it: by SIGTERM or SIGKILL a process; a thread by closing its socket, which it notices. */
void pal_child_kill(struct pal_child *child, int signal);

/* Its end of the socket is closed, but the process is still there. */
bool pal_child_is_cut_off(const struct pal_child *child);
int pal_child_pid(const struct pal_child *child); /* 0 for a thread */

#endif
