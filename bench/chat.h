#ifndef PAL_BENCH_CHAT_H
#define PAL_BENCH_CHAT_H
/*
 * palabre bench chat: users who talk with a server over its OpenAI API, each in a loop of their
 * own: say something, wait for the whole reply, keep both, say the next thing. Its parts share
 * this.
 *
 * Each user is a thread that owns its struct chat_user while it talks; everything else is the main
 * thread's, which reads the users when they have been joined.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <jansson.h>

#include "bench/bench.h"
#include "util/buf.h"

#define CHAT_USERS_MAX    64
#define CHAT_MESSAGES_MAX 1000
#define CHAT_RUNS_MAX     100
#define CHAT_WHY_MAX      200

/* A reply that comes later than the limit is a timeout; it is waited for this many times longer, so
 * that the average tells the truth about a slow server. */
#define CHAT_PATIENCE 6

/* What is asked for. Texts are borrowed. */
struct chat_options {
    uint32_t n_users;
    uint32_t n_messages; /* of each user in each run */
    uint32_t n_runs;
    uint32_t max_tokens;
    uint32_t max_stored; /* messages that a user keeps, both sides counted singly */
    double ttl_s;        /* the companion's own setting, for the report */
    double timeout_s;
    bool sequential; /* one user after the other */
    bool quiet;
    bool kv_reuse;           /* false: every request begins differently, so nothing can be reused */
    const char *url;         /* NULL: a daemon of our own */
    const char *model_name;  /* NULL: what the server offers */
    const char *export_path; /* NULL: none */
};

/* --- chat_server.c: who is asked --- */

struct chat_server {
    char *base;      /* owned; "http://127.0.0.1:8080": no slash, no /v1 */
    char *model;     /* owned */
    char *api_key;   /* owned; NULL = none */
    char *describes; /* owned; what /health says of model and machine; NULL if it doesn't */
    char *devices;   /* owned; NULL if unknown */
    int n_layers;    /* of the model; 0 = unknown; so are the next two then */
    int n_gpu_layers;
    bool has_kv_on_gpu;
    pid_t pid;          /* a daemon of our own; 0 = somebody else's */
    FILE *output;       /* its standard output; NULL without one */
    double base_tokens; /* persona and template at the head of a prompt; < 0 = unknown */
};

/*
 * Starts `palabre run` with these arguments (or takes options->url) and waits until it can answer.
 * On an error chat_server_stop() is still due.
 */
enum pal_err chat_server_start(struct chat_server *server, const struct chat_options *options,
                               int argc, char **argv, struct pal_error *error) PAL_MUST_USE;
void chat_server_stop(struct chat_server *server);
/* Resident memory of a daemon of our own with its engine, MiB; < 0 = not known. */
double chat_server_rss_mib(const struct chat_server *server);

/* --- chat_request.c: one message and its reply --- */

enum chat_outcome {
    CHAT_UNSENT,
    CHAT_ANSWERED,
    CHAT_LATE,    /* answered after the limit: a timeout whose latency is known */
    CHAT_EXPIRED, /* no whole reply even at the end of our patience */
    CHAT_FAILED,  /* refused, broken off, or an empty reply */
};

struct chat_answer {
    enum chat_outcome outcome;
    double total_ms; /* until the end of the reply */
    double first_ms; /* until its first text; < 0 = none came */
    bool has_usage;  /* the three counts are the server's own */
    double n_prompt;
    double n_cached;
    double n_completion; /* pieces, without usage */
    struct pal_buf text;
    char why[CHAT_WHY_MAX]; /* FAILED, EXPIRED */
};

/* A connection that is kept between requests; one thread at a time. */
struct chat_client;

struct chat_client *chat_client_create(const struct chat_server *server,
                                       const struct chat_options *options);
void chat_client_destroy(struct chat_client *client); /* accepts NULL */

/* Sends the messages (a JSON array, borrowed). The caller frees answer->text in every case. */
void chat_client_ask(struct chat_client *client, const char *user, json_t *messages,
                     struct chat_answer *answer);
/* GETs base + path as a JSON object; NULL and why, if that failed. The caller frees. */
json_t *chat_client_get(struct chat_client *client, const char *path, char *why, size_t n_why);

/* The same as text, appended to *text. False: that failed, or there is none. */
bool chat_client_get_text(struct chat_client *client, const char *path, struct pal_buf *text);

/* --- chat_user.c: a conversation --- */

struct chat_sample {
    enum chat_outcome outcome;
    double total_ms;
    double first_ms;
    bool has_usage;
    double n_prompt;
    double n_cached;
    double n_new; /* tokens of the prompt that the server had never seen; < 0 = unknown */
    double n_completion;
    uint32_t n_chinese; /* characters: small models slip into them */
};

struct chat_user {
    const struct chat_server *server;
    const struct chat_options *options;
    uint32_t index;
    pthread_t thread;
    char name[32];
    struct chat_sample *samples; /* owned; options->n_messages of them */
    uint32_t n_stored;
    uint32_t n_stored_max;
    char why[CHAT_WHY_MAX]; /* the first failure; "" = none */
};

/* Talks all messages through; for pthread_create(). */
void *chat_user_talk(void *user);
/* Two short messages by nobody: warms the server up and finds base_tokens. */
void chat_user_greet(struct chat_server *server, const struct chat_options *options);

/* The texts that users say, in turn; forever. Static. */
const char *chat_message(uint32_t index);

/* --- chat_result.c: what came out --- */

struct chat_run {
    double total_s;
    double rss_mib;          /* at its end; < 0 = unknown */
    struct chat_user *users; /* owned; options->n_users */
};

struct chat_result {
    const struct chat_options *options;
    const struct chat_server *server;
    const struct chat_run *runs; /* options->n_runs */
    double total_s;
    size_t n_sent;
    size_t n_answered; /* late ones too */
    size_t n_errors;
    size_t n_timeouts;
    struct pal_stats latency_ms;
    struct pal_stats first_ms;
    double n_completion;
    bool has_usage; /* of every answer */
    double n_prompt;
    double n_evaluated;
    double n_ideal;        /* < 0 = unknown */
    uint32_t n_stored;     /* at the end of the last run */
    uint32_t n_stored_max; /* of any user at any time */
    uint32_t n_chinese;    /* replies that have Chinese characters */
    double rss_growth_mib; /* from the first run's end to the last's */
    bool rss_known;        /* two runs or more, of our own daemon */
    bool rss_grows;        /* too much for A26 */
    char machine[256];
};

void chat_result_of(struct chat_result *result, const struct chat_options *options,
                    const struct chat_server *server, const struct chat_run *runs,
                    const char *machine);
double chat_result_throughput(const struct chat_result *result);
/* Fails the bench for each of A23 to A26 that does not hold. */
void chat_result_judge(const struct chat_result *result, struct pal_bench *bench);
/* One of the four words of the hardware table. */
const char *chat_result_verdict(const struct chat_result *result);

/* chat_report.c; the verdict alone when options->quiet. */
void chat_report(const struct chat_result *result);
/* chat_export.c; false: it can't be written. */
bool chat_export(const struct chat_result *result, const char *path);

#endif
