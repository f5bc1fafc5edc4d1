#ifndef PAL_BENCH_IPC_H
#define PAL_BENCH_IPC_H
/*
 * palabre bench ipc: what the avatar link costs, beside the limit that the same bytes meet on a
 * bare TCP connection in the same run. Its parts share these helpers. Main thread only.
 */
#include <sys/types.h>

#include "bench/bench.h"
#include "output/avatar_encode.h"

/* --- ipc_peer.c: the other ends, each a process of its own --- */

/* A running `palabre avatar`. */
struct ipc_avatar {
    pid_t pid;
    unsigned port;
};

/* This very program as `palabre avatar --port 0 --frame-clock HZ`. False: it did not start. */
bool ipc_avatar_start(struct ipc_avatar *avatar, unsigned frame_clock_hz);
void ipc_avatar_stop(struct ipc_avatar *avatar);

/* A process that reads n_request bytes and answers n_reply, again and again, on plain TCP. */
struct ipc_echo {
    pid_t pid;
    int fd; /* our end of the connection */
};

bool ipc_echo_start(struct ipc_echo *echo, size_t n_request, size_t n_reply);
void ipc_echo_stop(struct ipc_echo *echo);

/* --- ipc_wire.c: a blocking connection, as plain as it gets --- */

/* Connected to an avatar, its greeting read; TCP_NODELAY. -1: failed. */
int ipc_connect(unsigned port);
bool ipc_send(int fd, const void *bytes, size_t len);
/* Reads exactly len bytes. */
bool ipc_receive(int fd, void *bytes, size_t len);
/* Reads one line into a buffer of `room` bytes; its length, 0 = failed. */
size_t ipc_receive_line(int fd, char *line, size_t room);
/* Commands that the avatar has applied since it started; -1: no answer. */
int64_t ipc_applied(int fd);

/* n round trips of these bytes, microseconds each; false if one fails. */
bool ipc_ping_pong(int fd, const void *request, size_t n_request, size_t n_reply, size_t n,
                   double *samples_us);

/* --- the parts of the bench --- */

void ipc_bench_round_trip(struct pal_bench *bench, struct ipc_avatar *avatar,
                          struct ipc_avatar *framed, bool quick);
void ipc_bench_sizes(struct pal_bench *bench, struct ipc_avatar *avatar, bool quick);
void ipc_bench_rate(struct pal_bench *bench, struct ipc_avatar *avatar, bool quick);
void ipc_bench_batches(struct pal_bench *bench, struct ipc_avatar *avatar, bool quick);
void ipc_bench_split(struct pal_bench *bench, struct ipc_avatar *avatar);
void ipc_bench_bytes(struct pal_bench *bench);
void ipc_bench_piece(struct pal_bench *bench, struct ipc_avatar *avatar, bool quick);
/* `model`: a path or a name; NULL = the starter. */
void ipc_bench_engine(struct pal_bench *bench, struct ipc_avatar *avatar, const char *model,
                      bool quick);

/* Writes IPC_OPTIMIZATION.md from the rows; false: it can't be written. */
bool ipc_write_report(const struct pal_bench *bench, const char *path);

/* A run of `set_expression` commands whose values all differ. */
void ipc_fill_commands(struct pal_avatar_command *commands, size_t n);

#endif
