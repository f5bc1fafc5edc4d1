/* What may be said when: simulated against a server that counts as Twitch does. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/outbox.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/utf8.h"

#define S  PAL_US_PER_S
#define MS PAL_US_PER_MS

struct scene {
    struct pal_outbox *outbox;
    char fates[64][16]; /* by tag */
    char texts[64][600];
    size_t n_reports;
};

static void
on_report(uint64_t tag, enum pal_outbox_fate fate, const char *text, void *userdata)
{
    struct scene *scene = userdata;
    scene->n_reports++;
    if (tag < 64) {
        assert_string_equal(scene->fates[tag], ""); /* one report each */
        (void)snprintf(scene->fates[tag], 16, "%s", pal_outbox_fate_name(fate));
        (void)snprintf(scene->texts[tag], 600, "%s", text != NULL ? text : "");
    }
}

static void
open_scene(struct scene *scene, size_t n_channels)
{
    struct pal_outbox_limits limits = pal_outbox_limits_twitch();
    memset(scene, 0, sizeof(*scene));
    scene->outbox = pal_outbox_create(&limits, n_channels, on_report, scene);
    for (size_t i = 0; i < n_channels; i++) {
        pal_outbox_set_open(scene->outbox, i, true);
    }
}

static void
push(struct scene *scene, uint64_t tag, const char *text, unsigned rank, int64_t now_us)
{
    const struct pal_outbox_message message = {.text = text, .rank = rank, .tag = tag};
    pal_outbox_push(scene->outbox, &message, now_us);
}

/* The text that goes out now, or "". The server tells of it at once. */
static const char *
next_told(struct scene *scene, int64_t now_us)
{
    static char kept[600];
    size_t channel;
    const char *text;
    const char *reply_to;
    kept[0] = '\0';
    if (pal_outbox_next(scene->outbox, now_us, &channel, &text, &reply_to)) {
        (void)snprintf(kept, sizeof(kept), "%s", text);
        pal_outbox_told(scene->outbox, channel, now_us);
    }
    return kept;
}

static void
a_second_lies_between_two_messages(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, 1);
    push(&scene, 1, "one", 3, 0);
    push(&scene, 2, "two", 3, 0);
    assert_string_equal(next_told(&scene, 0), "one");
    assert_string_equal(next_told(&scene, S), "");
    assert_true(pal_outbox_due_us(scene.outbox, S) > S);
    assert_string_equal(next_told(&scene, pal_outbox_due_us(scene.outbox, S)), "two");
    assert_string_equal(scene.fates[2], "sent");
    pal_outbox_destroy(scene.outbox);
}

static void
the_important_go_first_and_the_least_gives_way(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, 1);
    pal_outbox_set_open(scene.outbox, 0, false);
    for (uint64_t tag = 1; tag <= 32; tag++) {
        char text[8];
        (void)snprintf(text, sizeof(text), "t%d", (int)tag);
        push(&scene, tag, text, 3, 0);
    }
    push(&scene, 40, "streamer", 0, 0);
    push(&scene, 41, "anyone", 3, 0);
    assert_string_equal(scene.fates[32], "full");
    assert_string_equal(scene.fates[41], "full");
    pal_outbox_set_open(scene.outbox, 0, true);
    assert_string_equal(next_told(&scene, S), "streamer");
    assert_string_equal(next_told(&scene, 3 * S), "t1");
    pal_outbox_destroy(scene.outbox);
    assert_string_equal(scene.fates[2], "closed");
    assert_int_equal(scene.n_reports, 34);
}

static void
the_same_text_waits_or_is_addressed(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, 1);
    push(&scene, 1, "same", 3, 0);
    assert_string_equal(next_told(&scene, 0), "same");
    push(&scene, 2, "same", 3, S);
    const struct pal_outbox_message to_bob = {
        .text = "same", .reply_to = "id", .addressee = "bob", .rank = 3, .tag = 3};
    pal_outbox_push(scene.outbox, &to_bob, S);
    push(&scene, 4, "other", 3, S);
    assert_string_equal(next_told(&scene, 2 * S), "@bob same");
    assert_string_equal(next_told(&scene, 4 * S), "other");
    assert_string_equal(next_told(&scene, 6 * S), "");
    assert_int_equal(pal_outbox_due_us(scene.outbox, 6 * S), 30 * S + 500 * MS);
    assert_string_equal(next_told(&scene, 30 * S + 500 * MS), "same");
    assert_string_equal(scene.texts[3], "@bob same");
    pal_outbox_destroy(scene.outbox);
}

static void
late_and_unwanted_messages_never_go_out(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, 1);
    pal_outbox_set_open(scene.outbox, 0, false);
    push(&scene, 1, "late", 3, 0);
    push(&scene, 2, "unwanted", 3, 10 * S);
    const struct pal_outbox_message answer = {
        .text = "answer", .reply_to = "gone", .rank = 3, .tag = 3};
    pal_outbox_push(scene.outbox, &answer, 10 * S);
    push(&scene, 4, "fine", 3, 10 * S);
    pal_outbox_take_back(scene.outbox, 2);
    pal_outbox_take_back_replies(scene.outbox, 0, "gone");
    assert_string_equal(scene.fates[2], ""); /* not from inside the call */
    pal_outbox_set_open(scene.outbox, 0, true);
    assert_string_equal(next_told(&scene, 45 * S), "fine");
    assert_string_equal(scene.fates[1], "late");
    assert_string_equal(scene.fates[2], "taken_back");
    assert_string_equal(scene.fates[3], "taken_back");
    assert_string_equal(scene.fates[4], "sent");
    pal_outbox_destroy(scene.outbox);
}

static void
what_was_on_its_way_when_the_line_broke_is_said_again_once(void **state)
{
    struct scene scene;
    size_t channel;
    const char *text;
    const char *reply_to;
    (void)state;
    open_scene(&scene, 1);
    push(&scene, 1, "hello", 3, 0);
    push(&scene, 2, "later", 0, 0);
    assert_true(pal_outbox_next(scene.outbox, 0, &channel, &text, &reply_to));
    assert_string_equal(text, "later");
    pal_outbox_cut(scene.outbox, S);
    assert_false(pal_outbox_next(scene.outbox, 2 * S, &channel, &text, &reply_to));
    pal_outbox_set_open(scene.outbox, 0, true);
    assert_true(pal_outbox_next(scene.outbox, 3 * S, &channel, &text, &reply_to));
    assert_string_equal(text, "later");
    pal_outbox_refused(scene.outbox, 0, true, 3 * S); /* it had arrived */
    assert_string_equal(scene.fates[2], "sent");
    assert_true(pal_outbox_next(scene.outbox, 5 * S, &channel, &text, &reply_to));
    pal_outbox_refused(scene.outbox, 0, true, 5 * S); /* for a reason of its own */
    assert_string_equal(scene.fates[1], "refused");
    pal_outbox_destroy(scene.outbox);
}

static void
a_server_that_keeps_silent_holds_up_nobody(void **state)
{
    struct scene scene;
    size_t channel;
    const char *text;
    const char *reply_to;
    (void)state;
    open_scene(&scene, 1);
    push(&scene, 1, "one", 3, 0);
    push(&scene, 2, "two", 3, 0);
    assert_true(pal_outbox_next(scene.outbox, 0, &channel, &text, &reply_to));
    assert_false(pal_outbox_next(scene.outbox, 4 * S, &channel, &text, &reply_to));
    assert_int_equal(pal_outbox_due_us(scene.outbox, 4 * S), 5 * S);
    assert_false(pal_outbox_next(scene.outbox, 5 * S, &channel, &text, &reply_to));
    assert_string_equal(scene.fates[1], "untold");
    assert_true(pal_outbox_next(scene.outbox, 7 * S, &channel, &text, &reply_to));
    pal_outbox_set_silent_server(scene.outbox, true);
    assert_false(pal_outbox_next(scene.outbox, 7 * S, &channel, &text, &reply_to));
    assert_string_equal(scene.fates[2], "sent");
    pal_outbox_destroy(scene.outbox);
}

/* The server's own books: when each message arrived, and what it said. */
struct server {
    struct {
        size_t channel;
        int64_t at_us;
        uint64_t text;
        bool is_trusted;
    } heard[4000];
    size_t n;
};

static void
check_limits(const struct server *server)
{
    for (size_t i = 0; i < server->n; i++) {
        size_t n_plain = 0;
        size_t n_all = 0;
        for (size_t j = 0; j <= i; j++) {
            int64_t apart_us = server->heard[i].at_us - server->heard[j].at_us;
            if (apart_us <= 30 * S) {
                n_all++;
                n_plain += server->heard[j].is_trusted ? 0 : 1;
            }
            if (j < i && server->heard[i].channel == server->heard[j].channel) {
                assert_true(apart_us >= S);
                assert_true(apart_us > 30 * S || server->heard[i].text != server->heard[j].text);
            }
        }
        assert_true(n_plain <= 20);
        assert_true(n_all <= 100);
    }
}

/* 3000 messages in four channels (the last trusted), over a network of 5 to 900 ms each way. */
static void
the_servers_own_books_never_show_a_limit_broken(void **state)
{
    struct scene scene;
    struct server *server = pal_calloc(1, sizeof(*server));
    int64_t told_us[4] = {0};
    int64_t now_us = 0;
    size_t n_pushed = 0;
    (void)state;
    srand(7);
    open_scene(&scene, 4);
    pal_outbox_set_trusted(scene.outbox, 3, true);
    while (n_pushed < 3000 || pal_outbox_n_waiting(scene.outbox) > 0) {
        char text[32];
        size_t channel;
        const char *said;
        const char *reply_to;
        (void)snprintf(text, sizeof(text), "text %d", rand() % 60);
        if (n_pushed < 3000 && rand() % 3 == 0) {
            const struct pal_outbox_message message = {
                .channel = (size_t)(rand() % 4), .text = text, .rank = 3, .tag = 1000 + n_pushed++};
            pal_outbox_push(scene.outbox, &message, now_us);
        }
        for (size_t i = 0; i < 4; i++) {
            if (told_us[i] != 0 && told_us[i] <= now_us) {
                told_us[i] = 0;
                pal_outbox_told(scene.outbox, i, now_us);
            }
        }
        while (pal_outbox_next(scene.outbox, now_us, &channel, &said, &reply_to)) {
            int64_t at_us = now_us + (5 + rand() % 900) * MS;
            assert_true(server->n < PAL_COUNT_OF(server->heard));
            server->heard[server->n].channel = channel;
            server->heard[server->n].at_us = at_us;
            server->heard[server->n].text = strtoul(said + 5, NULL, 10);
            server->heard[server->n++].is_trusted = channel == 3;
            told_us[channel] = at_us + (5 + rand() % 900) * MS;
        }
        now_us += 100 * MS;
    }
    /* What is still on its way is told of at the end. */
    pal_outbox_destroy(scene.outbox);
    assert_int_equal(scene.n_reports, 3000);
    assert_true(server->n > 200);
    check_limits(server);
    free(server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_lies_between_two_messages),
        cmocka_unit_test(the_important_go_first_and_the_least_gives_way),
        cmocka_unit_test(the_same_text_waits_or_is_addressed),
        cmocka_unit_test(late_and_unwanted_messages_never_go_out),
        cmocka_unit_test(what_was_on_its_way_when_the_line_broke_is_said_again_once),
        cmocka_unit_test(a_server_that_keeps_silent_holds_up_nobody),
        cmocka_unit_test(the_servers_own_books_never_show_a_limit_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
