#include "test.h"

#include <string.h>

#include "output/osc.h"
#include "util/mem.h"

static void
test_a_message_is_the_bytes_of_osc(void **state)
{
    (void)state;
    static const unsigned char expected[] = {'/', 'V', 'M', 'C', '/', 'E', 'x',  't', '/', 'B', 'l',
                                             'e', 'n', 'd', '/', 'V', 'a', 'l',  0,   0,   ',', 's',
                                             'f', 0,   'J', 'o', 'y', 0,   0x3F, 0,   0,   0};
    struct pal_osc osc;
    struct pal_osc_arg args[] = {{.type = 's', .text = "Joy"}, {.type = 'f', .number = 0.5F}};
    pal_osc_begin(&osc, false);
    assert_true(pal_osc_message(&osc, false, "/VMC/Ext/Blend/Val", args, 2));
    assert_int_equal(osc.len, sizeof(expected));
    assert_memory_equal(osc.bytes, expected, sizeof(expected));
}

static void
test_a_bundle_has_its_head_and_each_message_s_size(void **state)
{
    (void)state;
    struct pal_osc osc;
    struct pal_osc_arg one = {.type = 'i', .integer = -2};
    pal_osc_begin(&osc, true);
    assert_memory_equal(osc.bytes, "#bundle\0\0\0\0\0\0\0\0\1", 16);
    assert_true(pal_osc_message(&osc, true, "/a", &one, 1));
    static const unsigned char expected[] = {0,   0,   0, 12, '/',  'a',  0,    0,
                                             ',', 'i', 0, 0,  0xFF, 0xFF, 0xFF, 0xFE};
    assert_int_equal(osc.len, 32);
    assert_memory_equal(osc.bytes + 16, expected, 16);
    assert_true(pal_osc_message(&osc, true, "/VMC/Ext/Blend/Apply", NULL, 0));
    assert_int_equal(osc.len % 4, 0);
}

static void
test_what_does_not_fit_leaves_the_packet_as_it_was(void **state)
{
    (void)state;
    struct pal_osc osc;
    struct pal_osc_arg args[] = {{.type = 's', .text = "LookRight"}, {.type = 'f', .number = 1.0F}};
    pal_osc_begin(&osc, true);
    size_t before = 0;
    size_t n = 0;
    do {
        before = osc.len;
        n++;
    } while (pal_osc_message(&osc, true, "/VMC/Ext/Blend/Val", args, 2));
    assert_int_equal(osc.len, before);
    assert_true(osc.len <= PAL_OSC_MAX_BYTES);
    assert_true(n > 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_the_bytes_of_osc),
        cmocka_unit_test(test_a_bundle_has_its_head_and_each_message_s_size),
        cmocka_unit_test(test_what_does_not_fit_leaves_the_packet_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
