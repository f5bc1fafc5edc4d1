#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "chat/conv.h"
#include "util/mem.h"

#define S INT64_C(1000000)

static void
expect_texts(const struct pal_convs *convs, const char *key, const char *const *texts, size_t n)
{
    const struct pal_conv *conv = pal_convs_find(convs, key);
    assert_non_null(conv);
    size_t n_messages;
    const struct pal_message *messages = pal_conv_messages(conv, &n_messages);
    assert_int_equal(n_messages, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(messages[i].text, texts[i]);
        assert_int_equal(messages[i].role, i % 2 == 0 ? PAL_ROLE_USER : PAL_ROLE_ASSISTANT);
    }
}

static void
test_ten_exchanges_leave_the_newest_twelve_messages(void **state)
{
    (void)state;
    struct pal_convs *convs = pal_convs_create(12, 3600 * S, 10);
    for (int i = 0; i < 10; i++) {
        char line[8], reply[8];
        (void)snprintf(line, sizeof(line), "l%d", i);
        (void)snprintf(reply, sizeof(reply), "r%d", i);
        pal_convs_add_exchange(convs, "me", line, reply, NULL, NULL, i * S);
    }
    static const char *const texts[] = {"l4", "r4", "l5", "r5", "l6", "r6",
                                        "l7", "r7", "l8", "r8", "l9", "r9"};
    expect_texts(convs, "me", texts, PAL_COUNT_OF(texts));
    pal_convs_destroy(convs);
}

static void
test_no_history_begins_with_an_answer(void **state)
{
    (void)state;
    for (uint32_t max = 0; max < 9; max++) {
        struct pal_convs *convs = pal_convs_create(max, 3600 * S, 10);
        for (int i = 0; i < 20; i++) {
            pal_convs_add_exchange(convs, "me", "line", "reply", NULL, NULL, i);
            size_t n;
            const struct pal_message *messages = pal_conv_messages(pal_convs_find(convs, "me"), &n);
            assert_true(n >= 2 && n % 2 == 0);
            assert_true(n <= (max < 2 ? 2 : max));
            assert_int_equal(messages[0].role, PAL_ROLE_USER);
        }
        pal_convs_destroy(convs);
    }
}

static void
test_idle_conversation_is_dropped_at_its_time_and_no_sooner(void **state)
{
    (void)state;
    struct pal_convs *convs = pal_convs_create(12, 3600 * S, 10);
    pal_convs_add_exchange(convs, "old", "a", "b", NULL, NULL, 0);
    pal_convs_add_exchange(convs, "new", "c", "d", NULL, NULL, 1000 * S);
    assert_int_equal(pal_convs_sweep(convs, 3600 * S - 1), 0);
    assert_int_equal(pal_convs_sweep(convs, 3600 * S), 1);
    assert_null(pal_convs_find(convs, "old"));
    assert_non_null(pal_convs_find(convs, "new"));
    /* Any line counts as activity. */
    (void)pal_convs_touch(convs, "new", 4000 * S);
    assert_int_equal(pal_convs_sweep(convs, 5000 * S), 0);
    assert_int_equal(pal_convs_sweep(convs, 7600 * S), 1);
    assert_int_equal(pal_convs_n(convs), 0);
    pal_convs_destroy(convs);
}

static void
test_longest_idle_makes_room_for_a_new_conversation(void **state)
{
    (void)state;
    struct pal_convs *convs = pal_convs_create(12, 3600 * S, 3);
    pal_convs_add_exchange(convs, "a", "1", "2", NULL, NULL, 1);
    pal_convs_add_exchange(convs, "b", "1", "2", NULL, NULL, 2);
    pal_convs_add_exchange(convs, "c", "1", "2", NULL, NULL, 3);
    (void)pal_convs_touch(convs, "a", 4);
    pal_convs_add_exchange(convs, "d", "1", "2", NULL, NULL, 5);
    assert_int_equal(pal_convs_n(convs), 3);
    assert_null(pal_convs_find(convs, "b"));
    assert_non_null(pal_convs_find(convs, "a"));
    assert_non_null(pal_convs_find(convs, "c"));
    pal_convs_destroy(convs);
}

static void
test_forgotten_conversation_comes_back_empty_and_as_another(void **state)
{
    (void)state;
    struct pal_convs *convs = pal_convs_create(12, 3600 * S, 3);
    pal_convs_add_exchange(convs, "a", "1", "2", NULL, NULL, 1);
    uint64_t serial = pal_conv_serial(pal_convs_find(convs, "a"));
    pal_convs_forget(convs, "a");
    pal_convs_forget(convs, "never there");
    const struct pal_conv *again = pal_convs_touch(convs, "a", 2);
    size_t n;
    (void)pal_conv_messages(again, &n);
    assert_int_equal(n, 0);
    assert_int_not_equal(pal_conv_serial(again), serial);
    pal_convs_destroy(convs);
}

/* More keys than buckets, so that chains are walked, grown and cut at every place. */
static void
test_many_conversations_are_each_found_again(void **state)
{
    (void)state;
    enum { N = 5000 };
    struct pal_convs *convs = pal_convs_create(2, 3600 * S, N);
    char key[16];
    for (int i = 0; i < N; i++) {
        (void)snprintf(key, sizeof(key), "user%d", i);
        pal_convs_add_exchange(convs, key, key, "reply", NULL, NULL, i);
    }
    for (int i = 0; i < N; i += 3) {
        (void)snprintf(key, sizeof(key), "user%d", i);
        pal_convs_forget(convs, key);
    }
    for (int i = 0; i < N; i++) {
        (void)snprintf(key, sizeof(key), "user%d", i);
        if (i % 3 == 0) {
            assert_null(pal_convs_find(convs, key));
        } else {
            const char *const texts[] = {key, "reply"};
            expect_texts(convs, key, texts, 2);
        }
    }
    assert_int_equal(pal_convs_n(convs), N - (N + 2) / 3);
    pal_convs_destroy(convs);
}

static void
test_what_was_said_in_a_place_can_be_cleared(void **state)
{
    (void)state;
    struct pal_convs *convs = pal_convs_create(12, 100 * S, 8);
    pal_convs_add_exchange(convs, "a", "1", "r", "chan", "m1", 1);
    pal_convs_add_exchange(convs, "a", "2", "r", "chan", "m2", 2);
    pal_convs_add_exchange(convs, "a", "3", "r", "other", "m3", 3);
    pal_convs_add_exchange(convs, "b", "4", "r", "chan", "m4", 4);
    pal_convs_add_exchange(convs, "c", "5", "r", NULL, NULL, 5);
    assert_int_equal(pal_convs_clear(convs, NULL, "chan", "m1"), 1);
    size_t n = 0;
    const struct pal_message *messages = pal_conv_messages(pal_convs_find(convs, "a"), &n);
    assert_int_equal(n, 4);
    assert_string_equal(messages[0].text, "2");
    assert_int_equal(pal_convs_clear(convs, "a", "chan", NULL), 1);
    assert_int_equal(pal_convs_clear(convs, NULL, "chan", NULL), 1);
    assert_int_equal(pal_convs_clear(convs, NULL, "chan", NULL), 0);
    (void)pal_conv_messages(pal_convs_find(convs, "b"), &n);
    assert_int_equal(n, 0);
    char *line = pal_convs_take_back(convs, "a");
    assert_string_equal(line, "3");
    free(line);
    (void)pal_conv_messages(pal_convs_find(convs, "c"), &n);
    assert_int_equal(n, 2);
    pal_convs_destroy(convs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_exchanges_leave_the_newest_twelve_messages),
        cmocka_unit_test(test_no_history_begins_with_an_answer),
        cmocka_unit_test(test_idle_conversation_is_dropped_at_its_time_and_no_sooner),
        cmocka_unit_test(test_longest_idle_makes_room_for_a_new_conversation),
        cmocka_unit_test(test_forgotten_conversation_comes_back_empty_and_as_another),
        cmocka_unit_test(test_many_conversations_are_each_found_again),
        cmocka_unit_test(test_what_was_said_in_a_place_can_be_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
