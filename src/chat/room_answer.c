/* An answer's life: a turn, perhaps a second one, then written down, then said. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chat/metrics.h"
#include "chat/repair.h"
#include "chat/room_parts.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/utf8.h"

#define LOG_TOPIC "room"

/* A second sample is taken only if so much of the time is left. */
#define RESAMPLE_LEFT_US (3 * PAL_US_PER_S)
#define RESAMPLE_WARMTH  0.3F
/* In one channel: a temporary line, or a line about overload, at most this often. */
#define WAIT_EVERY_US     (5 * PAL_US_PER_S)
#define OVERLOAD_EVERY_US (10 * PAL_US_PER_S)

static const char *const stock_en[] = {"Of course", "Obviously", "No problem", "Let me explain",
                                       "Sure",      "Certainly", NULL};
static const char *const stock_fr[] = {
    "Bien sûr", "Évidemment", "Sans problème", "Laisse-moi t'expliquer", "Bien entendu", NULL};
#define N_OPENINGS 4 /* of each of these, the first ones are said */

static struct pal_room_channel *
channel_of(struct pal_room *room, const struct pal_room_line *line)
{
    return pal_room_channel(room->people, line->voice->platform, line->channel,
                            pal_room_now_us(room));
}

void
pal_room_tell(const struct pal_room_answer *answer, enum pal_room_answer_state state)
{
    const struct pal_room_line *line = answer->line;
    const struct pal_room_progress progress = {
        .platform = line->voice->platform,
        .channel = line->channel,
        .user_id = line->user_id,
        .message_id = line->message_id,
        .state = state,
    };
    for (struct pal_room_watcher *w = answer->room->watchers; w != NULL; w = w->next) {
        if (w->answer != NULL) {
            w->answer(w->self, &progress);
        }
    }
}

/* ---- the end ---- */

static void
finish(struct pal_room_answer *answer)
{
    struct pal_room *room = answer->room;
    struct pal_room_person *person = answer->person;
    struct pal_room_answer **place = &room->answers;
    while (*place != answer) {
        PAL_ASSERT(*place != NULL);
        place = &(*place)->next;
    }
    *place = answer->next;
    room->n_answers--;
    if (answer->wait_tag != 0 && answer->line->voice->ops != NULL) {
        answer->line->voice->ops->take_back(answer->line->voice->self, answer->wait_tag);
    }
    pal_room_line_destroy(answer->line);
    pal_buf_finish(&answer->text);
    free(answer->candidate);
    free(answer->reply);
    free(answer);
    person->answer = NULL;
    struct pal_room_line *next = person->next_line;
    person->next_line = NULL;
    if (next != NULL && !room->is_closing) {
        pal_room_begin(room, person, next);
    } else {
        pal_room_line_destroy(next);
    }
    pal_room_maybe_finish(room);
}

static void
count(struct pal_room *room, const char *by)
{
    if (room->options.metrics != NULL) {
        pal_metrics_room_answer(room->options.metrics, by);
    }
}

/* One line for each answer, in the words that the first companion's users grep for. */
static void
log_answer(const struct pal_room_answer *answer, const char *by)
{
    int64_t now = pal_room_now_us(answer->room);
    int64_t llm_us = answer->model_us > 0 ? answer->model_us - answer->begun_us : 0;
    int64_t filter_us = answer->filtered_us > 0 ? answer->filtered_us - answer->model_us : 0;
    int64_t send_us = answer->filtered_us > 0 ? now - answer->filtered_us : 0;
    pal_log_info("[METRICS] ⏱️  Total",
                 "total_ms=%" PRId64 " llm_ms=%" PRId64 " filter_ms=%" PRId64 " send_ms=%" PRId64
                 " queue_ms=%" PRId64 " first_token_ms=%" PRId64 " by=%s samples=%u platform=%s",
                 (now - answer->line->arrived_us) / PAL_US_PER_MS, llm_us / PAL_US_PER_MS,
                 filter_us / PAL_US_PER_MS, send_us / PAL_US_PER_MS,
                 answer->queue_us / PAL_US_PER_MS, answer->first_token_us / PAL_US_PER_MS, by,
                 answer->n_samples, answer->line->voice->platform);
    count(answer->room, by);
    bool is_cancelled = strcmp(by, "cancelled") == 0;
    bool is_failed =
        strcmp(by, "undelivered") == 0 || strcmp(by, "refused") == 0 || strcmp(by, "overload") == 0;
    pal_room_tell(answer, is_cancelled ? PAL_ROOM_ANSWER_CANCELLED
                          : is_failed  ? PAL_ROOM_ANSWER_FAILED
                                       : PAL_ROOM_ANSWER_DONE);
}

static const char *
by_whom(const struct pal_room_answer *answer)
{
    if (answer->is_fallback) {
        return "fallback";
    }
    return answer->origin == PAL_COMPANION_CARE    ? "care"
           : answer->origin == PAL_COMPANION_HEART ? "heart"
                                                   : "model";
}

/* ---- saying ---- */

static uint64_t
say(struct pal_room *room, const struct pal_room_line *line, const char *text,
    struct pal_room_answer *answer)
{
    struct pal_room_voice *voice = line->voice;
    if (voice->ops == NULL || room->n_messages >= PAL_ROOM_MESSAGES_MAX) {
        return 0;
    }
    struct pal_room_message *message = pal_calloc(1, sizeof(*message));
    *message = (struct pal_room_message){
        .tag = ++room->last_tag,
        .voice = voice,
        .channel = pal_strdup(line->channel),
        .reply_to = pal_strdup(line->message_id),
        .text = pal_strdup(text),
        .answer = answer,
        .next = room->messages,
    };
    room->messages = message;
    room->n_messages++;
    uint64_t tag = message->tag;
    if (answer != NULL) {
        answer->tag = tag;
        answer->stage = PAL_ROOM_SAYING;
    }
    /* The message may be gone before say() returns. */
    voice->ops->say(voice->self, line->channel, line->message_id, text, tag);
    return tag;
}

uint64_t
pal_room_notice(struct pal_room *room, const struct pal_room_line *line, const char *text)
{
    return say(room, line, text, NULL);
}

static struct pal_store_row
row_of(const struct pal_room_answer *answer, const char *reply)
{
    const struct pal_room_line *line = answer->line;
    return (struct pal_store_row){
        .token = answer->token,
        .key = answer->person->key,
        .channel = line->channel,
        .message_id = line->message_id,
        .name = line->name,
        .line = line->text,
        .reply = reply,
    };
}

static void
say_reply(struct pal_room_answer *answer)
{
    if (answer->is_given_up || say(answer->room, answer->line, answer->reply, answer) == 0) {
        if (!answer->is_fallback) {
            pal_companion_not_sent(answer->room->companion, answer->token);
        }
        log_answer(answer, answer->is_given_up ? "cancelled" : "undelivered");
        finish(answer);
    }
}

static void
on_written(enum pal_err err, void *userdata)
{
    (void)err; /* the store has told; what is said is said all the same */
    struct pal_room_answer *answer = userdata;
    if (answer->stage == PAL_ROOM_WRITING) {
        say_reply(answer);
    }
}

/* Takes `reply`. */
static void
deliver(struct pal_room_answer *answer, char *reply, bool is_fallback)
{
    answer->reply = reply;
    answer->is_fallback = is_fallback;
    answer->filtered_us = pal_room_now_us(answer->room);
    if (is_fallback) {
        say_reply(answer);
        return;
    }
    /* Where there is no store, on_written() is called at once: the token must be there first. */
    answer->stage = PAL_ROOM_TURN;
    const struct pal_store_row row = row_of(answer, reply);
    struct pal_room *room = answer->room;
    answer->stage = PAL_ROOM_WRITING;
    if (pal_companion_has_store(room->companion)) {
        answer->token = pal_companion_sending(room->companion, &row, on_written, answer);
    } else {
        say_reply(answer);
    }
}

static void
fall_back(struct pal_room_answer *answer, enum pal_fallback_intent intent)
{
    struct pal_room *room = answer->room;
    struct pal_room_channel *channel = channel_of(room, answer->line);
    int64_t now = pal_room_now_us(room);
    if (intent == PAL_FALLBACK_OVERLOAD) {
        /* Thousands may come at once: one line tells them all. */
        if (channel->overload_us != INT64_MIN && now - channel->overload_us < OVERLOAD_EVERY_US) {
            log_answer(answer, "overload");
            finish(answer);
            return;
        }
        channel->overload_us = now;
    }
    const char *line = pal_fallback_line(intent, room->options.fallback_mode, answer->line->lang,
                                         pal_room_random(room), &answer->person->last_fallback);
    deliver(answer, pal_strdup(line), true);
}

/* ---- the model's text becomes a reply ---- */

static char *
with_opening(struct pal_room_answer *answer, const char *text, bool is_repeated)
{
    struct pal_room *room = answer->room;
    const struct pal_room_options *o = &room->options;
    bool is_french = answer->line->lang == PAL_LANG_FR;
    const char *const *stock = is_french ? stock_fr : stock_en;
    const char *const *list = o->openings_list != NULL ? o->openings_list : stock;
    size_t n = 0;
    while (list[n] != NULL) {
        n++;
    }
    n = o->openings_list != NULL ? n : N_OPENINGS;
    if (o->openings == PAL_ROOM_OPENINGS_OFF || n == 0) {
        return pal_strdup(text);
    }
    bool wants_one = o->openings == PAL_ROOM_OPENINGS_ALWAYS || answer->line->is_ask || is_repeated;
    size_t picked = pal_words_pick(n, answer->person->last_opening, pal_room_random(room));
    char *opened = pal_words_open(text, list[picked], stock, !wants_one);
    if (strcmp(opened, text) != 0) {
        answer->person->last_opening = picked;
    }
    return opened;
}

static bool ask_again(struct pal_room_answer *answer);

static bool
may_ask_again(const struct pal_room_answer *answer)
{
    int64_t left_us = answer->deadline_us - pal_room_now_us(answer->room);
    return answer->n_samples < 2 && (answer->deadline_us == 0 || left_us > RESAMPLE_LEFT_US) &&
           !answer->room->is_closing;
}

static void
give_reply(struct pal_room_answer *answer, bool is_cut)
{
    struct pal_room *room = answer->room;
    const struct pal_room_line *line = answer->line;
    struct pal_room_channel *channel = channel_of(room, line);
    char *fine = NULL;
    enum pal_filter_verdict verdict =
        pal_filter_reply(&room->filter, answer->text.data, line->login, line->lang, &fine);
    char *repaired = pal_repair(fine, is_cut);
    free(fine);
    enum pal_words_repeat repeat =
        verdict == PAL_FILTER_FINE ? pal_words_repeats(&channel->said, repaired) : PAL_WORDS_NEW;
    bool is_good = verdict == PAL_FILTER_FINE && repeat == PAL_WORDS_NEW;
    if (!is_good && may_ask_again(answer)) {
        if (verdict == PAL_FILTER_FINE) {
            free(answer->candidate);
            answer->candidate = pal_strdup(repaired);
        }
        if (ask_again(answer)) {
            free(repaired);
            return;
        }
    }
    if (verdict != PAL_FILTER_FINE && answer->candidate != NULL) {
        free(repaired);
        repaired = pal_strdup(answer->candidate);
        verdict = PAL_FILTER_FINE;
        repeat = pal_words_repeats(&channel->said, repaired);
    }
    if (verdict != PAL_FILTER_FINE) {
        free(repaired);
        fall_back(answer, line->is_ask ? PAL_FALLBACK_ASK : PAL_FALLBACK_CHILL);
        return;
    }
    char *opened = with_opening(answer, repaired, repeat == PAL_WORDS_SAME_TEXT);
    free(repaired);
    deliver(answer, pal_repair_shorten(opened, PAL_ROOM_REPLY_CODE_POINTS_MAX), false);
    free(opened);
}

static enum pal_fallback_intent
intent_of(const struct pal_room_answer *answer, enum pal_err why)
{
    bool is_ready = pal_companion_is_ready(answer->room->companion);
    if (why == PAL_ERR_TIMEOUT) {
        return is_ready ? PAL_FALLBACK_LATE : PAL_FALLBACK_LOADING;
    }
    if (why == PAL_ERR_BUSY) {
        return PAL_FALLBACK_OVERLOAD;
    }
    if (why == PAL_ERR_MODEL || why == PAL_ERR_ENGINE || why == PAL_ERR_CLOSED) {
        return PAL_FALLBACK_DOWN;
    }
    return answer->line->is_ask ? PAL_FALLBACK_ASK : PAL_FALLBACK_CHILL;
}

/* ---- the turn ---- */

static void
on_text(void *self, const char *text, size_t len)
{
    struct pal_room_answer *answer = self;
    if (pal_buf_append(&answer->text, text, len) != PAL_OK) {
        answer->text.max_bytes = answer->text.len; /* far beyond what is sent of it */
    }
}

static void
on_end(void *self, const struct pal_turn_end *ended)
{
    struct pal_room_answer *answer = self;
    bool is_done = ended->outcome == PAL_OUTCOME_DONE;
    answer->turn_id = 0;
    answer->n_samples++;
    answer->model_us = pal_room_now_us(answer->room);
    answer->queue_us = ended->usage.queue_us;
    answer->first_token_us = ended->usage.first_token_us;
    bool is_cut = !is_done || strcmp(ended->finish_reason, "stop") != 0;
    if (answer->is_given_up || ended->outcome == PAL_OUTCOME_CANCELLED) {
        log_answer(answer, "cancelled");
        finish(answer);
    } else if (is_done && answer->origin != PAL_COMPANION_MODEL) {
        deliver(answer, pal_strdup(answer->text.data), false);
    } else if (answer->text.len > 0) {
        give_reply(answer, is_cut);
    } else if (answer->candidate != NULL) {
        deliver(answer, pal_strdup(answer->candidate), false);
    } else {
        fall_back(answer, is_done ? (strcmp(ended->finish_reason, "deadline") == 0
                                         ? PAL_FALLBACK_LATE
                                         : intent_of(answer, PAL_OK))
                                  : intent_of(answer, ended->error.code));
    }
}

static void
on_started(void *self, uint64_t turn_id)
{
    (void)turn_id;
    pal_room_tell(self, PAL_ROOM_ANSWER_RUNNING);
}

static const struct pal_sink_ops turn_ops = {.started = on_started, .text = on_text, .end = on_end};

static unsigned
rank_of(unsigned roles)
{
    if ((roles & PAL_LINE_ROLE_STREAMER) != 0) {
        return 3;
    }
    if ((roles & PAL_LINE_ROLE_MODERATOR) != 0) {
        return 2;
    }
    return (roles & (PAL_LINE_ROLE_SUBSCRIBER | PAL_LINE_ROLE_VIP)) != 0 ? 1 : 0;
}

static enum pal_err
ask(struct pal_room_answer *answer, struct pal_error *error)
{
    const struct pal_room_line *line = answer->line;
    const struct pal_companion_line heard = {
        .source = line->voice->platform,
        .key = answer->person->key,
        .user = answer->person->key,
        .text = line->text,
        .rank = rank_of(line->roles),
        .channel = line->channel,
        .message_id = line->message_id,
        .name = line->name,
        .more_temperature = answer->n_samples > 0 ? RESAMPLE_WARMTH : 0,
        .deadline_us = answer->deadline_us,
        .is_kept_back = true,
    };
    answer->stage = PAL_ROOM_TURN;
    pal_buf_clear(&answer->text);
    struct pal_sink sink = {.ops = &turn_ops, .self = answer};
    return pal_companion_hear(answer->room->companion, &heard, sink, &answer->turn_id,
                              &answer->origin, error);
}

static bool
ask_again(struct pal_room_answer *answer)
{
    struct pal_error error;
    return ask(answer, &error) == PAL_OK;
}

void
pal_room_begin(struct pal_room *room, struct pal_room_person *person, struct pal_room_line *line)
{
    int64_t now = pal_room_now_us(room);
    struct pal_room_answer *answer = pal_calloc(1, sizeof(*answer));
    *answer = (struct pal_room_answer){
        .room = room,
        .next = room->answers,
        .person = person,
        .line = line,
        .begun_us = now,
        .deadline_us =
            room->options.timeout_us > 0 ? line->arrived_us + room->options.timeout_us : 0,
    };
    if (answer->deadline_us != 0 && answer->deadline_us < now + room->options.timeout_us / 2) {
        answer->deadline_us = now + room->options.timeout_us / 2; /* it waited for another answer */
    }
    pal_buf_init(&answer->text, PAL_ROOM_REPLY_BYTES);
    room->answers = answer;
    room->n_answers++;
    person->answer = answer;
    person->answered_us = now;
    person->was_noticed = false;
    pal_room_tell(answer, PAL_ROOM_ANSWER_WAITING);
    struct pal_error error = {.code = PAL_OK};
    enum pal_err err = room->n_answers > PAL_ROOM_ANSWERS_MAX ? PAL_ERR_BUSY : ask(answer, &error);
    if (err == PAL_ERR_LIMIT || err == PAL_ERR_ARGUMENT) {
        log_answer(answer, "refused");
        finish(answer);
    } else if (err != PAL_OK) {
        fall_back(answer, intent_of(answer, err));
    }
    pal_room_arm_timer(room);
}

void
pal_room_give_up(struct pal_room_answer *answer)
{
    answer->is_given_up = true;
    if (answer->stage == PAL_ROOM_TURN && answer->turn_id != 0) {
        pal_companion_cancel(answer->room->companion, answer->turn_id);
    } else if (answer->stage == PAL_ROOM_SAYING && answer->line->voice->ops != NULL) {
        answer->line->voice->ops->take_back(answer->line->voice->self, answer->tag);
    }
}

/* ---- what became of it ---- */

static void
on_reply_said(struct pal_room_answer *answer, bool delivered, const char *text)
{
    struct pal_room *room = answer->room;
    struct pal_room_channel *channel = channel_of(room, answer->line);
    bool is_kept = delivered && !answer->is_given_up && !answer->is_fallback;
    if (is_kept) {
        const struct pal_store_row row = row_of(answer, text);
        pal_companion_sent(room->companion, &row);
    } else if (!answer->is_fallback) {
        pal_companion_not_sent(room->companion, answer->token);
    }
    if (delivered) {
        room->n_answered++;
        pal_words_remember(&channel->said, text);
    }
    log_answer(answer, delivered             ? by_whom(answer)
                       : answer->is_given_up ? "cancelled"
                                             : "undelivered");
    finish(answer);
}

void
pal_room_said(struct pal_room *room, uint64_t tag, bool delivered, const char *text)
{
    struct pal_room_message **place = &room->messages;
    while (*place != NULL && (*place)->tag != tag) {
        place = &(*place)->next;
    }
    struct pal_room_message *message = *place;
    if (message == NULL) {
        pal_log_warn("a message was reported that nobody said", "tag=%" PRIu64, tag);
        return;
    }
    *place = message->next;
    room->n_messages--;
    for (struct pal_room_answer *a = room->answers; a != NULL; a = a->next) {
        a->wait_tag = a->wait_tag == tag ? 0 : a->wait_tag;
    }
    const char *sent = text != NULL ? text : message->text;
    for (struct pal_room_watcher *w = room->watchers; delivered && w != NULL; w = w->next) {
        if (w->said != NULL) {
            w->said(w->self, message->voice->platform, message->channel, message->reply_to, sent);
        }
    }
    if (message->answer != NULL) {
        on_reply_said(message->answer, delivered, sent);
    }
    free(message->channel);
    free(message->reply_to);
    free(message->text);
    free(message);
    pal_room_maybe_finish(room);
}

/* ---- temporary lines ---- */

static void
say_wait(struct pal_room_answer *answer)
{
    struct pal_room *room = answer->room;
    struct pal_room_channel *channel = channel_of(room, answer->line);
    int64_t now = pal_room_now_us(room);
    answer->has_waited = true;
    if (channel->waited_us != INT64_MIN && now - channel->waited_us < WAIT_EVERY_US) {
        return; /* it is there to be read already, and the answers need the platform's few places */
    }
    channel->waited_us = now;
    const char *text = room->options.wait_text;
    answer->wait_tag = pal_room_notice(room, answer->line,
                                       text != NULL ? text : pal_fallback_wait(answer->line->lang));
}

static int64_t
wait_due_us(const struct pal_room_answer *answer)
{
    bool may_wait = !answer->has_waited && !answer->is_given_up && answer->stage == PAL_ROOM_TURN;
    int64_t after_us = answer->room->options.wait_after_us;
    return may_wait && after_us > 0 ? answer->begun_us + after_us : INT64_MAX;
}

static void
on_timer(uv_timer_t *timer)
{
    struct pal_room *room = timer->data;
    int64_t now = pal_room_now_us(room);
    for (struct pal_room_answer *answer = room->answers; answer != NULL; answer = answer->next) {
        if (wait_due_us(answer) <= now) {
            say_wait(answer); /* a notice: no answer ends by it */
        }
    }
    pal_room_arm_timer(room);
}

void
pal_room_arm_timer(struct pal_room *room)
{
    int64_t due_us = INT64_MAX;
    for (const struct pal_room_answer *answer = room->answers; answer != NULL;
         answer = answer->next) {
        int64_t at_us = wait_due_us(answer);
        due_us = at_us < due_us ? at_us : due_us;
    }
    if (due_us == INT64_MAX || room->is_closing) {
        (void)uv_timer_stop(&room->timer);
        return;
    }
    int64_t left_us = due_us - pal_room_now_us(room);
    uint64_t delay_ms = left_us > 0 ? (uint64_t)(left_us / PAL_US_PER_MS) + 1 : 0;
    (void)uv_timer_start(&room->timer, on_timer, delay_ms, 0);
}
