#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "chat/queue.h"
#include "util/mem.h"

struct entry {
    struct pal_queue_item item; /* first, so that an item is its entry */
    int id;
    int user;
    bool is_blocked;
    int n_taken_of_others[8]; /* since this entry became the first of its lane */
};

static struct entry *
entry_of(struct pal_queue_item *item)
{
    return (struct entry *)item;
}

static struct entry *
take_next(struct pal_queue *queue)
{
    struct pal_queue_item *item = pal_queue_next(queue, NULL, NULL);
    if (item == NULL) {
        return NULL;
    }
    pal_queue_take(queue, item);
    return entry_of(item);
}

/* Each letter of `in` is a user who sends a line; `out` is the order of service. */
static void
test_users_take_turns_and_each_ones_lines_keep_their_order(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"", ""},
        {"a", "a"},
        {"aaa", "aaa"},
        {"ab", "ab"},
        {"aaab", "abaa"},
        {"aaaaaaaaaab", "abaaaaaaaaa"},
        {"aabbcc", "abcabc"},
        {"abcaaa", "abcaaa"},
        {"caab", "caba"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        struct pal_queue *queue = pal_queue_create(32, 16);
        struct entry entries[32] = {0};
        int n_of_user[26] = {0};
        size_t len = strlen(rows[i].in);
        for (size_t k = 0; k < len; k++) {
            char user[2] = {rows[i].in[k], '\0'};
            entries[k].user = user[0];
            entries[k].id = n_of_user[user[0] - 'a']++;
            assert_int_equal(pal_queue_push(queue, user, &entries[k].item), PAL_OK);
        }
        int n_seen[26] = {0};
        for (size_t k = 0; k < len; k++) {
            struct entry *entry = take_next(queue);
            assert_non_null(entry);
            assert_int_equal(entry->user, rows[i].out[k]);
            assert_int_equal(entry->id, n_seen[entry->user - 'a']++);
        }
        assert_null(take_next(queue));
        assert_int_equal(pal_queue_n_items(queue), 0);
        pal_queue_destroy(queue);
    }
}

static void
test_limits_refuse_and_leave_the_rest_alone(void **state)
{
    (void)state;
    struct pal_queue *queue = pal_queue_create(4, 2);
    struct entry e[6] = {0};
    assert_int_equal(pal_queue_push(queue, "a", &e[0].item), PAL_OK);
    assert_int_equal(pal_queue_push(queue, "a", &e[1].item), PAL_OK);
    assert_int_equal(pal_queue_push(queue, "a", &e[2].item), PAL_ERR_LIMIT);
    assert_null(e[2].item.lane);
    assert_int_equal(pal_queue_push(queue, NULL, &e[2].item), PAL_OK);
    assert_int_equal(pal_queue_push(queue, NULL, &e[3].item), PAL_OK);
    assert_int_equal(pal_queue_push(queue, "b", &e[4].item), PAL_ERR_BUSY);
    assert_int_equal(pal_queue_n_items(queue), 4);
    for (int i = 0; i < 4; i++) {
        assert_non_null(take_next(queue));
    }
    pal_queue_destroy(queue);
}

static void
test_those_without_a_name_have_one_lane_without_its_own_limit(void **state)
{
    (void)state;
    struct pal_queue *queue = pal_queue_create(8, 1);
    struct entry e[5] = {{.user = 'n'}, {.user = 'n'}, {.user = 'n'}, {.user = 'e'}, {.user = 'a'}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pal_queue_push(queue, NULL, &e[i].item), PAL_OK);
    }
    /* An empty name is a name. */
    assert_int_equal(pal_queue_push(queue, "", &e[3].item), PAL_OK);
    assert_int_equal(pal_queue_push(queue, "a", &e[4].item), PAL_OK);
    const char *order = "neann";
    for (int i = 0; i < 5; i++) {
        assert_int_equal(take_next(queue)->user, order[i]);
    }
    pal_queue_destroy(queue);
}

static void
test_removal_from_anywhere_keeps_order_and_place(void **state)
{
    (void)state;
    /* a1 a2 a3 b1: remove each one in turn and look at what is served. */
    static const char *const orders[4][3] = {
        {"a2", "b1", "a3"}, {"a1", "b1", "a3"}, {"a1", "b1", "a2"}, {"a1", "a2", "a3"}};
    static const char *const names[4] = {"a1", "a2", "a3", "b1"};
    for (int removed = 0; removed < 4; removed++) {
        struct pal_queue *queue = pal_queue_create(8, 8);
        struct entry e[4] = {{.id = 0}, {.id = 1}, {.id = 2}, {.id = 3}};
        for (int i = 0; i < 4; i++) {
            assert_int_equal(pal_queue_push(queue, i < 3 ? "a" : "b", &e[i].item), PAL_OK);
        }
        pal_queue_remove(queue, &e[removed].item);
        assert_null(e[removed].item.lane);
        for (int i = 0; i < 3; i++) {
            assert_string_equal(names[take_next(queue)->id], orders[removed][i]);
        }
        pal_queue_destroy(queue);
    }
}

static bool
is_not_blocked(const struct pal_queue_item *item, void *userdata)
{
    (void)userdata;
    return !((const struct entry *)item)->is_blocked;
}

static void
test_lane_that_is_passed_over_keeps_its_place(void **state)
{
    (void)state;
    struct pal_queue *queue = pal_queue_create(8, 8);
    struct entry a = {.user = 'a', .is_blocked = true}, b1 = {.user = 'b'}, b2 = {.user = 'b'};
    assert_int_equal(pal_queue_push(queue, "a", &a.item), PAL_OK);
    assert_int_equal(pal_queue_push(queue, "b", &b1.item), PAL_OK);
    assert_int_equal(pal_queue_push(queue, "b", &b2.item), PAL_OK);
    struct pal_queue_item *item = pal_queue_next(queue, is_not_blocked, NULL);
    assert_ptr_equal(item, &b1.item);
    pal_queue_take(queue, item);
    a.is_blocked = false;
    assert_ptr_equal(pal_queue_next(queue, is_not_blocked, NULL), &a.item);
    a.is_blocked = true;
    assert_ptr_equal(pal_queue_next(queue, is_not_blocked, NULL), &b2.item);
    b2.is_blocked = true;
    assert_null(pal_queue_next(queue, is_not_blocked, NULL));
    pal_queue_remove(queue, &a.item);
    pal_queue_remove(queue, &b2.item);
    pal_queue_destroy(queue);
}

/*
 * The property that makes it fair: once a line is the first of its lane, each other user is served
 * at most once before it, whatever is sent and withdrawn meanwhile.
 */
static void
test_nobody_is_served_twice_before_a_first_line(void **state)
{
    (void)state;
    enum { N_USERS = 8, N_ENTRIES = 64, N_STEPS = 100000 };
    static const char *const users[N_USERS] = {"a", "b", "c", "d", "e", "f", "g", NULL};
    struct pal_queue *queue = pal_queue_create(N_ENTRIES, N_ENTRIES);
    struct entry entries[N_ENTRIES] = {0};
    struct entry *lanes[N_USERS][N_ENTRIES]; /* what should be in each lane */
    int n_in_lane[N_USERS] = {0};
    uint32_t seed = 1;
    int n_served = 0;
    for (int step = 0; step < N_STEPS; step++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t dice = seed >> 8;
        if (dice % 16 < 8) {
            struct entry *entry = &entries[dice / 16 % N_ENTRIES];
            if (entry->item.lane != NULL) {
                continue;
            }
            /* The first users send far more than the last. */
            int user = (int)(dice / 1024 % (dice / 16384 % N_USERS + 1));
            *entry = (struct entry){.user = user};
            assert_int_equal(pal_queue_push(queue, users[user], &entry->item), PAL_OK);
            lanes[user][n_in_lane[user]++] = entry;
        } else if (dice % 16 < 9) {
            struct entry *entry = &entries[dice / 16 % N_ENTRIES];
            if (entry->item.lane == NULL) {
                continue;
            }
            int at = 0;
            while (lanes[entry->user][at] != entry) {
                at++;
            }
            pal_queue_remove(queue, &entry->item);
            n_in_lane[entry->user]--;
            memmove(&lanes[entry->user][at], &lanes[entry->user][at + 1],
                    (size_t)(n_in_lane[entry->user] - at) * sizeof(lanes[0][0]));
        } else {
            struct entry *served = take_next(queue);
            if (served == NULL) {
                continue;
            }
            n_served++;
            assert_ptr_equal(served, lanes[served->user][0]);
            n_in_lane[served->user]--;
            memmove(&lanes[served->user][0], &lanes[served->user][1],
                    (size_t)n_in_lane[served->user] * sizeof(lanes[0][0]));
            for (int user = 0; user < N_USERS; user++) {
                if (user != served->user && n_in_lane[user] > 0) {
                    int n = ++lanes[user][0]->n_taken_of_others[served->user];
                    assert_true(n <= 1);
                }
            }
        }
    }
    assert_true(n_served > N_STEPS / 8);
    while (take_next(queue) != NULL) {
    }
    pal_queue_destroy(queue);
}

static void
test_higher_ranks_go_first_and_waiting_raises_a_rank(void **state)
{
    (void)state;
    struct pal_queue *queue = pal_queue_create(64, 64);
    struct entry entries[32] = {0};
    static const unsigned ranks[] = {0, 1, 2, 3};
    static const char *const users[] = {"all", "sub", "mod", "boss"};
    for (size_t i = 0; i < PAL_COUNT_OF(ranks); i++) {
        entries[i].id = (int)i;
        entries[i].item.rank = ranks[i];
        assert_int_equal(pal_queue_push(queue, users[i], &entries[i].item), PAL_OK);
    }
    for (int id = 3; id >= 0; id--) {
        assert_int_equal(take_next(queue)->id, id);
    }
    /* Somebody of no rank behind one who never stops. */
    entries[0].item.rank = 0;
    assert_int_equal(pal_queue_push(queue, "all", &entries[0].item), PAL_OK);
    for (int i = 1; i < 32; i++) {
        entries[i].id = i;
        entries[i].item.rank = 3;
        assert_int_equal(pal_queue_push(queue, "boss", &entries[i].item), PAL_OK);
    }
    int n_before = 0;
    while (take_next(queue)->id != 0) {
        n_before++;
    }
    assert_true(n_before > 3 * PAL_QUEUE_AGEING - 1);
    assert_true(n_before <= 4 * PAL_QUEUE_AGEING);
    while (take_next(queue) != NULL) {
    }
    pal_queue_destroy(queue);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users_take_turns_and_each_ones_lines_keep_their_order),
        cmocka_unit_test(test_limits_refuse_and_leave_the_rest_alone),
        cmocka_unit_test(test_those_without_a_name_have_one_lane_without_its_own_limit),
        cmocka_unit_test(test_removal_from_anywhere_keeps_order_and_place),
        cmocka_unit_test(test_lane_that_is_passed_over_keeps_its_place),
        cmocka_unit_test(test_nobody_is_served_twice_before_a_first_line),
        cmocka_unit_test(test_higher_ranks_go_first_and_waiting_raises_a_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
