#include "test.h"

#include "engine/hold.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/utf8.h"

static const struct {
    const char *said;
    const char *stops[3];
    const char *sent;
    bool is_stopped;
} cases[] = {
    {"Bonjour toi", {0}, "Bonjour toi", false},
    {"Bonjour toi", {"toi"}, "Bonjour ", true},
    {"Bonjour toi", {"tout"}, "Bonjour toi", false},
    {"aaab", {"aab"}, "a", true},
    {"abcabd", {"abd"}, "abc", true},
    {"one\n\ntwo", {"\n\n"}, "one", true},
    {"one\ntwo\n", {"\n\n"}, "one\ntwo\n", false},
    {"x END y STOP", {"STOP", "END"}, "x ", true},
    {"stopstop", {"stop"}, "", true},
    {"l'été arrive", {"é arrive"}, "l'ét", true},
    {"👋🏽 salut", {"salut!"}, "👋🏽 salut", false},
    {"cut \xc3", {0}, "cut ?", false},
    {"bad \xff\xfe byte", {0}, "bad ?? byte", false},
    {"", {"x"}, "", false},
};

static void
take(struct pal_hold *hold, struct pal_buf *sent)
{
    assert_true(pal_utf8_valid(hold->bytes.data, hold->n_ready));
    assert_int_equal(pal_buf_append(sent, hold->bytes.data, hold->n_ready), PAL_OK);
    pal_hold_sent(hold, hold->n_ready);
    assert_int_equal(hold->n_sent, sent->len);
}

/* Says cases[i] in pieces: cut at `cut`, or into pieces of `each` bytes. */
static void
say(size_t i, size_t cut, size_t each)
{
    char *stops[3];
    size_t n_stops = 0;
    while (n_stops < 3 && cases[i].stops[n_stops] != NULL) {
        stops[n_stops] = pal_strdup(cases[i].stops[n_stops]);
        n_stops++;
    }
    struct pal_hold hold;
    struct pal_buf sent;
    pal_hold_init(&hold, stops, n_stops);
    pal_buf_init(&sent, 1024);
    size_t len = strlen(cases[i].said);
    bool is_stopped = false;
    for (size_t at = 0; at < len && !is_stopped;) {
        size_t n = each > 0 ? each : at < cut ? cut - at : len - at;
        n = n > len - at ? len - at : n;
        is_stopped = pal_hold_add(&hold, cases[i].said + at, n);
        take(&hold, &sent);
        at += n;
    }
    if (!is_stopped) {
        pal_hold_end(&hold);
        take(&hold, &sent);
    }
    assert_string_equal(sent.data, cases[i].sent);
    assert_int_equal(is_stopped, cases[i].is_stopped);
    pal_hold_finish(&hold);
    pal_buf_finish(&sent);
    for (size_t k = 0; k < n_stops; k++) {
        free(stops[k]);
    }
}

static void
test_any_cut_gives_the_same_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        for (size_t cut = 0; cut <= strlen(cases[i].said); cut++) {
            say(i, cut, 0);
        }
        for (size_t each = 1; each < 5; each++) {
            say(i, 0, each);
        }
    }
}

static void
test_only_what_may_become_a_stop_is_held_back(void **state)
{
    (void)state;
    char *stops[] = {pal_strdup("\nUser:")};
    struct pal_hold hold;
    pal_hold_init(&hold, stops, 1);
    assert_false(pal_hold_add(&hold, "hello", 5));
    assert_int_equal(hold.n_ready, 5);
    pal_hold_sent(&hold, hold.n_ready);
    assert_false(pal_hold_add(&hold, "\nUs", 3));
    assert_int_equal(hold.n_ready, 0);
    assert_false(pal_hold_add(&hold, "e it", 4)); /* no stop after all */
    assert_int_equal(hold.n_ready, 7);
    pal_hold_finish(&hold);
    free(stops[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_cut_gives_the_same_text),
        cmocka_unit_test(test_only_what_may_become_a_stop_is_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
