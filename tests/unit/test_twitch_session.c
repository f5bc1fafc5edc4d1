/* Whole conversations with Twitch's server, as it speaks, also in cuts at every byte. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/twitch_session.h"
#include "util/clock.h"
#include "util/mem.h"

#define S PAL_US_PER_S

struct scene {
    struct pal_twitch_session *session;
    struct pal_buf heard; /* what the session told, one line each */
    struct pal_buf sent;  /* what it wrote */
    int64_t now_us;
};

static void
note(struct scene *scene, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    assert_int_equal(pal_buf_append_text(&scene->heard, line), PAL_OK);
}

static const char *
or_none(const char *text)
{
    return text != NULL ? text : "-";
}

static void
on_line(void *self, const struct pal_line *line)
{
    note(self, "line %s %s %s %s %s %s %u%s [%s]\n", line->channel, line->user_id, line->login,
         or_none(line->name), or_none(line->message_id), or_none(line->reply_to_login), line->roles,
         line->is_action ? " action" : "", line->text);
}

static void
on_clear_user(void *self, const char *channel, const char *user_id)
{
    note(self, "clear %s user %s\n", channel, or_none(user_id));
}

static void
on_clear_message(void *self, const char *channel, const char *message_id)
{
    note(self, "clear %s message %s\n", channel, message_id);
}

static void
on_said(void *self, uint64_t tag, enum pal_outbox_fate fate, const char *text)
{
    note(self, "said %d %s [%s]\n", (int)tag, pal_outbox_fate_name(fate), or_none(text));
}

static void
on_news(void *self, enum pal_twitch_news news, const char *channel, const char *text)
{
    static const char *const names[] = {"in", "joined", "not joined", "banned", "failed", "lost"};
    note(self, "news %s %s [%s]\n", names[news], channel, text);
}

static void
open_scene(struct scene *scene, const char *login, const char *token)
{
    static const struct pal_twitch_session_ops ops = {on_line, on_clear_user, on_clear_message,
                                                      on_said, on_news};
    static const char *const channels[] = {"#Home", "away", "home", NULL};
    const struct pal_twitch_session_options options = {
        .login = login,
        .token = token,
        .channels = channels,
        .limits = pal_outbox_limits_twitch(),
        .seed = 1234,
    };
    struct pal_error error;
    memset(scene, 0, sizeof(*scene));
    pal_buf_init(&scene->heard, 1u << 20);
    pal_buf_init(&scene->sent, 1u << 20);
    assert_int_equal(pal_twitch_session_create(&options, &ops, scene, &scene->session, &error),
                     PAL_OK);
    pal_twitch_session_connected(scene->session, 0);
}

static void
close_scene(struct scene *scene)
{
    pal_twitch_session_destroy(scene->session);
    pal_buf_finish(&scene->heard);
    pal_buf_finish(&scene->sent);
}

static const char *
sent(struct scene *scene)
{
    struct pal_buf *output = pal_twitch_session_output(scene->session);
    pal_buf_clear(&scene->sent);
    assert_int_equal(pal_buf_append(&scene->sent, output->data, output->len), PAL_OK);
    pal_buf_consume(output, output->len);
    return scene->sent.data;
}

static enum pal_err
feed(struct scene *scene, const char *bytes)
{
    struct pal_error error;
    return pal_twitch_session_input(scene->session, bytes, strlen(bytes), scene->now_us, &error);
}

static const char *
heard(struct scene *scene)
{
    static char copy[8192];
    (void)snprintf(copy, sizeof(copy), "%s", scene->heard.data);
    pal_buf_clear(&scene->heard);
    return copy;
}

static const char greeting[] =
    ":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands\r\n"
    ":tmi.twitch.tv 001 pal :Welcome, GLHF!\r\n:tmi.twitch.tv 376 pal :>\r\n"
    "@badge-info=;badges=;color=;display-name=Pal;emote-sets=0;user-id=7;user-type= "
    ":tmi.twitch.tv GLOBALUSERSTATE\r\n"
    ":pal!pal@pal.tmi.twitch.tv JOIN #home\r\n"
    "@mod=0;badges= :tmi.twitch.tv USERSTATE #home\r\n"
    "@emote-only=0;followers-only=-1;r9k=0;room-id=1;slow=0;subs-only=0 "
    ":tmi.twitch.tv ROOMSTATE #home\r\n";

static void
log_in(struct scene *scene)
{
    assert_int_equal(feed(scene, greeting), PAL_OK);
    (void)sent(scene);
    (void)heard(scene);
}

static void
it_logs_in_joins_and_tells(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "Pal", "secret");
    assert_string_equal(sent(&scene), "CAP REQ :twitch.tv/tags twitch.tv/commands\r\n");
    assert_int_equal(feed(&scene, ":tmi.twitch.tv CAP * ACK :twitch.tv/tags\r\n"), PAL_OK);
    assert_string_equal(sent(&scene),
                        "PASS oauth:secret\r\nNICK pal\r\nUSER pal 0 * pal\r\nCAP END\r\n");
    assert_int_equal(feed(&scene, ":tmi.twitch.tv 001 pal :Welcome\r\n"), PAL_OK);
    assert_string_equal(sent(&scene), "JOIN #home\r\nJOIN #away\r\n");
    assert_int_equal(feed(&scene, ":pal!pal@x JOIN #home\r\n:other!o@x JOIN #away\r\n"), PAL_OK);
    assert_string_equal(heard(&scene), "news in  [pal]\nnews joined home []\n");
    assert_int_equal(pal_twitch_session_n_joined(scene.session), 1);
    close_scene(&scene);
}

static const struct {
    const char *line;
    const char *means;
} events[] = {
    {"@badges=moderator/1,subscriber/12;color=#FF0000;display-name=Ann;id=m-1;mod=1;subscriber=1;"
     "user-id=42 :ann!ann@ann.tmi.twitch.tv PRIVMSG #home :salut Pal\r\n",
     "line home 42 ann Ann m-1 - 10 [salut Pal]\n"},
    {"@badges=broadcaster/1;display-name=H\\sX\\\\;id=m-2;user-id=1;reply-parent-msg-id=p;"
     "reply-parent-user-login=Pal :home!h@h PRIVMSG #home :\001ACTION waves\001\r\n",
     "line home 1 home H X\\ m-2 pal 1 action [waves]\n"},
    {"@badges=vip/1,founder/0;display-name=;id=;user-id=9 :z!z@z PRIVMSG #HOME :a\tb\177\r\n",
     "line home 9 z - - - 12 [a b ]\n"},
    {":ann!a@a PRIVMSG #home :no tags \xFF\r\n", "line home ann ann - - - 0 [no tags ?]\n"},
    {":pal!pal@x PRIVMSG #home :our own\r\n", ""},
    {":ann!a@a PRIVMSG pal :a whisper\r\n", ""},
    {":ann!a@a PRIVMSG #other :elsewhere\r\n", ""},
    {"PRIVMSG #home :from nobody\r\n", ""},
    {":tmi.twitch.tv CLEARCHAT #home\r\n", "clear home user -\n"},
    {"@ban-duration=600;target-user-id=42 :tmi.twitch.tv CLEARCHAT #home :ann\r\n",
     "clear home user 42\n"},
    {":tmi.twitch.tv CLEARCHAT #home :Ann\r\n", "clear home user ann\n"},
    {"@login=ann;target-msg-id=m-1 :tmi.twitch.tv CLEARMSG #home :salut\r\n",
     "clear home message m-1\n"},
    {"@login=ann :tmi.twitch.tv CLEARMSG #home :salut\r\n", ""},
    {"@login=sub;display-name=Sub;id=u-1;user-id=5;msg-id=resub;subscriber=1 :tmi.twitch.tv "
     "USERNOTICE #home :Pal, one year!\r\n",
     "line home 5 sub Sub u-1 - 8 [Pal, one year!]\n"},
    {"@login=sub;id=u-2;user-id=5;msg-id=sub :tmi.twitch.tv USERNOTICE #home\r\n", ""},
    {"@msg-id=raid;msg-param-viewerCount=120;login=r :tmi.twitch.tv USERNOTICE #home\r\n", ""},
    {"@msg-id=slow_on :tmi.twitch.tv NOTICE #home :slow\r\n", ""},
    {"@=;;;===\\ ::: \r\n:\r\n@\r\n", ""},
    {"CLEARCHAT\r\nCLEARMSG\r\nUSERSTATE\r\nJOIN\r\nPART\r\nNOTICE\r\nPRIVMSG\r\nCAP\r\nPING\r\n",
     ""},
};

static void
events_are_told_alike_at_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(events); i++) {
        size_t len = strlen(events[i].line);
        for (size_t cut = 0; cut < len; cut++) {
            char part[1024];
            struct scene scene;
            open_scene(&scene, "pal", "t");
            log_in(&scene);
            (void)snprintf(part, sizeof(part), "%.*s", (int)cut, events[i].line);
            assert_int_equal(feed(&scene, part), PAL_OK);
            assert_int_equal(feed(&scene, events[i].line + cut), PAL_OK);
            assert_string_equal(heard(&scene), events[i].means);
            close_scene(&scene);
        }
    }
}

static void
a_message_is_said_as_a_reply_and_told_of(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "pal", "t");
    log_in(&scene);
    assert_int_equal(feed(&scene, events[0].line), PAL_OK);
    (void)heard(&scene);
    pal_twitch_session_say(scene.session, "home", "m-1", "Bonjour\r\nQUIT Ann", 1, 0);
    pal_twitch_session_say(scene.session, "elsewhere", NULL, "x", 2, 0);
    assert_int_equal(feed(&scene, "PING :abc\r\n"), PAL_OK);
    assert_string_equal(sent(&scene),
                        "PONG abc\r\n"
                        "@reply-parent-msg-id=m-1 PRIVMSG #home :Bonjour QUIT Ann\r\n");
    assert_string_equal(heard(&scene), "said 2 closed [-]\n");
    assert_int_equal(feed(&scene, "@mod=1 :tmi.twitch.tv USERSTATE #home\r\n"), PAL_OK);
    assert_string_equal(heard(&scene), "said 1 sent [Bonjour QUIT Ann]\n");
    close_scene(&scene);
}

static void
a_refused_message_was_not_delivered_and_a_ban_closes_the_channel(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "pal", "t");
    log_in(&scene);
    pal_twitch_session_say(scene.session, "home", NULL, "a", 1, 0);
    assert_int_equal(feed(&scene, "PING a\r\n"), PAL_OK);
    assert_int_equal(feed(&scene, "@msg-id=msg_slowmode :tmi.twitch.tv NOTICE #home :slow\r\n"),
                     PAL_OK);
    assert_string_equal(heard(&scene), "said 1 refused [-]\n");
    scene.now_us = 5 * S;
    pal_twitch_session_say(scene.session, "home", NULL, "b", 2, scene.now_us);
    assert_int_equal(feed(&scene, "PING a\r\n"), PAL_OK);
    (void)sent(&scene);
    assert_int_equal(feed(&scene, "@msg-id=msg_banned :tmi.twitch.tv NOTICE #home :no\r\n"),
                     PAL_OK);
    assert_string_equal(heard(&scene), "said 2 refused [-]\nnews banned home [msg_banned]\n");
    scene.now_us = 10 * S;
    pal_twitch_session_say(scene.session, "home", NULL, "c", 3, scene.now_us);
    assert_int_equal(feed(&scene, "PING a\r\n"), PAL_OK);
    assert_string_equal(sent(&scene), "PONG a\r\n");
    close_scene(&scene);
}

static void
a_deleted_message_gets_no_answer(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "pal", "t");
    log_in(&scene);
    pal_twitch_session_say(scene.session, "home", NULL, "first", 1, 0);
    pal_twitch_session_say(scene.session, "home", "m-1", "answer", 2, 0);
    assert_int_equal(feed(&scene, events[11].line), PAL_OK);
    scene.now_us = 20 * S;
    assert_int_equal(feed(&scene, "PING a\r\n"), PAL_OK);
    assert_null(strstr(sent(&scene), "answer"));
    assert_non_null(strstr(heard(&scene), "said 2 taken_back [-]\n"));
    close_scene(&scene);
}

static void
a_failed_login_is_final_and_told(void **state)
{
    static const char *const failures[] = {
        ":tmi.twitch.tv NOTICE * :Login authentication failed\r\n",
        ":tmi.twitch.tv NOTICE * :Improperly formatted auth\r\n",
        ":irc 464 pal :Password incorrect\r\n",
    };
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(failures); i++) {
        struct scene scene;
        open_scene(&scene, "pal", "t");
        assert_int_equal(feed(&scene, ":x CAP * ACK :twitch.tv/tags\r\n"), PAL_OK);
        assert_int_equal(feed(&scene, failures[i]), PAL_ERR_DENIED);
        assert_non_null(strstr(heard(&scene), "news failed"));
        close_scene(&scene);
    }
}

static void
without_an_account_it_reads_and_says_nothing(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "", NULL);
    assert_int_equal(feed(&scene, ":x CAP * ACK :twitch.tv/tags\r\n"), PAL_OK);
    assert_non_null(strstr(sent(&scene), "NICK justinfan11234\r\n"));
    assert_null(strstr(scene.sent.data, "PASS"));
    assert_int_equal(feed(&scene, ":x 001 justinfan11234 :hi\r\n:justinfan11234!j@x JOIN #home\r\n"
                                  ":ann!a@a PRIVMSG #home :salut\r\n"),
                     PAL_OK);
    assert_non_null(strstr(heard(&scene), "line home ann ann - - - 0 [salut]\n"));
    pal_twitch_session_say(scene.session, "home", NULL, "x", 1, 0);
    assert_string_equal(heard(&scene), "said 1 closed [-]\n");
    close_scene(&scene);
}

static void
a_plain_irc_server_gets_lines_of_512_bytes_and_another_nick(void **state)
{
    struct scene scene;
    char text[1200];
    (void)state;
    open_scene(&scene, "pal", "");
    assert_int_equal(feed(&scene, ":irc CAP * NAK :twitch.tv/tags\r\n"), PAL_OK);
    assert_int_equal(feed(&scene, ":irc 433 * pal :Nickname is in use\r\n"), PAL_OK);
    assert_non_null(strstr(sent(&scene), "NICK pal_\r\n"));
    assert_int_equal(feed(&scene, ":irc 001 pal_ :hi\r\n:pal_!p@x JOIN #home\r\n"), PAL_OK);
    (void)sent(&scene);
    (void)heard(&scene);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    pal_twitch_session_say(scene.session, "home", "id", text, 1, 0);
    assert_int_equal(feed(&scene, ":ann!a@a PRIVMSG #home :hi\r\n"), PAL_OK);
    const char *line = sent(&scene);
    assert_int_equal(strncmp(line, "PRIVMSG #home xxx", 17), 0); /* no tag */
    assert_true(strlen(line) + strlen(":pal_!p@x ") <= 512);
    struct pal_error error;
    assert_int_equal(pal_twitch_session_tick(scene.session, 0, &error), PAL_OK);
    assert_non_null(strstr(heard(&scene), "said 1 sent"));
    close_scene(&scene);
}

static void
silence_is_questioned_and_then_given_up(void **state)
{
    struct scene scene;
    struct pal_error error;
    (void)state;
    open_scene(&scene, "pal", "t");
    log_in(&scene);
    assert_int_equal(pal_twitch_session_due_us(scene.session, 0), 15 * S);
    assert_int_equal(pal_twitch_session_tick(scene.session, 15 * S, &error), PAL_OK);
    assert_string_equal(sent(&scene), "PING palabre\r\n");
    scene.now_us = 16 * S;
    assert_int_equal(feed(&scene, ":x PONG x palabre\r\n"), PAL_OK);
    assert_int_equal(pal_twitch_session_tick(scene.session, 31 * S, &error), PAL_OK);
    assert_int_equal(pal_twitch_session_tick(scene.session, 40 * S, &error), PAL_OK);
    assert_int_equal(pal_twitch_session_tick(scene.session, 41 * S, &error), PAL_ERR_TIMEOUT);
    close_scene(&scene);
}

static void
asked_to_reconnect_it_finishes_what_is_on_its_way(void **state)
{
    struct scene scene;
    struct pal_error error;
    (void)state;
    open_scene(&scene, "pal", "t");
    log_in(&scene);
    pal_twitch_session_say(scene.session, "home", NULL, "a", 1, 0);
    assert_int_equal(feed(&scene, "PING x\r\n"), PAL_OK);
    assert_int_equal(feed(&scene, ":tmi.twitch.tv RECONNECT\r\n"), PAL_OK);
    pal_twitch_session_say(scene.session, "home", NULL, "b", 2, 0);
    assert_int_equal(feed(&scene, ":tmi.twitch.tv USERSTATE #home\r\n"), PAL_ERR_CLOSED);
    pal_twitch_session_disconnected(scene.session, S);
    (void)sent(&scene);
    pal_twitch_session_connected(scene.session, 2 * S);
    scene.now_us = 3 * S;
    assert_int_equal(feed(&scene, greeting), PAL_OK);
    assert_non_null(strstr(sent(&scene), "PRIVMSG #home b\r\n"));
    /* And if nobody tells of it, it leaves all the same. */
    assert_int_equal(feed(&scene, ":tmi.twitch.tv RECONNECT\r\n"), PAL_OK);
    assert_int_equal(pal_twitch_session_tick(scene.session, 5 * S, &error), PAL_ERR_CLOSED);
    close_scene(&scene);
}

static void
twenty_channels_are_joined_within_the_limit_and_more_are_an_error(void **state)
{
    static const struct pal_twitch_session_ops ops = {on_line, on_clear_user, on_clear_message,
                                                      on_said, on_news};
    char names[21][8];
    const char *channels[22] = {NULL};
    struct pal_twitch_session_options options = {
        .login = "pal", .limits = pal_outbox_limits_twitch(), .channels = channels};
    struct scene scene = {0};
    struct pal_error error;
    (void)state;
    pal_buf_init(&scene.heard, 1u << 20);
    pal_buf_init(&scene.sent, 1u << 20);
    for (int i = 0; i < 21; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "c%d", i);
        channels[i] = names[i];
    }
    assert_int_equal(pal_twitch_session_create(&options, &ops, &scene, &scene.session, &error),
                     PAL_ERR_CONFIG);
    channels[20] = NULL;
    assert_int_equal(pal_twitch_session_create(&options, &ops, &scene, &scene.session, &error),
                     PAL_OK);
    pal_twitch_session_connected(scene.session, 0);
    assert_int_equal(feed(&scene, ":x CAP * ACK :y\r\n:x 001 pal :hi\r\n"), PAL_OK);
    assert_int_equal(pal_twitch_session_counts(scene.session).n_joins, 18);
    assert_int_equal(pal_twitch_session_tick(scene.session, 9 * S, &error), PAL_OK);
    assert_int_equal(pal_twitch_session_counts(scene.session).n_joins, 18);
    scene.now_us = pal_twitch_session_due_us(scene.session, 9 * S);
    assert_int_equal(pal_twitch_session_tick(scene.session, scene.now_us, &error), PAL_OK);
    assert_int_equal(pal_twitch_session_counts(scene.session).n_joins, 20);
    channels[0] = "no name\r\nQUIT";
    struct pal_twitch_session *none = NULL;
    assert_int_equal(pal_twitch_session_create(&options, &ops, &scene, &none, &error),
                     PAL_ERR_CONFIG);
    close_scene(&scene);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_logs_in_joins_and_tells),
        cmocka_unit_test(events_are_told_alike_at_every_cut),
        cmocka_unit_test(a_message_is_said_as_a_reply_and_told_of),
        cmocka_unit_test(a_refused_message_was_not_delivered_and_a_ban_closes_the_channel),
        cmocka_unit_test(a_deleted_message_gets_no_answer),
        cmocka_unit_test(a_failed_login_is_final_and_told),
        cmocka_unit_test(without_an_account_it_reads_and_says_nothing),
        cmocka_unit_test(a_plain_irc_server_gets_lines_of_512_bytes_and_another_nick),
        cmocka_unit_test(silence_is_questioned_and_then_given_up),
        cmocka_unit_test(asked_to_reconnect_it_finishes_what_is_on_its_way),
        cmocka_unit_test(twenty_channels_are_joined_within_the_limit_and_more_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
