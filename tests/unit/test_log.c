#include "test.h"

#include <string.h>
#include <unistd.h>

#define LOG_TOPIC "test"
#include "util/log.h"

/* What one call wrote, NUL-terminated. */
static size_t
logged(int fd, char *line, size_t room)
{
    ssize_t n = read(fd, line, room - 1);
    line[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static void
test_one_event_is_one_line_whatever_it_holds(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pal_log_init(PAL_LOG_INFO, ends[1]);
    for (int byte = 1; byte < 256; byte++) {
        char text[4] = {'a', (char)byte, 'b', '\0'};
        char line[8192];
        pal_log_info("message", "value=%s", text);
        size_t n = logged(ends[0], line, sizeof(line));
        assert_true(n > 0);
        assert_int_equal(line[n - 1], '\n');
        assert_null(memchr(line, '\n', n - 1));
        assert_null(memchr(line, 0x1b, n));
        assert_non_null(strstr(line, " level=info topic=test msg=\"message\" value=a"));
    }
    char huge[10000];
    memset(huge, 'x', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    pal_log_info(huge, "rest=%s", huge);
    char line[8192];
    size_t n = logged(ends[0], line, sizeof(line));
    assert_true(n > 0 && n <= 4096);
    assert_int_equal(line[n - 1], '\n');
    pal_log_init(PAL_LOG_INFO, STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
}

static void
test_a_quoted_value_ends_where_it_ends(void **state)
{
    (void)state;
    int ends[2];
    char line[8192];
    assert_int_equal(pipe(ends), 0);
    pal_log_init(PAL_LOG_INFO, ends[1]);
    pal_log_info("m", "name=" PAL_LOG_STR " n=%zu", "a\" level=error \\", (size_t)7);
    (void)logged(ends[0], line, sizeof(line));
    assert_non_null(strstr(line, " name=\"a\\\" level=error \\\\\" n=7\n"));
    pal_log_info("m", "all=%d %u %lld %llu %zu %.1f %.*s %s %016lx %c 100%%", -1, 2u, -3LL, 4ULL,
                 (size_t)5, 6.25, 2, "xyz", "\"", 255UL, 'c');
    (void)logged(ends[0], line, sizeof(line));
    assert_non_null(strstr(line, " all=-1 2 -3 4 5 6.2 xy \" 00000000000000ff c 100%\n"));
    /* However long, it is closed, and no escape is cut in two. */
    char quotes[3000];
    memset(quotes, '"', sizeof(quotes) - 1);
    quotes[sizeof(quotes) - 1] = '\0';
    for (size_t i = 0; i < 8; i++) {
        pal_log_info("m", "pad=%s q=" PAL_LOG_STR, &"xxxxxxxx"[i], quotes);
        size_t n = logged(ends[0], line, sizeof(line));
        assert_true(n > 4 && strcmp(line + n - 4, "\\\"\"\n") == 0);
    }
    pal_log_init(PAL_LOG_INFO, STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
}

static void
test_levels_below_the_chosen_one_are_silent(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pal_log_init(PAL_LOG_WARN, ends[1]);
    pal_log_info("quiet", "n=%d", 1);
    pal_log_error("loud", "n=%d", 2);
    char line[4096];
    (void)logged(ends[0], line, sizeof(line));
    assert_null(strstr(line, "quiet"));
    assert_non_null(strstr(line, "loud"));
    enum pal_log_level level = PAL_LOG_ERROR;
    assert_int_equal(pal_log_level_parse("trace", &level), PAL_OK);
    assert_int_equal(level, PAL_LOG_TRACE);
    assert_int_equal(pal_log_level_parse("loud", &level), PAL_ERR_ARGUMENT);
    pal_log_init(PAL_LOG_INFO, STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_event_is_one_line_whatever_it_holds),
        cmocka_unit_test(test_a_quoted_value_ends_where_it_ends),
        cmocka_unit_test(test_levels_below_the_chosen_one_are_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
