/*
 * Any bytes as HTTP requests: the same requests and the same verdict come out whole and in cuts
 * (the first byte says how long), and what is accepted keeps the parser's promises.
 */
#include <string.h>

#include "access/http_parse.h"
#include "util/mem.h"

#define BODY_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct summary {
    size_t n_requests;
    size_t body_bytes;
    size_t taken;
    int status;
};

static void
check_head(const struct pal_http_head *head)
{
    PAL_ASSERT(head->path[0] == '/' || strcmp(head->path, "*") == 0);
    PAL_ASSERT(head->n_fields <= PAL_HTTP_FIELDS_MAX);
    PAL_ASSERT(!(head->chunked && head->has_length));
    for (size_t i = 0; i < head->n_fields; i++) {
        PAL_ASSERT(head->fields[i].name[0] != '\0');
        PAL_ASSERT(strpbrk(head->fields[i].value, "\r\n") == NULL);
    }
}

static struct summary
parse_all(const char *bytes, size_t len, size_t cut)
{
    struct summary summary = {0};
    struct pal_http_parser parser;
    pal_http_parser_init(&parser, BODY_MAX);
    while (summary.status == 0) {
        size_t left = len - summary.taken;
        size_t taken = 0;
        size_t n = left < cut ? left : cut;
        enum pal_http_parse result =
            pal_http_parser_feed(&parser, bytes + summary.taken, n, &taken);
        PAL_ASSERT(taken <= n);
        PAL_ASSERT(result != PAL_HTTP_MORE || taken == n);
        summary.taken += taken;
        if (result == PAL_HTTP_HEAD_DONE) {
            check_head(&parser.head);
        } else if (result == PAL_HTTP_DONE) {
            summary.n_requests++;
            summary.body_bytes += parser.body.len;
            PAL_ASSERT(parser.body.len <= BODY_MAX);
            pal_http_parser_reset(&parser);
        } else if (result == PAL_HTTP_BAD) {
            PAL_ASSERT(parser.status >= 400 && parser.error.text[0] != '\0');
            summary.status = parser.status;
        } else if (left == 0 || (taken == 0 && n == left)) {
            break;
        }
    }
    pal_http_parser_finish(&parser);
    return summary;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    const char *bytes = (const char *)data + 1;
    struct summary whole = parse_all(bytes, len - 1, SIZE_MAX);
    struct summary in_cuts = parse_all(bytes, len - 1, (size_t)data[0] % 64 + 1);
    PAL_ASSERT(whole.n_requests == in_cuts.n_requests);
    PAL_ASSERT(whole.body_bytes == in_cuts.body_bytes);
    PAL_ASSERT(whole.status == in_cuts.status);
    return 0;
}
