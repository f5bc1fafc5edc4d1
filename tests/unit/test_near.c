#include "test.h"

#include <stdint.h>
#include <string.h>

#include "config/near.h"
#include "config/option.h"
#include "util/mem.h"

static void
test_distance_counts_letters_to_mend(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"port", "port", 0},
        {"prot", "port", 1},
        {"por", "port", 1},
        {"ports", "port", 1},
        {"pert", "port", 1},
        {"PORT", "port", 0},
        {"max-idle", "max_idle", 0},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        assert_int_equal(pal_near_distance(cases[i].a, cases[i].b), cases[i].distance);
        assert_int_equal(pal_near_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
}

static void
test_overlong_words_are_infinitely_far(void **state)
{
    (void)state;
    char word[66];
    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_true(pal_near_distance(word, "a") == SIZE_MAX);
    assert_true(pal_near_distance("a", word) == SIZE_MAX);
    word[64] = '\0';
    assert_int_equal(pal_near_distance(word, "a"), 63);
}

static void
test_nearest_key_is_found_in_any_section(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *right;
    } cases[] = {
        {"bot.max_token_chill", "bot.max_tokens_chill"},
        {"bot.max-tokens-chill", "bot.max_tokens_chill"},
        {"max_tokens_chill", "bot.max_tokens_chill"},
        {"bot.max_idle_time", "rate_limiting.max_idle_time"},
        {"server.prot", "server.port"},
        {"ai.n_thread", "ai.n_threads"},
        {"modle", "model"},
        {"serveur", "server"},
        {"rate_limit", "rate_limiting"},
        {"xyzzy", NULL},
        {"q", NULL},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        const char *found = pal_option_nearest_key(cases[i].wrong);
        if (cases[i].right == NULL) {
            assert_null(found);
        } else {
            assert_non_null(found);
            assert_string_equal(found, cases[i].right);
        }
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance_counts_letters_to_mend),
        cmocka_unit_test(test_overlong_words_are_infinitely_far),
        cmocka_unit_test(test_nearest_key_is_found_in_any_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
