/* What moderators may tell the companion, and everyone about their own memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chat/heart.h"
#include "chat/mention.h"
#include "chat/room_parts.h"
#include "util/mem.h"
#include "util/utf8.h"

#define ANSWER_BYTES_MAX 600
#define SHOWN_QUESTION   40 /* code points of it that are repeated */

#define T(line, english, french) ((line)->lang == PAL_LANG_FR ? (french) : (english))

static bool
is_moderator(const struct pal_room_line *line)
{
    return (line->roles & (PAL_LINE_ROLE_STREAMER | PAL_LINE_ROLE_MODERATOR)) != 0;
}

static void
answer(struct pal_room *room, const struct pal_room_line *line, const char *text)
{
    char out[2 * ANSWER_BYTES_MAX]; /* the name besides */
    (void)snprintf(out, sizeof(out), "@%s %s", line->login, text);
    (void)pal_room_notice(room, line, out);
}

static void
command_pal(struct pal_room *room, const struct pal_room_line *line, const char *argument)
{
    struct pal_room_channel *channel =
        pal_room_channel(room->people, line->voice->platform, line->channel, pal_room_now_us(room));
    if (strcasecmp(argument, "on") == 0) {
        channel->is_off = false;
        answer(room, line, T(line, "I'm back! 👋", "Me revoilà ! 👋"));
    } else if (strcasecmp(argument, "off") == 0) {
        channel->is_off = true;
        answer(room, line, T(line, "I'll be quiet now. 🤐", "Je me tais. 🤐"));
    } else {
        char text[ANSWER_BYTES_MAX];
        bool is_ready = pal_companion_is_ready(room->companion);
        (void)snprintf(text, sizeof(text),
                       T(line, "%s · %s · model: %s · %zu answers under way, %" PRIu64 " given",
                         "%s · %s · modèle : %s · %zu réponses en cours, %" PRIu64 " données"),
                       room->options.name,
                       channel->is_off ? T(line, "quiet", "au repos") : T(line, "here", "là"),
                       is_ready ? T(line, "ready", "prêt") : T(line, "not ready", "pas prêt"),
                       room->n_answers, room->n_answered);
        answer(room, line, text);
    }
}

static void
command_forgetme(struct pal_room *room, const struct pal_room_line *line, const char *argument)
{
    (void)argument;
    struct pal_room_person *person =
        pal_room_person(room->people, line->voice->platform, line->user_id);
    pal_room_line_destroy(person->next_line);
    person->next_line = NULL;
    if (person->answer != NULL) {
        pal_room_give_up(person->answer);
    }
    pal_companion_forget(room->companion, person->key);
    answer(room, line,
           T(line, "Done: I have forgotten all that you told me. 🧽",
             "C'est fait : j'ai oublié tout ce que tu m'avais dit. 🧽"));
}

static void
command_cacheadd(struct pal_room *room, const struct pal_room_line *line, const char *argument)
{
    struct pal_error error = {.code = PAL_OK};
    const char *bar = strchr(argument, '|');
    if (bar == NULL) {
        answer(room, line,
               T(line, "Like this: question | answer", "Comme ceci : question | réponse"));
        return;
    }
    char *question = pal_strndup(argument, (size_t)(bar - argument));
    enum pal_err err = pal_heart_add(room->options.heart, question, bar + 1, &error);
    if (err == PAL_OK || err == PAL_ERR_IO) {
        size_t shown = 0;
        for (size_t n = 0; n < SHOWN_QUESTION && question[shown] != '\0'; n++) {
            uint32_t c = 0;
            int step = pal_utf8_step(question + shown, strlen(question + shown), &c);
            shown += step > 0 ? (size_t)step : 1;
        }
        while (shown > 0 && question[shown - 1] == ' ') {
            shown--;
        }
        char text[ANSWER_BYTES_MAX];
        (void)snprintf(text, sizeof(text),
                       T(line, "✅ Added to the cache: '%.*s'%s", "✅ Ajouté au cache: '%.*s'%s"),
                       (int)shown, question,
                       err == PAL_OK ? ""
                                     : T(line, " (until the next restart: the disk refuses it)",
                                         " (jusqu'au redémarrage : le disque le refuse)"));
        answer(room, line, text);
    } else {
        answer(room, line,
               err == PAL_ERR_LIMIT
                   ? T(line, "❌ That is too long, or too much to know by heart.",
                       "❌ C'est trop long, ou trop à savoir par cœur.")
                   : T(line, "Like this: question | answer", "Comme ceci : question | réponse"));
    }
    free(question);
}

static void
command_cachestats(struct pal_room *room, const struct pal_room_line *line, const char *argument)
{
    (void)argument;
    struct pal_heart_stats stats;
    pal_heart_stats(room->options.heart, &stats);
    char text[ANSWER_BYTES_MAX];
    (void)snprintf(text, sizeof(text),
                   T(line, "📊 Cache: %zu facts, %zu of them added here | %" PRIu64 " hits",
                     "📊 Cache: %zu faits, dont %zu ajoutés ici | %" PRIu64 " trouvés"),
                   stats.n_built_in + stats.n_file + stats.n_added, stats.n_added, stats.n_hits);
    answer(room, line, text);
}

static void
command_cacheclear(struct pal_room *room, const struct pal_room_line *line, const char *argument)
{
    (void)argument;
    struct pal_error error;
    enum pal_err err = pal_heart_clear(room->options.heart, &error);
    answer(room, line,
           err == PAL_OK ? T(line, "🗑️ Cache cleared of all that was added.",
                             "🗑️ Cache vidé complètement.")
                         : T(line, "🗑️ Cleared, but the disk still holds it.",
                             "🗑️ Vidé, mais le disque le garde encore."));
}

bool
pal_room_command(struct pal_room *room, struct pal_room_line *line, const char *text)
{
    const struct pal_room_options *o = &room->options;
    const struct {
        const char *name;
        void (*run)(struct pal_room *, const struct pal_room_line *, const char *);
        bool is_for_all;
        bool needs_heart;
    } commands[] = {
        {o->command_pal, command_pal, false, false},
        {o->command_forgetme, command_forgetme, true, false},
        {o->command_cacheadd, command_cacheadd, false, true},
        {o->command_cachestats, command_cachestats, false, true},
        {o->command_cacheclear, command_cacheclear, false, true},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
        const char *argument = pal_command_argument(text, o->command_prefix, commands[i].name);
        if (argument == NULL) {
            continue;
        }
        bool may = commands[i].is_for_all || is_moderator(line);
        if (may && (!commands[i].needs_heart || o->heart != NULL)) {
            line->lang = o->lang; /* "!pal on" tells none */
            commands[i].run(room, line, argument);
        }
        return true;
    }
    return false;
}
