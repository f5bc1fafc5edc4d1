#include "test.h"

#include "engine/sampler.h"

#include <float.h>
#include <math.h>

#include "util/mem.h"

static void
test_a_token_is_drawn_from_numbers_only(void **state)
{
    (void)state;
    static const struct {
        float logits[3];
        bool expected;
    } cases[] = {
        {{0, 0, 1}, true},
        {{0, -0.0F, 0}, false},
        {{-3, -3, -3}, false},
        {{-1, 2.5F, 1e-30F}, true},
        {{FLT_MAX, -FLT_MAX, 0}, true},
        {{-INFINITY, 1, -INFINITY}, true}, /* some models forbid tokens so */
        {{-INFINITY, -INFINITY, -INFINITY}, false},
        {{INFINITY, 0, 0}, false},
        {{0, 0, NAN}, false},
        {{-NAN, 0, 0}, false},
        {{NAN, NAN, NAN}, false},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        assert_int_equal(pal_logits_are_numbers(cases[i].logits, 3), cases[i].expected);
    }
    assert_false(pal_logits_are_numbers(NULL, 0));
    assert_true(pal_logits_are_numbers(cases[0].logits, 1)); /* a vocabulary of one */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_is_drawn_from_numbers_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
