/* What the servers are given to do, and what is measured of it. */
#include "bench/side.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/chat.h"
#include "util/clock.h"
#include "util/mem.h"

#define STREAMS       3u /* of SIDE_GAP */
#define BEGUN_PIECES  4u
#define STREAM_TOKENS 400u
#define SPEED_TOKENS  48u
/* A server may take so long to notice that the machine has become busy. */
#define SETTLE_US    (3 * PAL_US_PER_S)
#define BEGIN_MAX_US (60 * PAL_US_PER_S)

const struct side_work_facts side_works[SIDE_WORKS] = {
    [SIDE_CHAT] = {"chat", "ms", false, 0.5, 0.9, "users at once: mean latency of a reply",
                   "plusieurs personnes : latence moyenne d'une réponse"},
    [SIDE_VIEWERS] = {"viewers", "tokens", false, 0.45, 0.6,
                      "many viewers, a few turns each: prompt tokens evaluated",
                      "beaucoup de spectateurs : jetons de requête évalués"},
    [SIDE_GAP] = {"gap", "ms", false, 0.1, 0.2,
                  "a long prompt arrives while three stream: their longest gap",
                  "une longue requête arrive pendant trois réponses : leur plus long silence"},
    [SIDE_QUIET] = {"quiet", "tokens/s", true, 0, 0, "one stream, nothing beside it",
                    "une réponse, rien à côté"},
    [SIDE_BUSY1] = {"busy1", "tokens/s", true, 1.7, 1.7, "one stream beside one busy loop",
                    "une réponse à côté d'une boucle"},
    [SIDE_BUSY2] = {"busy2", "tokens/s", true, 1.7, 1.7, "one stream beside two busy loops",
                    "une réponse à côté de deux boucles"},
    [SIDE_SPIN] = {"spin", "tokens/s", true, 5, 5, "one stream beside another engine that decodes",
                   "une réponse à côté d'un autre moteur au travail"},
    [SIDE_RESTART] = {"restart", "ms", false, 0.3, 0.3,
                      "from its start to the first token of a known persona",
                      "du démarrage au premier jeton d'un personnage connu"},
};

/* ---- conversations ---- */

static void
add_message(json_t *messages, const char *role, const char *text)
{
    json_t *one = json_pack("{s:s, s:s}", "role", role, "content", text);
    PAL_ASSERT(one != NULL);
    (void)json_array_append_new(messages, one);
}

/* As long as people write them: about 150 tokens. */
static const char persona[] =
    "Tu es Nino, le compagnon d'une chaîne où l'on code en direct. Tu es curieux, chaleureux et un "
    "peu taquin, jamais blessant. Tu réponds en une ou deux phrases, dans la langue de la personne "
    "qui te parle, sans liste et sans titre. Quand tu ne sais pas, tu le dis simplement et tu "
    "proposes une piste. Tu te souviens de ce que la personne vient de dire et tu t'en sers. Tu ne "
    "parles ni de politique ni de religion, tu ne donnes pas d'avis médical, et tu ne répètes "
    "jamais deux fois la même réponse.";

static json_t *
with_persona(void)
{
    json_t *messages = json_array();
    add_message(messages, "system", persona);
    return messages;
}

/* The oldest go first; the persona stays. */
static void
trim(json_t *messages)
{
    while (json_array_size(messages) > 1 + 12) {
        (void)json_array_remove(messages, 1);
    }
}

/* Somebody who talks: says the next thing, takes the reply into the history. */
struct talker {
    const struct side_server *server;
    uint32_t user;
    uint32_t round;
    uint32_t n_said;
    json_t *messages;
};

static bool
say(struct talker *talker, uint32_t n_tokens, struct side_answer *answer)
{
    char text[512];
    (void)snprintf(text, sizeof(text), "[%u.%u] %s", talker->round, talker->user,
                   chat_message(talker->user * 7 + talker->n_said++));
    add_message(talker->messages, "user", text);
    trim(talker->messages);
    const struct side_ask ask = {
        .server = talker->server,
        .messages = talker->messages,
        .user = talker->user,
        .max_tokens = n_tokens,
    };
    side_request(&ask, answer);
    if (answer->ok) {
        add_message(talker->messages, "assistant", answer->text.data);
    }
    return answer->ok;
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    const struct side_options *options;
    struct side_server *server;
    uint32_t index;
    uint32_t n_workers;
    uint32_t round;
    double sum; /* of what it measured */
    uint32_t n;
    char why[SIDE_WHY_MAX]; /* "" = all went well */
};

static void *
chat_worker(void *userdata)
{
    struct worker *worker = userdata;
    struct talker talker = {.server = worker->server,
                            .user = worker->index,
                            .round = worker->round,
                            .messages = with_persona()};
    for (uint32_t i = 0; i < worker->options->n_messages && worker->why[0] == '\0'; i++) {
        struct side_answer answer;
        if (say(&talker, worker->options->n_tokens, &answer)) {
            worker->sum += (double)(answer.end_us - answer.sent_us) / (double)PAL_US_PER_MS;
            worker->n++;
        }
        memcpy(worker->why, answer.why, sizeof(worker->why));
        side_answer_finish(&answer);
    }
    json_decref(talker.messages);
    return NULL;
}

/* Every n_workers'th viewer is this one's; all first turns, then all second ones. */
static void *
viewer_worker(void *userdata)
{
    struct worker *worker = userdata;
    const struct side_options *options = worker->options;
    struct talker *talkers = pal_calloc(options->n_viewers, sizeof(*talkers));
    for (uint32_t i = worker->index; i < options->n_viewers; i += worker->n_workers) {
        talkers[i] = (struct talker){.server = worker->server,
                                     .user = i,
                                     .round = worker->round,
                                     .messages = with_persona()};
    }
    for (uint32_t turn = 0; turn < options->n_turns; turn++) {
        for (uint32_t i = worker->index; i < options->n_viewers; i += worker->n_workers) {
            struct side_answer answer;
            if (worker->why[0] != '\0') {
                continue;
            }
            if (say(&talkers[i], options->n_tokens, &answer) && answer.n_evaluated >= 0) {
                worker->sum += answer.n_evaluated;
                worker->n++;
            } else {
                (void)snprintf(worker->why, sizeof(worker->why), "%.190s",
                               answer.ok ? "it does not tell what it evaluated" : answer.why);
            }
            side_answer_finish(&answer);
        }
    }
    for (uint32_t i = 0; i < options->n_viewers; i++) {
        json_decref(talkers[i].messages);
    }
    free(talkers);
    return NULL;
}

/* Runs n of them and adds up; the mean of what they measured, or its sum. < 0: one failed. */
static double
run_workers(const struct side_options *options, struct side_server *server, uint32_t n,
            uint32_t round, void *(*run)(void *), bool is_mean, struct pal_bench *bench)
{
    struct worker workers[SIDE_USERS_MAX];
    double sum = 0;
    uint32_t n_samples = 0;
    bool ok = true;
    for (uint32_t i = 0; i < n; i++) {
        workers[i] = (struct worker){
            .options = options, .server = server, .index = i, .n_workers = n, .round = round};
        PAL_ASSERT(pthread_create(&workers[i].thread, NULL, run, &workers[i]) == 0);
    }
    for (uint32_t i = 0; i < n; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        sum += workers[i].sum;
        n_samples += workers[i].n;
        if (workers[i].why[0] != '\0') {
            pal_bench_fail(bench, "%s, user %u: %s", server->label, i, workers[i].why);
            ok = false;
        }
    }
    if (!ok || n_samples == 0) {
        return -1;
    }
    return is_mean ? sum / n_samples : sum;
}

/* ---- a stream in the background ---- */

struct stream {
    pthread_t thread;
    struct side_ask ask;
    struct side_answer answer;
    uint32_t n_seen;
};

static void *
stream_worker(void *userdata)
{
    struct stream *stream = userdata;
    side_request(&stream->ask, &stream->answer);
    return NULL;
}

static void
stream_start(struct stream *stream, const struct side_server *server, uint32_t user, uint32_t salt,
             uint32_t n_tokens, const bool *stop, int64_t until_us)
{
    char text[160];
    json_t *messages = with_persona();
    (void)snprintf(text, sizeof(text), "[%u.%u] Raconte une longue histoire sur la mer.", salt,
                   user);
    add_message(messages, "user", text);
    *stream = (struct stream){0};
    stream->ask = (struct side_ask){.server = server,
                                    .messages = messages,
                                    .user = user,
                                    .max_tokens = n_tokens,
                                    .stop = stop,
                                    .until_us = until_us,
                                    .n_seen = &stream->n_seen};
    PAL_ASSERT(pthread_create(&stream->thread, NULL, stream_worker, stream) == 0);
}

static bool
stream_has_begun(struct stream *stream)
{
    int64_t end_us = pal_now_us() + BEGIN_MAX_US;
    while (__atomic_load_n(&stream->n_seen, __ATOMIC_RELAXED) < BEGUN_PIECES) {
        if (pal_now_us() > end_us) {
            return false;
        }
        (void)usleep(2000);
    }
    return true;
}

static void
stream_join(struct stream *stream)
{
    (void)pthread_join(stream->thread, NULL);
    json_t *messages = (json_t *)(uintptr_t)stream->ask.messages;
    json_decref(messages);
}

/* ---- the longest gap ---- */

/* The longest time without a piece that reaches into [from, to]. */
static double
longest_gap_ms(const struct side_answer *answer, int64_t from_us, int64_t to_us)
{
    int64_t longest = 0;
    for (size_t i = 1; i < answer->n_pieces; i++) {
        int64_t a = answer->pieces[i - 1].at_us;
        int64_t b = answer->pieces[i].at_us;
        if (b > from_us && a < to_us && b - a > longest) {
            longest = b - a;
        }
    }
    return (double)longest / (double)PAL_US_PER_MS;
}

/* Words of our own, about as many tokens as wanted; `salt` keeps it from being known. */
static char *
long_text(uint32_t n_words, uint32_t salt)
{
    static const char *const words[] = {"le",   "chat", "dort", "sur",  "une",   "table", "bleue",
                                        "et",   "rêve", "de",   "mer",  "calme", "puis",  "il",
                                        "part", "voir", "ses",  "amis", "au",    "port"};
    struct pal_buf buf;
    pal_buf_init(&buf, 1u << 20);
    uint32_t state = salt * 2654435761u + 1;
    enum pal_err err = pal_buf_printf(&buf, "[%u] Résume :", salt);
    for (uint32_t i = 0; i < n_words && err == PAL_OK; i++) {
        state = state * 1664525u + 1013904223u;
        err = pal_buf_printf(&buf, " %s", words[(state >> 16) % PAL_COUNT_OF(words)]);
    }
    PAL_ASSERT(err == PAL_OK);
    char *text = pal_buf_take(&buf);
    pal_buf_finish(&buf);
    return text;
}

static bool
ask_long(const struct side_server *server, uint32_t n_words, uint32_t salt,
         struct side_answer *answer)
{
    json_t *messages = json_array();
    char *text = long_text(n_words, salt);
    add_message(messages, "user", text);
    const struct side_ask ask = {
        .server = server, .messages = messages, .user = STREAMS, .max_tokens = 4};
    side_request(&ask, answer);
    json_decref(messages);
    free(text);
    return answer->ok;
}

/* How many words make that many tokens, by asking for a few. 0: it does not say. */
static uint32_t
words_for(const struct side_server *server, uint32_t n_tokens, uint32_t salt)
{
    const uint32_t n_few = 40;
    struct side_answer answer;
    bool ok = ask_long(server, n_few, salt, &answer) && answer.n_prompt > 8;
    uint32_t n_words = ok ? (uint32_t)((double)n_tokens * n_few / (answer.n_prompt - 4)) : 0;
    side_answer_finish(&answer);
    return n_words;
}

static double
measure_gap(const struct side_options *options, struct side_server *server, uint32_t round,
            struct pal_bench *bench)
{
    struct stream streams[STREAMS];
    struct side_answer newcomer = {0};
    bool stop = false;
    double gap_ms = -1;
    uint32_t salt = round * 100 + 7;
    uint32_t n_words = words_for(server, options->n_long_tokens, salt + 50);
    for (uint32_t i = 0; i < STREAMS; i++) {
        stream_start(&streams[i], server, i, salt, STREAM_TOKENS, &stop, 0);
    }
    bool ok = n_words > 0;
    for (uint32_t i = 0; i < STREAMS; i++) {
        ok = stream_has_begun(&streams[i]) && ok;
    }
    ok = ok && ask_long(server, n_words, salt, &newcomer);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    int64_t from_us = newcomer.sent_us;
    int64_t to_us = ok ? newcomer.pieces[0].at_us : 0;
    for (uint32_t i = 0; i < STREAMS; i++) {
        struct side_answer *answer = &streams[i].answer;
        stream_join(&streams[i]);
        ok = ok && answer->ok && answer->end_us > from_us;
        double one_ms = longest_gap_ms(answer, from_us, to_us);
        gap_ms = one_ms > gap_ms ? one_ms : gap_ms;
        side_answer_finish(answer);
    }
    if (!ok) {
        pal_bench_fail(bench, "%s: %s", server->label,
                       newcomer.why[0] != '\0' ? newcomer.why : "a stream did not go on");
    }
    side_answer_finish(&newcomer);
    return ok ? gap_ms : -1;
}

/* ---- speed beside something ---- */

/* One whole stream, so that its prompt is known and its bytes can be counted as tokens. */
static bool
calibrate(struct side_server *server, struct pal_bench *bench)
{
    struct stream stream;
    stream_start(&stream, server, 0, 0, SPEED_TOKENS, NULL, 0);
    stream_join(&stream);
    const struct side_answer *answer = &stream.answer;
    bool ok = answer->ok && answer->text.len > 0;
    if (ok) {
        double n = answer->n_completion > 0 ? answer->n_completion : (double)answer->n_pieces;
        server->bytes_per_token = (double)answer->text.len / n;
    } else {
        pal_bench_fail(bench, "%s: %s", server->label, answer->why);
    }
    side_answer_finish(&stream.answer);
    return ok;
}

/* Tokens a second that come within the window, by streams one after the other. */
static double
watch_speed(const struct side_options *options, struct side_server *server, struct pal_bench *bench)
{
    int64_t from_us = pal_now_us() + SETTLE_US;
    int64_t to_us = from_us + (int64_t)(options->window_s * (double)PAL_US_PER_S);
    double n_bytes = 0;
    bool ok = true;
    while (ok && pal_now_us() < to_us) {
        struct stream stream;
        stream_start(&stream, server, 0, 0, STREAM_TOKENS, NULL, to_us);
        stream_join(&stream);
        for (size_t i = 0; i < stream.answer.n_pieces; i++) {
            const struct side_piece *piece = &stream.answer.pieces[i];
            n_bytes += piece->at_us >= from_us && piece->at_us < to_us ? piece->n_bytes : 0;
        }
        ok = stream.answer.ok;
        if (!ok) {
            pal_bench_fail(bench, "%s: %s", server->label, stream.answer.why);
        }
        side_answer_finish(&stream.answer);
    }
    return ok ? n_bytes / server->bytes_per_token / options->window_s : -1;
}

static double
measure_busy(const struct side_options *options, struct side_server *server, unsigned n_loops,
             struct pal_bench *bench)
{
    struct side_busy busy;
    if (!calibrate(server, bench)) {
        return -1;
    }
    side_busy_start(&busy, n_loops);
    double rate = watch_speed(options, server, bench);
    side_busy_stop(&busy);
    return rate;
}

struct spinner {
    pthread_t thread;
    const struct side_server *server;
    bool stop;
    bool has_begun; /* its prompt is read: it decodes */
    bool has_ended; /* before it was stopped */
};

static void *
spin(void *userdata)
{
    struct spinner *spinner = userdata;
    bool ok = true;
    while (ok && !__atomic_load_n(&spinner->stop, __ATOMIC_RELAXED)) {
        struct stream stream;
        stream_start(&stream, spinner->server, 0, 1, STREAM_TOKENS, &spinner->stop, 0);
        if (!spinner->has_begun && stream_has_begun(&stream)) {
            __atomic_store_n(&spinner->has_begun, true, __ATOMIC_RELAXED);
        }
        stream_join(&stream);
        ok = stream.answer.ok;
        side_answer_finish(&stream.answer);
    }
    __atomic_store_n(&spinner->has_ended, true, __ATOMIC_RELAXED);
    return NULL;
}

static double
measure_spin(const struct side_options *options, struct side_server *server,
             struct pal_bench *bench)
{
    if (options->spinner.base == NULL) {
        pal_bench_fail(bench, "spin needs --spinner");
        return -1;
    }
    if (!calibrate(server, bench)) {
        return -1;
    }
    struct spinner spinner = {.server = &options->spinner};
    PAL_ASSERT(pthread_create(&spinner.thread, NULL, spin, &spinner) == 0);
    /* Two engines that read their prompts side by side would be at it for minutes. */
    int64_t end_us = pal_now_us() + BEGIN_MAX_US;
    bool has_begun = false;
    while (!has_begun && pal_now_us() < end_us) {
        (void)usleep(2000);
        has_begun = __atomic_load_n(&spinner.has_begun, __ATOMIC_RELAXED);
    }
    double rate = has_begun ? watch_speed(options, server, bench) : -1;
    bool has_ended = __atomic_load_n(&spinner.has_ended, __ATOMIC_RELAXED);
    __atomic_store_n(&spinner.stop, true, __ATOMIC_RELAXED);
    (void)pthread_join(spinner.thread, NULL);
    if (!has_begun || has_ended) {
        pal_bench_fail(bench, "the spinner '%s' did not decode", options->spinner.label);
        return -1;
    }
    return rate;
}

/* ---- restart ---- */

static double
measure_restart(struct side_server *server, struct pal_bench *bench)
{
    struct pal_error error = {0};
    if (server->pid == 0) {
        pal_bench_fail(bench, "%s: restart needs a server that is started here (--start)",
                       server->label);
        return -1;
    }
    if (!calibrate(server, bench)) { /* the persona is known now */
        return -1;
    }
    side_server_stop(server);
    int64_t begun_us = pal_now_us();
    double first_ms = -1;
    if (side_server_spawn(server, &error) != PAL_OK) {
        pal_bench_fail(bench, "%s", error.text);
        return -1;
    }
    while (first_ms < 0 && pal_now_us() - begun_us < BEGIN_MAX_US) {
        struct stream stream;
        stream_start(&stream, server, 0, 2, 1, NULL, 0);
        stream_join(&stream);
        if (stream.answer.ok) {
            first_ms = (double)(stream.answer.pieces[0].at_us - begun_us) / (double)PAL_US_PER_MS;
        }
        side_answer_finish(&stream.answer);
        (void)usleep(first_ms < 0 ? 2000 : 0);
    }
    if (first_ms < 0) {
        pal_bench_fail(bench, "%s: no first token after its restart", server->label);
    }
    return first_ms;
}

double
side_measure(enum side_work work, const struct side_options *options, struct side_server *server,
             uint32_t round, struct pal_bench *bench)
{
    switch (work) {
    case SIDE_CHAT:
        return run_workers(options, server, options->n_users, round, chat_worker, true, bench);
    case SIDE_VIEWERS:
        return run_workers(options, server, 4, round, viewer_worker, false, bench);
    case SIDE_GAP:
        return measure_gap(options, server, round, bench);
    case SIDE_QUIET:
        return measure_busy(options, server, 0, bench);
    case SIDE_BUSY1:
        return measure_busy(options, server, 1, bench);
    case SIDE_BUSY2:
        return measure_busy(options, server, 2, bench);
    case SIDE_SPIN:
        return measure_spin(options, server, bench);
    case SIDE_RESTART:
        return measure_restart(server, bench);
    default:
        return -1;
    }
}
