#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "util/proc.h"

static void
test_memory_that_is_written_to_is_counted(void **state)
{
    (void)state;
    const size_t n_bytes = (size_t)32 << 20;
    uint64_t before = pal_proc_memory_bytes(0);
    char *block = malloc(n_bytes);
    assert_non_null(block);
    memset(block, 1, n_bytes);
    uint64_t after = pal_proc_memory_bytes((int)getpid());
    assert_int_equal(block[n_bytes / 2], 1);
    free(block);
    assert_true(before > 0);
    assert_true(after >= before + n_bytes / 2);
}

static void
test_a_process_that_is_not_there_holds_nothing(void **state)
{
    (void)state;
    assert_int_equal(pal_proc_memory_bytes(0x7ffffff0), 0);
}

static void
test_the_machine_has_memory_left(void **state)
{
    (void)state;
    assert_true(pal_proc_available_bytes() > 0);
}

static void
test_huge_pages_are_given_up_and_taken_back(void **state)
{
    (void)state;
    if (prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) < 0) {
        skip(); /* a kernel without them */
    }
    pal_proc_allow_huge_pages(false);
    assert_int_equal(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
    pal_proc_allow_huge_pages(true);
    assert_int_equal(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_that_is_written_to_is_counted),
        cmocka_unit_test(test_a_process_that_is_not_there_holds_nothing),
        cmocka_unit_test(test_the_machine_has_memory_left),
        cmocka_unit_test(test_huge_pages_are_given_up_and_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
