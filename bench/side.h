#ifndef PAL_BENCH_SIDE_H
#define PAL_BENCH_SIDE_H
/*
 * palabre bench side: the same work given to several servers of OpenAI's API in turn, A B A B, on
 * the same machine in one run. The first server is the one that is compared with each of the
 * others. Its parts share this.
 *
 * Requests run on threads of their own, one for each user; everything else is the main thread's.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <curl/curl.h>
#include <jansson.h>

#include "bench/bench.h"
#include "util/buf.h"

#define SIDE_SERVERS_MAX 6
#define SIDE_ROUNDS_MAX  50
#define SIDE_USERS_MAX   64
#define SIDE_WHY_MAX     200

/* --- side_server.c: who is asked --- */

struct side_server {
    char *label;
    char *base;             /* "http://127.0.0.1:8080" */
    char *command;          /* starts it; NULL = it runs already */
    bool is_pinned;         /* each user is sent to a slot of its own (llama-server's id_slot) */
    pid_t pid;              /* of the command's group; 0 = not started by us */
    double bytes_per_token; /* of the text that the speed is measured with; 0 = not known yet */
};

/* Starts the command, if there is one. */
enum pal_err side_server_spawn(struct side_server *server, struct pal_error *error) PAL_MUST_USE;
/* Until it gives a first token, or PAL_ERR_TIMEOUT. */
enum pal_err side_server_await(struct side_server *server, struct pal_error *error) PAL_MUST_USE;
/* Ends what was started here, politely and then for good. */
void side_server_stop(struct side_server *server);

/* Processes that do nothing but want a core. */
struct side_busy {
    pid_t pids[16];
    unsigned n;
};
void side_busy_start(struct side_busy *busy, unsigned n);
void side_busy_stop(struct side_busy *busy);

/* --- side_request.c: one request --- */

struct side_piece {
    int64_t at_us;
    uint32_t n_bytes;
};

struct side_answer {
    bool ok;
    char why[SIDE_WHY_MAX];
    int64_t sent_us;
    int64_t end_us;
    struct pal_buf text;
    struct side_piece *pieces; /* owned */
    size_t n_pieces;
    double n_prompt; /* tokens; < 0 = the server does not say */
    double n_evaluated;
    double n_completion;
};

struct side_ask {
    const struct side_server *server;
    const json_t *messages;
    uint32_t user; /* which slot, where they are pinned */
    uint32_t max_tokens;
    int64_t until_us; /* the connection is closed then, which is no failure; 0 = never */
    const bool *stop; /* and when this becomes true (read atomically); NULL = never */
    uint32_t *n_seen; /* pieces so far (written atomically); NULL = nobody asks */
};

/* *answer is filled and to be finished in every case. Any thread. */
void side_request(const struct side_ask *ask, struct side_answer *answer);
void side_answer_finish(struct side_answer *answer);
/* From the request to its first text, ms; < 0 if there was none. */
double side_answer_first_ms(const struct side_answer *answer);

/* --- side_work.c: what they are given to do --- */

enum side_work {
    SIDE_CHAT,    /* users who talk at once: mean latency, ms */
    SIDE_VIEWERS, /* many viewers, a few turns each: prompt tokens evaluated */
    SIDE_GAP,     /* a long prompt arrives while three stream: their longest gap, ms */
    SIDE_QUIET,   /* one stream, nothing beside it: tokens a second */
    SIDE_BUSY1,   /* the same beside one busy loop */
    SIDE_BUSY2,   /* beside two */
    SIDE_SPIN,    /* beside another engine that decodes (options.spinner) */
    SIDE_RESTART, /* from its start to the first token of a known persona, ms */
    SIDE_WORKS,
};

struct side_options {
    struct side_server servers[SIDE_SERVERS_MAX];
    size_t n_servers;
    struct side_server spinner; /* base NULL = none */
    bool wants[SIDE_WORKS];
    uint32_t n_rounds;
    uint32_t n_users;
    uint32_t n_messages;
    uint32_t n_tokens; /* of a reply */
    uint32_t n_viewers;
    uint32_t n_turns;       /* of a viewer */
    uint32_t n_long_tokens; /* of the long prompt */
    double window_s;        /* how long a stream beside something is watched */
};

struct side_work_facts {
    const char *name; /* "chat" */
    const char *unit;
    bool more_is_better;
    double target;        /* for our figure over another server's; 0 = none */
    double target_pinned; /* over that of one whose users are pinned */
    const char *en, *fr;
};
extern const struct side_work_facts side_works[SIDE_WORKS];

/* One sample of this server; < 0: it failed, which has been counted in *bench. `round` makes the
 * conversations of each round new ones. */
double side_measure(enum side_work work, const struct side_options *options,
                    struct side_server *server, uint32_t round, struct pal_bench *bench);

/* --- side_report.c --- */

struct side_result {
    enum side_work work;
    double samples[SIDE_SERVERS_MAX][SIDE_ROUNDS_MAX];
    size_t n_samples[SIDE_SERVERS_MAX];
};

/* The run as JSON, to be freed by json_decref(). */
json_t *side_report_json(const struct side_options *options, const struct side_result *results,
                         size_t n_results, const struct pal_bench *bench, const char *title);
/* A run's table for people. */
void side_report_print(const json_t *run);
/* Runs as a page of documentation. False: it could not be written. */
bool side_report_markdown(const json_t *runs, const char *path);

#endif
