#include "test.h"

#include <string.h>

#include "engine/sse.h"

/* Every event, each followed by '|'. */
static enum pal_err
collect(const char *data, size_t len, void *userdata)
{
    struct pal_buf *out = userdata;
    enum pal_err err = pal_buf_append(out, data, len);
    return err == PAL_OK ? pal_buf_append_text(out, "|") : err;
}

static void
read_in_two(const char *text, size_t len, size_t cut, struct pal_buf *out)
{
    struct pal_sse sse;
    pal_sse_init(&sse);
    assert_int_equal(pal_sse_add(&sse, text, cut, collect, out), PAL_OK);
    assert_int_equal(pal_sse_add(&sse, text + cut, len - cut, collect, out), PAL_OK);
    assert_int_equal(pal_sse_end(&sse, collect, out), PAL_OK);
    pal_sse_finish(&sse);
}

static void
test_a_stream_reads_the_same_wherever_it_is_cut(void **state)
{
    (void)state;
    static const struct {
        const char *stream, *events;
    } cases[] = {
        {"data: a\n\ndata: b\n\n", "a|b|"},
        {"data:a\r\n\r\ndata:  b\r\n\r\n", "a| b|"},
        {"data: a\r\rdata: b\r\r", "a|b|"},
        {": ping\n\nevent: x\nid: 3\ndata: a\nretry: 1\n\n", "a|"},
        {"data: a\ndata: b\n\n", "a\nb|"},
        {"data\ndatum: a\n\ndata:\n\n", "|"},
        {"data: [DONE]", "[DONE]|"},
        {"data: [DONE]\n", "[DONE]|"},
        {"\n\n\n", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = strlen(cases[i].stream);
        for (size_t cut = 0; cut <= len; cut++) {
            struct pal_buf out;
            pal_buf_init(&out, 1024);
            read_in_two(cases[i].stream, len, cut, &out);
            assert_string_equal(out.len > 0 ? out.data : "", cases[i].events);
            pal_buf_finish(&out);
        }
    }
}

static void
test_an_endless_line_is_refused(void **state)
{
    (void)state;
    static char bytes[65536];
    memset(bytes, 'x', sizeof(bytes));
    struct pal_sse sse;
    struct pal_buf out;
    pal_sse_init(&sse);
    pal_buf_init(&out, 16);
    enum pal_err err = PAL_OK;
    size_t n = 0;
    for (; err == PAL_OK && n < 1000; n++) {
        err = pal_sse_add(&sse, bytes, sizeof(bytes), collect, &out);
    }
    assert_int_equal(err, PAL_ERR_LIMIT);
    assert_true(n <= PAL_SSE_EVENT_BYTES_MAX / sizeof(bytes) + 1);
    assert_int_equal(out.len, 0);
    pal_sse_finish(&sse);
    pal_buf_finish(&out);
}

static enum pal_err
refuse(const char *data, size_t len, void *userdata)
{
    (void)data;
    (void)len;
    ++*(unsigned *)userdata;
    return PAL_ERR_PROTO;
}

static void
test_the_first_refusal_ends_the_reading(void **state)
{
    (void)state;
    static const char stream[] = "data: a\n\ndata: b\n\n";
    unsigned n_calls = 0;
    struct pal_sse sse;
    pal_sse_init(&sse);
    assert_int_equal(pal_sse_add(&sse, stream, strlen(stream), refuse, &n_calls), PAL_ERR_PROTO);
    assert_int_equal(n_calls, 1);
    pal_sse_finish(&sse);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_reads_the_same_wherever_it_is_cut),
        cmocka_unit_test(test_an_endless_line_is_refused),
        cmocka_unit_test(test_the_first_refusal_ends_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
