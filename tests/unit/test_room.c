#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/heart.h"
#include "chat/metrics.h"
#include "chat/room.h"
#include "fake_engine.h"
#include "util/log.h"
#include "util/mem.h"

#define S         PAL_US_PER_S
#define SAID_MAX  64
#define FLOOD     10000
#define WAIT_LINE "Mon cerveau compile… Réessaie dans 2 sec ? ⏳"

struct said {
    uint64_t tag;
    char channel[32];
    char reply_to[32];
    char text[600];
    bool is_over;
    bool is_taken_back;
};

struct fixture {
    uv_loop_t loop;
    struct pal_metrics *metrics;
    struct pal_engine *engine;
    struct pal_sched *sched;
    struct pal_companion *companion;
    struct pal_heart *heart;
    struct pal_room *room;
    int64_t now_us;
    bool is_slow; /* messages wait until the test delivers them */
    struct said said[SAID_MAX];
    size_t n_said; /* ever */
    size_t n_closed;
    size_t n_heard;
    size_t n_heard_for_us;
    size_t n_cleared;
    char states[64]; /* how answers went, a letter each: Waiting, Running, Done, ... */
    size_t n_states;
};

static int64_t
fixture_now_us(void *userdata)
{
    return ((struct fixture *)userdata)->now_us;
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    pal_sched_on_event(event, ((struct fixture *)userdata)->sched);
}

static void
voice_say(void *self, const char *channel, const char *reply_to, const char *text, uint64_t tag)
{
    struct fixture *f = self;
    struct said *said = &f->said[f->n_said++ % SAID_MAX];
    *said = (struct said){.tag = tag};
    (void)snprintf(said->channel, sizeof(said->channel), "%s", channel);
    (void)snprintf(said->reply_to, sizeof(said->reply_to), "%s", reply_to != NULL ? reply_to : "");
    (void)snprintf(said->text, sizeof(said->text), "%s", text);
    assert_int_equal(strcspn(text, "\r\n"), strlen(text));
    if (!f->is_slow) {
        said->is_over = true;
        pal_room_said(f->room, tag, true, NULL);
    }
}

static void
voice_take_back(void *self, uint64_t tag)
{
    struct fixture *f = self;
    for (size_t i = 0; i < SAID_MAX; i++) {
        f->said[i].is_taken_back |= f->said[i].tag == tag && !f->said[i].is_over;
    }
}

static const struct pal_voice_ops voice_ops = {.say = voice_say, .take_back = voice_take_back};

static void
settle(struct fixture *f)
{
    for (int i = 0; i < 8; i++) {
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    }
}

/* Tells what became of the messages that wait. */
static void
deliver(struct fixture *f, const char *text)
{
    for (size_t i = 0; i < SAID_MAX; i++) {
        struct said *said = &f->said[i];
        if (said->tag != 0 && !said->is_over) {
            said->is_over = true;
            pal_room_said(f->room, said->tag, !said->is_taken_back, text);
        }
    }
    settle(f);
}

static void
on_heard(void *self, const struct pal_line *line, bool is_for_us)
{
    (void)line;
    struct fixture *f = self;
    f->n_heard++;
    f->n_heard_for_us += is_for_us ? 1 : 0;
}

static void
on_cleared(void *self, const char *platform, const char *channel, const char *user_id,
           const char *message_id)
{
    (void)platform;
    (void)channel;
    (void)user_id;
    (void)message_id;
    ((struct fixture *)self)->n_cleared++;
}

static void
on_answer(void *self, const struct pal_room_progress *progress)
{
    struct fixture *f = self;
    assert_string_equal(progress->platform, "twitch");
    if (f->n_states + 1 < sizeof(f->states)) {
        f->states[f->n_states++] = "WRDFC"[progress->state];
    }
}

static const char *const banned[] = {"crotte", NULL};

static struct pal_room_options
usual_options(struct fixture *f)
{
    return (struct pal_room_options){
        .name = "Pal",
        .command_prefix = "!",
        .command_ask = "ask",
        .command_chill = "chill",
        .command_pal = "pal",
        .command_forgetme = "forgetme",
        .command_cacheadd = "cacheadd",
        .command_cachestats = "cachestats",
        .command_cacheclear = "cacheclear",
        .lang = PAL_LANG_FR,
        .cooldown_us = 10 * S,
        .wait_after_us = 5 * S,
        .timeout_us = 10 * S,
        .banned_words = banned,
        .cares = true,
        .heart = f->heart,
        .metrics = f->metrics,
        .clock = {.now_us = fixture_now_us, .userdata = f},
    };
}

static struct pal_room_watcher watcher;

static void
setup(struct fixture *f)
{
    *f = (struct fixture){.now_us = 1000 * S};
    pal_log_init(PAL_LOG_ERROR, -1);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->metrics = pal_metrics_create();
    f->engine = fake_engine_create(on_event, f);
    assert_int_equal(pal_heart_create(NULL, &f->heart, NULL), PAL_OK);
    struct pal_clock clock = {.now_us = fixture_now_us, .userdata = f};
    const struct pal_sched_options sched = {.clock = clock, .max_concurrent = 2};
    assert_int_equal(pal_sched_create(&f->loop, &sched, f->metrics, &f->sched, NULL), PAL_OK);
    pal_sched_set_engine(f->sched, f->engine);
    const struct pal_companion_options companion = {
        .clock = clock,
        .sampling = pal_sampling_default(),
        .heart = f->heart,
        .lang = PAL_LANG_FR,
        .cares = true,
    };
    assert_int_equal(pal_companion_create(&f->loop, &companion, f->sched, &f->companion, NULL),
                     PAL_OK);
    const struct pal_room_options options = usual_options(f);
    assert_int_equal(pal_room_create(&f->loop, &options, f->companion, &f->room, NULL), PAL_OK);
    pal_room_set_voice(f->room, "twitch", "pal_bot", &voice_ops, f);
    watcher = (struct pal_room_watcher){
        .heard = on_heard, .cleared = on_cleared, .answer = on_answer, .self = f};
    pal_room_watch(f->room, &watcher);
}

static void
on_closed(void *userdata)
{
    ((struct fixture *)userdata)->n_closed++;
}

static void
teardown(struct fixture *f)
{
    pal_room_unwatch(f->room, &watcher);
    pal_room_close(f->room, on_closed, f);
    deliver(f, NULL);
    while (fake_engine_n_running(f->engine) > 0) {
        fake_engine_finish(f->engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    }
    settle(f);
    assert_int_equal(f->n_closed, 1);
    pal_sched_set_engine(f->sched, NULL);
    pal_sched_close(f->sched, NULL, NULL);
    pal_companion_close(f->companion, on_closed, f);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->n_closed, 2);
    fake_engine_destroy(f->engine);
    pal_heart_destroy(f->heart);
    pal_metrics_destroy(f->metrics);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void
hear_line(struct fixture *f, struct pal_line line)
{
    line.platform = "twitch";
    line.channel = line.channel != NULL ? line.channel : "chan";
    line.user_id = line.user_id != NULL ? line.user_id : line.login;
    line.arrived_us = f->now_us;
    pal_room_line(f->room, &line);
    settle(f);
}

static void
hear(struct fixture *f, const char *login, const char *text)
{
    hear_line(f, (struct pal_line){.login = login, .name = login, .text = text});
}

static void
hear_moderator(struct fixture *f, const char *text)
{
    hear_line(f, (struct pal_line){.login = "mod", .text = text, .roles = PAL_LINE_ROLE_MODERATOR});
}

static void
answer(struct fixture *f, const char *text)
{
    assert_true(fake_engine_n_running(f->engine) > 0);
    fake_engine_say(f->engine, 0, text);
    fake_engine_finish(f->engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(f);
}

static const char *
last_said(const struct fixture *f)
{
    return f->n_said > 0 ? f->said[(f->n_said - 1) % SAID_MAX].text : "";
}

static const char *
asked(const struct fixture *f, size_t at)
{
    const struct pal_job *job = fake_engine_job(f->engine, at);
    return job->messages[job->n_messages - 1].text;
}

static void
who_speaks_to_it_gets_an_answer_and_nobody_else(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "salut tout le monde");
    hear(&f, "ana", "la palette est belle");
    assert_int_equal(fake_engine_n_taken(f.engine), 0);
    hear_line(&f, (struct pal_line){.login = "ana", .text = "Pal, ça va ?", .message_id = "m1"});
    assert_string_equal(asked(&f, 0), "ça va ?");
    answer(&f, "Ça va très bien !");
    assert_string_equal(last_said(&f), "Ça va très bien !");
    assert_string_equal(f.said[0].reply_to, "m1");
    hear(&f, "bob", "salut pal_bot!");
    assert_string_equal(asked(&f, 0), "salut!");
    answer(&f, "Coucou toi.");
    hear_line(&f,
              (struct pal_line){.login = "cat", .text = "et toi ?", .reply_to_login = "Pal_Bot"});
    assert_string_equal(asked(&f, 0), "et toi ?");
    answer(&f, "Moi aussi, merci.");
    hear(&f, "dan", "!ask pourquoi le ciel est bleu ?");
    assert_string_equal(asked(&f, 0), "pourquoi le ciel est bleu ?");
    answer(&f, "Le ciel diffuse le bleu.");
    assert_non_null(strstr(last_said(&f), " : Le ciel diffuse le bleu."));
    hear(&f, "eve", "!chill tranquille");
    answer(&f, "Tranquille.");
    hear(&f, "nightbot", "@pal_bot hello");
    hear(&f, "pal_bot", "pal says pal");
    hear_line(&f, (struct pal_line){.login = "fay", .text = "c'est vrai", .reply_to_login = "ana"});
    assert_int_equal(fake_engine_n_taken(f.engine), 5);
    assert_int_equal(f.n_said, 5);
    assert_int_equal(f.n_heard_for_us, 6); /* the ignored one's too: it is shown as such */
    teardown(&f);
}

static void
each_viewer_has_a_history_of_what_was_sent(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "pal bonjour");
    f.is_slow = true;
    answer(&f, "**Bonjour** Ana\nUser: hop");
    assert_string_equal(last_said(&f), "Bonjour Ana");
    deliver(&f, "Bonjour…"); /* the platform had to cut it */
    f.is_slow = false;
    f.now_us += 60 * S;
    hear(&f, "bob", "pal hello");
    assert_int_equal(fake_engine_job(f.engine, 0)->n_messages, 1);
    answer(&f, "Hello Bob.");
    hear(&f, "ana", "pal encore");
    const struct pal_job *job = fake_engine_job(f.engine, 0);
    assert_int_equal(job->n_messages, 3);
    assert_string_equal(job->messages[0].text, "bonjour");
    assert_string_equal(job->messages[1].text, "Bonjour…");
    f.is_slow = true;
    answer(&f, "Perdu en route.");
    f.said[(f.n_said - 1) % SAID_MAX].is_taken_back = true;
    deliver(&f, NULL);
    f.is_slow = false;
    f.now_us += 60 * S;
    hear(&f, "ana", "pal toujours là ?");
    assert_int_equal(fake_engine_job(f.engine, 0)->n_messages, 3); /* it was never sent */
    answer(&f, "Oui.");
    teardown(&f);
}

static void
a_cooldown_begins_with_the_answer_and_is_told_once(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "pal un");
    hear(&f, "ana", "pal encore");
    assert_int_equal(f.n_said, 1);
    assert_non_null(strstr(last_said(&f), "10 s"));
    hear(&f, "ana", "pal encore encore");
    assert_int_equal(f.n_said, 1);
    f.now_us += 8 * S;
    answer(&f, "Réponse tardive.");
    f.now_us += 2 * S; /* ten seconds after it began */
    hear(&f, "ana", "pal deux");
    assert_int_equal(fake_engine_n_running(f.engine), 1);
    answer(&f, "Réponse deux.");
    hear_moderator(&f, "pal un");
    answer(&f, "Oui chef un.");
    hear_moderator(&f, "pal deux");
    answer(&f, "Oui chef deux, encore.");
    assert_int_equal(fake_engine_n_taken(f.engine), 4);
    teardown(&f);
}

static void
of_several_lines_the_newest_is_answered(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "x1", "pal a");
    hear(&f, "x2", "pal b"); /* both places of the engine are taken */
    hear(&f, "ana", "pal premier");
    hear(&f, "ana", "pal second");
    hear(&f, "ana", "pal troisième");
    assert_int_equal(f.n_said, 0);
    answer(&f, "Réponse à x1.");
    assert_string_equal(asked(&f, 1), "troisième");
    hear_moderator(&f, "pal m1");
    answer(&f, "Réponse à x2.");
    hear_moderator(&f, "pal m2"); /* m1 runs: this one is next, and then the newest of them */
    hear_moderator(&f, "pal m3");
    answer(&f, "Réponse à Ana, troisième.");
    assert_string_equal(asked(&f, 0), "m1");
    answer(&f, "Un, chef.");
    assert_string_equal(asked(&f, 0), "m3");
    answer(&f, "Trois, chef.");
    assert_int_equal(fake_engine_n_taken(f.engine), 5);
    teardown(&f);
}

static void
the_streamer_goes_before_moderators_subscribers_and_everyone(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "x1", "pal a");
    hear(&f, "x2", "pal b");
    hear(&f, "all", "pal everyone");
    hear_line(&f, (struct pal_line){
                      .login = "sub", .text = "pal sub", .roles = PAL_LINE_ROLE_SUBSCRIBER});
    hear_moderator(&f, "pal mod");
    hear_line(&f, (struct pal_line){
                      .login = "chan", .text = "pal boss", .roles = PAL_LINE_ROLE_STREAMER});
    static const char *const order[] = {"boss", "mod", "sub", "everyone"};
    char reply[32];
    for (size_t i = 0; i < PAL_COUNT_OF(order); i++) {
        (void)snprintf(reply, sizeof(reply), "%zu, voici la réponse.", i);
        answer(&f, reply);
        assert_string_equal(asked(&f, fake_engine_n_running(f.engine) - 1), order[i]);
    }
    answer(&f, "Une autre pour finir.");
    answer(&f, "Et la toute dernière.");
    teardown(&f);
}

static void
an_answer_by_heart_and_care_cost_no_turn(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "@pal_bot C'est quoi Python ?");
    assert_string_equal(last_said(&f), "Python ? Le langage qui me permet d'exister ! 🐍");
    hear(&f, "ana", "pal j'ai envie de mourir"); /* no cooldown for that */
    assert_non_null(strstr(last_said(&f), "3114"));
    hear(&f, "ana", "pal raconte");
    assert_non_null(strstr(last_said(&f), "10 s"));
    assert_int_equal(fake_engine_n_taken(f.engine), 0);
    teardown(&f);
}

static void
after_five_seconds_a_temporary_line_goes_out_and_the_answer_follows(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "pal c'est long ?");
    f.now_us += 4 * S;
    hear(&f, "quick", "pal vite");
    assert_int_equal(f.n_said, 0);
    f.now_us += S;
    hear(&f, "other", "pal hop"); /* the room looks at its clock again */
    assert_int_equal(f.n_said, 1);
    assert_string_equal(last_said(&f), WAIT_LINE);
    f.now_us += S;
    answer(&f, "Voilà la réponse.");
    assert_string_equal(last_said(&f), "Voilà la réponse.");
    answer(&f, "Tout de suite.");
    answer(&f, "Et pour toi aussi.");
    assert_int_equal(f.n_said, 4);
    teardown(&f);
}

static void
what_fails_is_told_by_a_line_of_our_own_and_mutes_nobody(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "pal coucou");
    fake_engine_finish(f.engine, 0, PAL_EVENT_FAILED, PAL_FINISH_STOP);
    settle(&f);
    assert_int_equal(f.n_said, 1);
    hear(&f, "bob", "pal coucou");
    answer(&f, "Coucou Bob, tout va bien.");
    assert_string_equal(last_said(&f), "Coucou Bob, tout va bien.");
    hear(&f, "cat", "pal coucou");
    fake_engine_say(f.engine, 0, "Une phrase entière. Et une aut");
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_DEADLINE);
    settle(&f);
    assert_string_equal(last_said(&f), "Une phrase entière.");
    fake_engine_set_state(f.engine, PAL_ENGINE_FAILED, "no file");
    hear(&f, "dan", "pal coucou");
    assert_int_equal(f.n_said, 4);
    assert_string_not_equal(last_said(&f), "");
    teardown(&f);
}

static void
what_was_said_before_or_may_not_be_said_is_sampled_again(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "pal un");
    answer(&f, "Évidemment, c'est parti.");
    const char *first = last_said(&f);
    assert_non_null(strstr(first, "c'est parti."));
    hear(&f, "bob", "pal deux");
    answer(&f, "Quelle crotte !");
    assert_int_equal(fake_engine_n_running(f.engine), 1);
    assert_true(fake_engine_job(f.engine, 0)->sampling.temperature >
                pal_sampling_default().temperature);
    answer(&f, "Quelle belle journée !");
    assert_string_equal(last_said(&f), "Quelle belle journée !");
    hear(&f, "cat", "pal trois");
    answer(&f, "Quelle belle journée !");
    answer(&f, "Quelle belle journée !");
    assert_non_null(strstr(last_said(&f), " : Quelle belle journée !"));
    hear(&f, "dan", "pal quatre");
    answer(&f, "crotte");
    answer(&f, "crotte");
    assert_null(strstr(last_said(&f), "crotte"));
    assert_int_equal(f.n_said, 4);
    teardown(&f);
}

static void
what_moderators_remove_is_neither_answered_nor_remembered(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "pal un");
    answer(&f, "Réponse une.");
    f.now_us += 60 * S;
    hear_line(&f, (struct pal_line){.login = "ana", .text = "pal deux", .message_id = "m2"});
    answer(&f, "Réponse deux.");
    f.now_us += 60 * S;
    pal_room_clear_message(f.room, "twitch", "chan", "m2");
    hear(&f, "ana", "pal trois");
    assert_int_equal(fake_engine_job(f.engine, 0)->n_messages, 3);
    pal_room_clear_user(f.room, "twitch", "chan", "ana");
    settle(&f);
    assert_true(fake_engine_is_cancelled(f.engine, 0));
    fake_engine_finish(f.engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    settle(&f);
    assert_int_equal(f.n_said, 2);
    f.now_us += 60 * S;
    hear(&f, "ana", "pal quatre");
    assert_int_equal(fake_engine_job(f.engine, 0)->n_messages, 1);
    f.is_slow = true;
    answer(&f, "Réponse quatre.");
    pal_room_clear_user(f.room, "twitch", "chan", NULL);
    assert_true(f.said[2].is_taken_back);
    deliver(&f, NULL);
    f.is_slow = false;
    f.now_us += 60 * S;
    hear(&f, "ana", "pal cinq");
    assert_int_equal(fake_engine_job(f.engine, 0)->n_messages, 1);
    answer(&f, "Réponse cinq.");
    assert_int_equal(f.n_cleared, 3);
    assert_string_equal(f.states, "WRDWRDWRCWRCWRD");
    teardown(&f);
}

static void
commands_are_for_moderators_and_forgetme_for_everyone(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    hear(&f, "ana", "!cacheadd le lore | Un secret bien gardé par ici.");
    hear(&f, "ana", "!pal off");
    assert_int_equal(f.n_said, 0);
    hear_moderator(&f, "!cacheadd c'est quoi le lore | Un secret bien gardé par ici.");
    assert_string_equal(last_said(&f), "@mod ✅ Ajouté au cache: 'c'est quoi le lore'");
    hear(&f, "ana", "pal c'est quoi le lore ?");
    assert_string_equal(last_said(&f), "Un secret bien gardé par ici.");
    hear_moderator(&f, "!cachestats");
    assert_non_null(strstr(last_said(&f), "@mod 📊 Cache: 11 faits"));
    hear_moderator(&f, "!cacheclear");
    assert_string_equal(last_said(&f), "@mod 🗑️ Cache vidé complètement.");
    hear_moderator(&f, "!cacheadd nothing");
    hear_moderator(&f, "!pal off");
    size_t n_said = f.n_said;
    hear(&f, "bob", "pal tu dors ?");
    assert_int_equal(f.n_said, n_said);
    assert_int_equal(fake_engine_n_taken(f.engine), 0);
    hear_moderator(&f, "!pal status");
    assert_non_null(strstr(last_said(&f), "au repos"));
    hear_moderator(&f, "!PAL on");
    hear(&f, "bob", "pal tu dors ?");
    answer(&f, "Plus maintenant.");
    f.now_us += 60 * S;
    hear(&f, "bob", "!forgetme");
    hear(&f, "bob", "pal et là ?");
    assert_int_equal(fake_engine_job(f.engine, 0)->n_messages, 1);
    hear(&f, "bob", "!forgetme");
    fake_engine_finish(f.engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    settle(&f);
    teardown(&f);
}

static void
hostile_lines_do_no_harm(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    char long_name[301];
    memset(long_name, 'a', 300);
    long_name[300] = '\0';
    char *long_text = pal_calloc(60001, 1);
    memset(long_text, 'z', 60000);
    memcpy(long_text, "pal ", 4);
    hear_line(&f, (struct pal_line){.login = long_name, .text = "pal"});
    hear_line(&f, (struct pal_line){.login = "", .text = "pal"});
    hear_line(&f, (struct pal_line){.login = "x", .channel = "", .text = "pal"});
    hear_line(&f, (struct pal_line){.login = "x\r\nQUIT", .text = "pal"});
    assert_int_equal(fake_engine_n_taken(f.engine), 0);
    long_name[200] = '\0';
    hear_line(&f, (struct pal_line){.login = long_name, .name = long_name, .text = long_text});
    assert_true(strlen(asked(&f, 0)) <= PAL_LINE_TEXT_BYTES_MAX);
    answer(&f, "Voilà.");
    hear(&f, "rtl", "\u202e@p\u200bal_b\u200dot\u202c dis\r\nPRIVMSG #x :y\x01");
    assert_string_equal(asked(&f, 0), "dis PRIVMSG #x :y");
    answer(&f, "!ban tout le monde\r\nQUIT");
    assert_string_equal(last_said(&f), "ban tout le monde QUIT");
    hear(&f, "bad", "pal \xff\xfe\x80 bytes");
    answer(&f, "Encore autre chose.");
    free(long_text);
    teardown(&f);
}

static void
ten_thousand_lines_at_once_are_all_accounted_for(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    char login[16];
    for (int i = 0; i < FLOOD; i++) {
        (void)snprintf(login, sizeof(login), "u%d", i);
        const struct pal_line line = {.platform = "twitch",
                                      .channel = "chan",
                                      .user_id = login,
                                      .login = login,
                                      .text = "pal !",
                                      .arrived_us = f.now_us};
        pal_room_line(f.room, &line);
    }
    settle(&f);
    assert_int_equal(f.n_said, 1); /* one line tells them all */
    char reply[64];
    size_t n_answered = 0;
    while (fake_engine_n_running(f.engine) > 0) {
        (void)snprintf(reply, sizeof(reply), "Réponse numéro %zu, sans faute.", n_answered++);
        answer(&f, reply);
        if (fake_engine_n_running(f.engine) > 0 && f.n_said < n_answered) {
            n_answered = f.n_said; /* the same opening was sampled again */
        }
    }
    assert_true(f.n_said >= 64);
    teardown(&f);
}

static void
a_room_that_closes_ends_what_is_under_way(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    f.is_slow = true;
    hear(&f, "ana", "pal un");
    answer(&f, "Réponse une.");
    hear(&f, "bob", "pal deux");
    teardown(&f); /* which checks that it came to an end */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_speaks_to_it_gets_an_answer_and_nobody_else),
        cmocka_unit_test(each_viewer_has_a_history_of_what_was_sent),
        cmocka_unit_test(a_cooldown_begins_with_the_answer_and_is_told_once),
        cmocka_unit_test(of_several_lines_the_newest_is_answered),
        cmocka_unit_test(the_streamer_goes_before_moderators_subscribers_and_everyone),
        cmocka_unit_test(an_answer_by_heart_and_care_cost_no_turn),
        cmocka_unit_test(after_five_seconds_a_temporary_line_goes_out_and_the_answer_follows),
        cmocka_unit_test(what_fails_is_told_by_a_line_of_our_own_and_mutes_nobody),
        cmocka_unit_test(what_was_said_before_or_may_not_be_said_is_sampled_again),
        cmocka_unit_test(what_moderators_remove_is_neither_answered_nor_remembered),
        cmocka_unit_test(commands_are_for_moderators_and_forgetme_for_everyone),
        cmocka_unit_test(hostile_lines_do_no_harm),
        cmocka_unit_test(ten_thousand_lines_at_once_are_all_accounted_for),
        cmocka_unit_test(a_room_that_closes_ends_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
