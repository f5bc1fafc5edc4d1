/* A room's door: which lines get an answer, and when. */
#include "chat/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chat/care.h"
#include "chat/fold.h"
#include "chat/mention.h"
#include "chat/room_parts.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/utf8.h"

#define LOG_TOPIC "room"

/* A chat that was cleared as a whole: how far back its texts leave the history. */
#define CLEAR_ALL_S 3600
/* What the word about a cooldown is made of, at most. */
#define NOTICE_BYTES_MAX 600

/* Robots that stream chats are full of. */
static const char *const usual_bots[] = {
    "nightbot", "streamelements", "streamlabs",  "moobot",        "fossabot",
    "wizebot",  "sery_bot",       "soundalerts", "kofistreambot", NULL,
};

int64_t
pal_room_now_us(const struct pal_room *room)
{
    return pal_clock_now_us(&room->clock);
}

/* xorshift64*: for variety, nothing else. */
uint64_t
pal_room_random(struct pal_room *room)
{
    room->random ^= room->random >> 12;
    room->random ^= room->random << 25;
    room->random ^= room->random >> 27;
    return (room->random * UINT64_C(2685821657736338717)) >> 16;
}

void
pal_room_line_destroy(struct pal_room_line *line)
{
    if (line != NULL) {
        free(line->channel);
        free(line->user_id);
        free(line->login);
        free(line->name);
        free(line->text);
        free(line->message_id);
        free(line);
    }
}

/* ---- whose line it is, and whether it is for us ---- */

static struct pal_room_voice *
voice_of(struct pal_room *room, const char *platform)
{
    for (size_t i = 0; i < PAL_ROOM_PLATFORMS_MAX; i++) {
        struct pal_room_voice *voice = &room->voices[i];
        if (voice->platform != NULL && strcmp(voice->platform, platform) == 0) {
            return voice;
        }
    }
    return NULL;
}

static bool
is_name(const char *name, bool is_needed)
{
    if (name == NULL || name[0] == '\0') {
        return !is_needed;
    }
    return strlen(name) <= PAL_LINE_NAME_BYTES_MAX && strpbrk(name, "\r\n") == NULL;
}

static bool
is_sound(const struct pal_line *line)
{
    return line->platform != NULL && line->text != NULL && is_name(line->channel, true) &&
           is_name(line->user_id, true) && is_name(line->login, true) &&
           is_name(line->message_id, false) && is_name(line->reply_to_login, false);
}

static bool
is_listed(const char *login, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++) {
        if (strcasecmp(*list, login) == 0) {
            return true;
        }
    }
    return false;
}

/* The companion's names here: its own, its login, its aliases; NULL-terminated; owned. */
static const char **
names_of(const struct pal_room *room, const struct pal_room_voice *voice)
{
    size_t n_aliases = 0;
    while (room->options.aliases != NULL && room->options.aliases[n_aliases] != NULL) {
        n_aliases++;
    }
    const char **names = pal_calloc(n_aliases + 3, sizeof(*names));
    size_t n = 0;
    names[n++] = voice->login; /* the longest first: "pal_bot" before "pal" */
    for (size_t i = 0; i < n_aliases; i++) {
        names[n++] = room->options.aliases[i];
    }
    if (room->options.name[0] != '\0') {
        names[n++] = room->options.name;
    }
    return names;
}

/* What the line asks; NULL = it is not for us. Owned. */
static char *
question_of(const struct pal_room *room, const struct pal_room_voice *voice,
            const struct pal_line *line, const char *text, bool *is_ask)
{
    const struct pal_room_options *o = &room->options;
    const char *asked = pal_command_argument(text, o->command_prefix, o->command_ask);
    *is_ask = asked != NULL;
    const char *rest =
        asked != NULL ? asked : pal_command_argument(text, o->command_prefix, o->command_chill);
    if (rest != NULL) {
        return pal_strdup(rest[0] != '\0' ? rest : text);
    }
    bool is_reply = line->reply_to_login != NULL && voice->login != NULL &&
                    strcasecmp(line->reply_to_login, voice->login) == 0;
    const char **names = names_of(room, voice);
    char *question = NULL;
    if (is_reply || pal_mention_is_in(text, names)) {
        question = pal_mention_strip(text, names);
        if (question[0] == '\0') { /* only the name: that is a greeting */
            free(question);
            question = pal_strdup(text);
        }
    }
    free(names);
    return question;
}

static char *
cleaned_name(const struct pal_line *line)
{
    const char *name = line->name != NULL ? line->name : "";
    size_t len = strlen(name) <= PAL_LINE_NAME_BYTES_MAX ? strlen(name) : 0;
    char *tidied = pal_tidy(name, len);
    if (tidied[0] == '\0') {
        free(tidied);
        return pal_strdup(line->login);
    }
    return tidied;
}

/* Takes `text`. */
static struct pal_room_line *
line_create(struct pal_room_voice *voice, const struct pal_line *line, char *text,
            enum pal_lang lang)
{
    struct pal_room_line *copy = pal_calloc(1, sizeof(*copy));
    *copy = (struct pal_room_line){
        .voice = voice,
        .channel = pal_strdup(line->channel),
        .user_id = pal_strdup(line->user_id),
        .login = pal_strdup(line->login),
        .name = cleaned_name(line),
        .text = text,
        .message_id = line->message_id != NULL && line->message_id[0] != '\0'
                          ? pal_strdup(line->message_id)
                          : NULL,
        .roles = line->roles,
        .lang = pal_words_lang(text, lang),
        .arrived_us = line->arrived_us,
    };
    return copy;
}

/* ---- when ---- */

static void
tell_cooldown(struct pal_room *room, struct pal_room_person *person,
              const struct pal_room_line *line, int64_t left_us)
{
    if (person->was_noticed) {
        return;
    }
    person->was_noticed = true;
    const char *text = room->options.cooldown_text;
    text = text != NULL                ? text
           : line->lang == PAL_LANG_FR ? "Encore {seconds} s et je suis à toi ! 😊"
                                       : "Give me {seconds} more seconds and I'm all yours! 😊";
    char out[NOTICE_BYTES_MAX];
    const char *mark = strstr(text, "{seconds}");
    size_t before = mark != NULL ? (size_t)(mark - text) : strlen(text);
    if (mark != NULL) {
        (void)snprintf(out, sizeof(out), "%.*s%d%s", (int)before, text,
                       (int)((left_us + PAL_US_PER_S - 1) / PAL_US_PER_S),
                       mark + strlen("{seconds}"));
    } else {
        (void)snprintf(out, sizeof(out), "%s", text);
    }
    pal_utf8_scrub(out, strlen(out));
    (void)pal_room_notice(room, line, out);
}

/* The newest of the lines that came meanwhile counts. */
static void
follow_up(struct pal_room *room, struct pal_room_person *person, struct pal_room_line *line)
{
    struct pal_room_answer *answer = person->answer;
    bool is_same_place =
        answer->line->voice == line->voice && strcmp(answer->line->channel, line->channel) == 0;
    if (is_same_place && !answer->is_given_up && answer->stage == PAL_ROOM_TURN &&
        pal_companion_amend(room->companion, answer->turn_id, line->text, line->message_id)) {
        line->arrived_us = answer->line->arrived_us; /* the wait has not begun anew */
        pal_room_tell(answer, PAL_ROOM_ANSWER_DONE); /* by the answer to the newer one */
        pal_room_line_destroy(answer->line);
        answer->line = line;
        pal_room_tell(answer, PAL_ROOM_ANSWER_WAITING);
        return;
    }
    pal_room_line_destroy(person->next_line);
    person->next_line = line;
}

/* No cooldown holds this line back. */
static bool
is_free(const struct pal_room *room, const struct pal_room_line *line)
{
    return (line->roles & (PAL_LINE_ROLE_STREAMER | PAL_LINE_ROLE_MODERATOR)) != 0 ||
           (room->options.cares && pal_care_answer(line->text, strlen(line->text)) != NULL);
}

/* Takes the line, which is for us. */
static void
admit(struct pal_room *room, struct pal_room_line *line)
{
    struct pal_room_person *person =
        pal_room_person(room->people, line->voice->platform, line->user_id);
    int64_t now = pal_room_now_us(room);
    int64_t left_us = person->answered_us == INT64_MIN
                          ? 0
                          : person->answered_us + room->options.cooldown_us - now;
    bool is_waiting = person->answer != NULL && person->answer->stage == PAL_ROOM_TURN;
    if (is_waiting && pal_companion_is_waiting(room->companion, person->answer->turn_id)) {
        follow_up(room, person, line);
    } else if (left_us > 0 && !is_free(room, line)) {
        tell_cooldown(room, person, line, left_us);
        pal_room_line_destroy(line);
    } else if (person->answer != NULL) {
        follow_up(room, person, line);
    } else {
        pal_room_begin(room, person, line);
    }
}

void
pal_room_line(struct pal_room *room, const struct pal_line *line)
{
    struct pal_room_voice *voice = line->platform != NULL ? voice_of(room, line->platform) : NULL;
    if (room->is_closing || voice == NULL || !is_sound(line)) {
        return;
    }
    size_t len = strlen(line->text);
    len = len < PAL_LINE_TEXT_BYTES_MAX ? len : PAL_LINE_TEXT_BYTES_MAX;
    char *text = pal_tidy(line->text, len);
    bool is_own = voice->login != NULL && strcasecmp(voice->login, line->login) == 0;
    bool is_ask = false;
    char *question =
        is_own || text[0] == '\0' ? NULL : question_of(room, voice, line, text, &is_ask);
    for (struct pal_room_watcher *w = room->watchers; w != NULL; w = w->next) {
        if (w->heard != NULL) {
            w->heard(w->self, line, question != NULL);
        }
    }
    const char *const *ignored = room->options.ignored != NULL ? room->options.ignored : usual_bots;
    if (is_own || voice->login == NULL || voice->ops == NULL || is_listed(line->login, ignored)) {
        free(question);
        free(text);
        return;
    }
    struct pal_room_line *copy = line_create(
        voice, line, question != NULL ? question : pal_strdup(text), room->options.lang);
    copy->is_ask = is_ask;
    bool is_off =
        pal_room_channel(room->people, voice->platform, line->channel, pal_room_now_us(room))
            ->is_off;
    if (pal_room_command(room, copy, text) || question == NULL || is_off) {
        pal_room_line_destroy(copy);
    } else {
        admit(room, copy);
    }
    free(text);
}

/* ---- what moderators remove ---- */

struct clearing {
    const char *platform;
    const char *channel;
    const char *user_id;    /* NULL = anybody's */
    const char *message_id; /* NULL = any */
};

static bool
is_cleared(const struct clearing *clearing, const struct pal_room_line *line)
{
    return strcmp(line->voice->platform, clearing->platform) == 0 &&
           strcmp(line->channel, clearing->channel) == 0 &&
           (clearing->user_id == NULL || strcmp(line->user_id, clearing->user_id) == 0) &&
           (clearing->message_id == NULL ||
            (line->message_id != NULL && strcmp(line->message_id, clearing->message_id) == 0));
}

static void
drop_next(struct pal_room_person *person, void *userdata)
{
    if (person->next_line != NULL && is_cleared(userdata, person->next_line)) {
        pal_room_line_destroy(person->next_line);
        person->next_line = NULL;
    }
}

static void
clear(struct pal_room *room, struct clearing *clearing)
{
    if (room->is_closing || clearing->channel == NULL) {
        return;
    }
    pal_room_people_each(room->people, drop_next, clearing);
    for (struct pal_room_answer *answer = room->answers; answer != NULL; answer = answer->next) {
        if (!answer->is_given_up && is_cleared(clearing, answer->line)) {
            pal_room_give_up(answer); /* its end comes later */
        }
    }
    char *key = clearing->user_id != NULL
                    ? pal_printf("%s:%s", clearing->platform, clearing->user_id)
                    : NULL;
    const struct pal_store_match match = {
        .key = key,
        .channel = clearing->channel,
        .message_id = clearing->message_id,
        .max_age_s = key == NULL && clearing->message_id == NULL ? CLEAR_ALL_S : 0,
    };
    pal_companion_clear(room->companion, &match);
    free(key);
    for (struct pal_room_watcher *w = room->watchers; w != NULL; w = w->next) {
        if (w->cleared != NULL) {
            w->cleared(w->self, clearing->platform, clearing->channel, clearing->user_id,
                       clearing->message_id);
        }
    }
}

void
pal_room_clear_user(struct pal_room *room, const char *platform, const char *channel,
                    const char *user_id)
{
    clear(room, &(struct clearing){.platform = platform, .channel = channel, .user_id = user_id});
}

void
pal_room_clear_message(struct pal_room *room, const char *platform, const char *channel,
                       const char *message_id)
{
    if (message_id != NULL) {
        clear(room, &(struct clearing){
                        .platform = platform, .channel = channel, .message_id = message_id});
    }
}

/* ---- the room itself ---- */

void
pal_room_set_voice(struct pal_room *room, const char *platform, const char *login,
                   const struct pal_voice_ops *ops, void *self)
{
    struct pal_room_voice *voice = voice_of(room, platform);
    for (size_t i = 0; voice == NULL && i < PAL_ROOM_PLATFORMS_MAX; i++) {
        voice = room->voices[i].platform == NULL ? &room->voices[i] : NULL;
    }
    PAL_ASSERT(voice != NULL); /* there are fewer platforms in this program */
    free(voice->login);
    *voice = (struct pal_room_voice){
        .platform = platform, .login = pal_strdup(login), .ops = ops, .self = self};
}

void
pal_room_watch(struct pal_room *room, struct pal_room_watcher *watcher)
{
    watcher->next = room->watchers;
    room->watchers = watcher;
}

void
pal_room_unwatch(struct pal_room *room, struct pal_room_watcher *watcher)
{
    struct pal_room_watcher **place = &room->watchers;
    while (*place != NULL && *place != watcher) {
        place = &(*place)->next;
    }
    if (*place != NULL) {
        *place = watcher->next;
    }
}

enum pal_err
pal_room_create(uv_loop_t *loop, const struct pal_room_options *options,
                struct pal_companion *companion, struct pal_room **out, struct pal_error *error)
{
    if (options->command_prefix[0] == '\0' || strchr(options->command_prefix, ' ') != NULL) {
        return pal_error_set(error, PAL_ERR_CONFIG,
                             "chat.command_prefix must be a sign or two, without spaces");
    }
    struct pal_room *room = pal_calloc(1, sizeof(*room));
    room->options = *options;
    room->companion = companion;
    room->clock = options->clock.now_us != NULL ? options->clock : pal_clock_system();
    room->random = uv_hrtime() | 1;
    room->people = pal_room_people_create();
    room->filter = (struct pal_filter){
        .banned_words = options->banned_words,
        .names = room->filter_names,
        .keeps_links = options->keeps_links,
    };
    room->filter_names[0] = room->options.name;
    (void)uv_timer_init(loop, &room->timer);
    uv_unref((uv_handle_t *)&room->timer);
    room->timer.data = room;
    *out = room;
    return PAL_OK;
}

static void
on_timer_closed(uv_handle_t *handle)
{
    struct pal_room *room = handle->data;
    pal_room_closed_fn on_closed = room->on_closed;
    void *userdata = room->closed_userdata;
    for (size_t i = 0; i < PAL_ROOM_PLATFORMS_MAX; i++) {
        free(room->voices[i].login);
    }
    pal_room_people_destroy(room->people);
    free(room);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

void
pal_room_maybe_finish(struct pal_room *room)
{
    if (room->is_closing && room->answers == NULL && room->messages == NULL &&
        !uv_is_closing((uv_handle_t *)&room->timer)) {
        uv_close((uv_handle_t *)&room->timer, on_timer_closed);
    }
}

void
pal_room_close(struct pal_room *room, pal_room_closed_fn on_closed, void *userdata)
{
    if (room == NULL) {
        if (on_closed != NULL) {
            on_closed(userdata);
        }
        return;
    }
    room->is_closing = true;
    room->on_closed = on_closed;
    room->closed_userdata = userdata;
    for (struct pal_room_answer *answer = room->answers; answer != NULL; answer = answer->next) {
        pal_room_give_up(answer);
    }
    pal_room_maybe_finish(room);
}
