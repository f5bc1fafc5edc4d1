#include "test.h"

#include <stdio.h>
#include <string.h>

#include "chat/feed.h"

struct seen {
    int n;
    struct pal_feed_entry last;
};

static void
see(void *self, const struct pal_feed_entry *entry)
{
    struct seen *seen = self;
    seen->n++;
    seen->last = *entry;
}

static struct pal_turn_end
ended(uint64_t turn_id, enum pal_outcome outcome, enum pal_err why)
{
    return (struct pal_turn_end){.turn_id = turn_id, .outcome = outcome, .error = {.code = why}};
}

static void
test_a_turns_life_is_told_step_by_step(void **state)
{
    (void)state;
    struct pal_feed *feed = pal_feed_create();
    struct seen seen = {0};
    pal_feed_watch(feed, see, &seen);
    pal_feed_accepted(feed, 7, "twitch", "twitch:#a:b", "Ana", 100);
    assert_int_equal(seen.last.state, PAL_FEED_WAITING);
    assert_string_equal(seen.last.user, "Ana");
    pal_feed_line(feed, 7, "salut");
    assert_string_equal(seen.last.line, "salut");
    pal_feed_taken(feed, 7, 150);
    assert_int_equal(seen.last.state, PAL_FEED_RUNNING);
    struct pal_turn_end end = ended(7, PAL_OUTCOME_FAILED, PAL_ERR_ENGINE);
    pal_feed_ended(feed, &end, 250);
    assert_int_equal(seen.last.state, PAL_FEED_FAILED);
    assert_int_equal(seen.last.why, PAL_ERR_ENGINE);
    assert_int_equal(seen.last.ended_us - seen.last.taken_us, 100);
    assert_int_equal(seen.n, 4);
    pal_feed_destroy(feed);
}

static void
test_what_is_not_known_is_left_out(void **state)
{
    (void)state;
    struct pal_feed *feed = pal_feed_create();
    struct seen seen = {0};
    pal_feed_watch(feed, see, &seen);
    pal_feed_line(feed, 1, "x");
    pal_feed_taken(feed, 1, 1);
    struct pal_turn_end end = ended(1, PAL_OUTCOME_DONE, PAL_OK);
    pal_feed_ended(feed, &end, 1);
    assert_int_equal(seen.n, 0);
    pal_feed_accepted(feed, 2, "api", NULL, NULL, 1);
    assert_string_equal(seen.last.user, "");
    assert_string_equal(seen.last.conversation, "");
    pal_feed_destroy(feed);
    pal_feed_accepted(NULL, 2, "api", NULL, NULL, 1);
    pal_feed_line(NULL, 2, "x");
    pal_feed_watch(NULL, see, &seen);
    assert_int_equal(seen.n, 1);
}

static void
test_the_oldest_fall_out(void **state)
{
    (void)state;
    struct pal_feed *feed = pal_feed_create();
    for (uint64_t id = 1; id <= PAL_FEED_ENTRIES_MAX + 10; id++) {
        pal_feed_accepted(feed, id, "api", NULL, NULL, (int64_t)id);
    }
    struct seen seen = {0};
    pal_feed_each(feed, see, &seen);
    assert_int_equal(seen.n, PAL_FEED_ENTRIES_MAX);
    assert_int_equal(seen.last.turn_id, PAL_FEED_ENTRIES_MAX + 10);
    pal_feed_watch(feed, see, &seen);
    pal_feed_taken(feed, 10, 1);
    assert_int_equal(seen.n, PAL_FEED_ENTRIES_MAX);
    pal_feed_taken(feed, 11, 1);
    assert_int_equal(seen.n, PAL_FEED_ENTRIES_MAX + 1);
    pal_feed_destroy(feed);
}

static void
test_a_long_line_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    struct pal_feed *feed = pal_feed_create();
    struct seen seen = {0};
    char line[2 * PAL_FEED_LINE_BYTES];
    pal_feed_watch(feed, see, &seen);
    pal_feed_accepted(feed, 1, "api", NULL, NULL, 1);
    for (int shift = 0; shift < 4; shift++) {
        size_t len = (size_t)shift;
        memset(line, 'a', len);
        while (len + 5 < sizeof(line)) {
            memcpy(line + len, "\xf0\x9f\x98\x80", 4);
            len += 4;
        }
        line[len] = '\0';
        pal_feed_line(feed, 1, line);
        size_t kept = strlen(seen.last.line);
        assert_true(kept > PAL_FEED_LINE_BYTES - 5);
        assert_int_equal((kept - (size_t)shift) % 4, 0);
    }
    pal_feed_destroy(feed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_turns_life_is_told_step_by_step),
        cmocka_unit_test(test_what_is_not_known_is_left_out),
        cmocka_unit_test(test_the_oldest_fall_out),
        cmocka_unit_test(test_a_long_line_is_cut_at_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
