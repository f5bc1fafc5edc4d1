#include "test.h"

#include <string.h>

#include "access/http_parse.h"
#include "util/mem.h"

#define BODY_MAX 64

struct request {
    const char *bytes;
    int status; /* 0 = well formed */
    const char *path;
    const char *body;
    bool keep_alive;
};

/* What a server must understand, and what could be understood in two ways. */
static const struct request requests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, "/", "", true},
    {"\r\n\r\nGET /x?y=1&z HTTP/1.1\r\nHost:a\r\n\r\n", 0, "/x", "", true},
    {"GET / HTTP/1.0\r\n\r\n", 0, "/", "", false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0, "/", "", true},
    {"GET / HTTP/1.1\r\nConnection: foo, Close \r\n\r\n", 0, "/", "", false},
    {"GET / HTTP/1.1\r\nConnection: closed\r\n\r\n", 0, "/", "", true},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0, "*", "", true},
    {"POST /p HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 0, "/p", "hello", true},
    {"POST /p HTTP/1.1\r\ncontent-length:\t0 \r\n\r\n", 0, "/p", "", true},
    {"POST /p HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n"
     "0\r\n\r\n",
     0, "/p", "abc0123456789", true},
    {"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: dropped\r\n\r\n", 0, "/p",
     "", true},
    {"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n00000003\r\nabc\r\n0\r\n\r\n", 0, "/p",
     "abc", true},
    /* no HTTP */
    {"hello\r\n\r\n", 400, NULL, NULL, false},
    {"GET /\r\n\r\n", 400, NULL, NULL, false},
    {"GET  / HTTP/1.1\r\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTX/1.1\r\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1 \r\n\r\n", 505, NULL, NULL, false},
    {"GET / HTTP/2.0\r\n\r\n", 505, NULL, NULL, false},
    {"G(T / HTTP/1.1\r\n\r\n", 400, NULL, NULL, false},
    {"GET http://a/ HTTP/1.1\r\n\r\n", 400, NULL, NULL, false},
    {"GET * HTTP/1.1\r\n\r\n", 400, NULL, NULL, false},
    {"GET /\x01 HTTP/1.1\r\n\r\n", 400, NULL, NULL, false},
    {"GET /\xC3\xA9 HTTP/1.1\r\n\r\n", 400, NULL, NULL, false},
    /* lines that two readers may end in two places */
    {"GET / HTTP/1.1\nHost: a\n\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1\r\n: b\r\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1\r\nnothing\r\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1\r\nA: \x7f\r\n\r\n", 400, NULL, NULL, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, NULL, NULL, false},
    /* bodies whose length is in doubt */
    {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n\r\na", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, NULL, NULL,
     false},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501,
     NULL, NULL, false},
    {"POST / HTTP/1.1\r\nExpect: miracles\r\n\r\n", 417, NULL, NULL, false},
    /* too large: by its word, or by what comes */
    {"POST / HTTP/1.1\r\nContent-Length: 65\r\n\r\n", 413, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n"
     "0123456789012345678901234567890123456789012345678901234567890123\r\n1\r\nx\r\n",
     413, NULL, NULL, false},
    /* chunk sizes */
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n 2\r\nab\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nab\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\nab\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n100000001\r\n", 400, NULL, NULL, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 400, NULL, NULL,
     false},
};

/* Feeds all, in pieces of at most `cut` bytes; returns the last result. */
static enum pal_http_parse
feed_all(struct pal_http_parser *parser, const char *bytes, size_t len, size_t cut)
{
    enum pal_http_parse result = PAL_HTTP_MORE;
    size_t at = 0;
    while (result != PAL_HTTP_DONE && result != PAL_HTTP_BAD) {
        size_t n = len - at < cut ? len - at : cut;
        size_t taken = 0;
        result = pal_http_parser_feed(parser, bytes + at, n, &taken);
        assert_true(taken <= n);
        at += taken;
        if (at == len && result == PAL_HTTP_MORE) {
            break;
        }
    }
    return result;
}

static void
check(const struct request *request, size_t cut)
{
    struct pal_http_parser parser;
    pal_http_parser_init(&parser, BODY_MAX);
    enum pal_http_parse result = feed_all(&parser, request->bytes, strlen(request->bytes), cut);
    if (request->status != 0) {
        if (result != PAL_HTTP_BAD || parser.status != request->status) {
            fail_msg("'%s' cut at %zu: result %d status %d", request->bytes, cut, (int)result,
                     parser.status);
        }
        assert_true(parser.error.text[0] != '\0');
    } else {
        if (result != PAL_HTTP_DONE) {
            fail_msg("'%s' cut at %zu: %s", request->bytes, cut, parser.error.text);
        }
        assert_string_equal(parser.head.path, request->path);
        assert_string_equal(parser.body.data, request->body);
        assert_int_equal(parser.head.keep_alive, request->keep_alive);
    }
    pal_http_parser_finish(&parser);
}

static void
test_each_request_is_judged_the_same_at_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(requests); i++) {
        for (size_t cut = 1; cut <= strlen(requests[i].bytes); cut++) {
            check(&requests[i], cut);
        }
    }
}

static void
test_every_beginning_of_a_request_waits_for_more(void **state)
{
    (void)state;
    const char *bytes = requests[9].bytes; /* with chunks */
    for (size_t len = 0; len < strlen(bytes); len++) {
        struct pal_http_parser parser;
        pal_http_parser_init(&parser, BODY_MAX);
        assert_int_equal(feed_all(&parser, bytes, len, 7), PAL_HTTP_MORE);
        assert_int_equal(pal_http_parser_is_fresh(&parser), len == 0);
        pal_http_parser_finish(&parser);
    }
}

static void
test_two_requests_in_one_read_are_told_apart(void **state)
{
    (void)state;
    const char bytes[] = "POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\n\r\n";
    struct pal_http_parser parser;
    pal_http_parser_init(&parser, BODY_MAX);
    size_t head = 0;
    size_t body = 0;
    size_t second = 0;
    size_t len = sizeof(bytes) - 1;
    assert_int_equal(pal_http_parser_feed(&parser, bytes, len, &head), PAL_HTTP_HEAD_DONE);
    assert_int_equal(pal_http_parser_feed(&parser, bytes + head, len - head, &body), PAL_HTTP_DONE);
    assert_int_equal(body, 2);
    pal_http_parser_reset(&parser);
    assert_int_equal(pal_http_parser_feed(&parser, bytes + head + body, len - head - body, &second),
                     PAL_HTTP_HEAD_DONE);
    assert_string_equal(parser.head.path, "/2");
    assert_int_equal(parser.body.len, 0);
    assert_int_equal(head + body + second, len);
    pal_http_parser_finish(&parser);
}

static void
test_endless_heads_are_refused_at_field_65_and_at_8_kib(void **state)
{
    (void)state;
    struct pal_buf bytes;
    pal_buf_init(&bytes, 64 * 1024);
    for (int n_fields = 64; n_fields <= 65; n_fields++) {
        pal_buf_clear(&bytes);
        assert_int_equal(pal_buf_append_text(&bytes, "GET / HTTP/1.1\r\n"), PAL_OK);
        for (int i = 0; i < n_fields; i++) {
            assert_int_equal(pal_buf_append_text(&bytes, "A: b\r\n"), PAL_OK);
        }
        assert_int_equal(pal_buf_append_text(&bytes, "\r\n"), PAL_OK);
        struct request request = {bytes.data, n_fields == 64 ? 0 : 431, "/", "", true};
        check(&request, 1000);
    }
    pal_buf_clear(&bytes);
    assert_int_equal(pal_buf_append_text(&bytes, "GET / HTTP/1.1\r\nA: "), PAL_OK);
    while (bytes.len < 9000) {
        assert_int_equal(pal_buf_append_text(&bytes, "aaaaaaaaaa"), PAL_OK);
    }
    struct request request = {bytes.data, 431, NULL, NULL, false};
    check(&request, 1000);
    pal_buf_finish(&bytes);
}

static void
test_a_nul_in_the_head_is_refused(void **state)
{
    (void)state;
    static const char bytes[] = "GET /\0 HTTP/1.1\r\n\r\n";
    struct pal_http_parser parser;
    pal_http_parser_init(&parser, BODY_MAX);
    assert_int_equal(feed_all(&parser, bytes, sizeof(bytes) - 1, 100), PAL_HTTP_BAD);
    assert_int_equal(parser.status, 400);
    pal_http_parser_finish(&parser);
}

static void
test_percent_decoding_refuses_controls_and_broken_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *decoded; /* NULL = refused */
    } cases[] = {
        {"plain", "plain"}, {"a%20b", "a b"}, {"%C3%A9", "\xC3\xA9"},
        {"%2f%2F", "//"},   {"%25", "%"},     {"", ""},
        {"%", NULL},        {"%4", NULL},     {"%zz", NULL},
        {"%00", NULL},      {"%0a", NULL},    {"%7f", NULL},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        char text[16];
        (void)strncpy(text, cases[i].text, sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        enum pal_err err = pal_http_percent_decode(text);
        assert_int_equal(err, cases[i].decoded != NULL ? PAL_OK : PAL_ERR_PROTO);
        if (cases[i].decoded != NULL) {
            assert_string_equal(text, cases[i].decoded);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_request_is_judged_the_same_at_every_cut),
        cmocka_unit_test(test_every_beginning_of_a_request_waits_for_more),
        cmocka_unit_test(test_two_requests_in_one_read_are_told_apart),
        cmocka_unit_test(test_endless_heads_are_refused_at_field_65_and_at_8_kib),
        cmocka_unit_test(test_a_nul_in_the_head_is_refused),
        cmocka_unit_test(test_percent_decoding_refuses_controls_and_broken_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
