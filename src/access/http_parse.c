#include "access/http_parse.h"

#include <string.h>
#include <strings.h>

#include "util/mem.h"

#define FRAMING_LINE_MAX 1024 /* a chunk's size with its extensions, or a trailer */
#define ROOM_KEPT        (16 * 1024)

enum state {
    STATE_HEAD,
    STATE_BODY_LENGTH,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_CR,
    STATE_CHUNK_LF,
    STATE_TRAILER,
    STATE_DONE,
    STATE_BAD,
};

void
pal_http_parser_init(struct pal_http_parser *parser, size_t max_body_bytes)
{
    *parser = (struct pal_http_parser){.state = STATE_HEAD};
    pal_buf_init(&parser->raw, PAL_HTTP_HEAD_BYTES_MAX);
    pal_buf_init(&parser->line, FRAMING_LINE_MAX);
    pal_buf_init(&parser->body, max_body_bytes);
}

void
pal_http_parser_finish(struct pal_http_parser *parser)
{
    pal_buf_finish(&parser->raw);
    pal_buf_finish(&parser->line);
    pal_buf_finish(&parser->body);
}

void
pal_http_parser_reset(struct pal_http_parser *parser)
{
    if (parser->body.cap > ROOM_KEPT) {
        pal_buf_finish(&parser->body);
    }
    pal_buf_clear(&parser->body);
    pal_buf_clear(&parser->raw);
    pal_buf_clear(&parser->line);
    parser->head = (struct pal_http_head){0};
    parser->status = 0;
    parser->n_trailers = 0;
    parser->state = STATE_HEAD;
}

bool
pal_http_parser_is_fresh(const struct pal_http_parser *parser)
{
    return parser->state == STATE_HEAD && parser->raw.len == 0;
}

bool
pal_http_parser_in_body(const struct pal_http_parser *parser)
{
    return parser->state > STATE_HEAD && parser->state < STATE_DONE;
}

bool
pal_http_parser_is_whole(const struct pal_http_parser *parser)
{
    return parser->state == STATE_DONE;
}

const char *
pal_http_field(const struct pal_http_head *head, const char *name)
{
    for (size_t i = 0; i < head->n_fields; i++) {
        if (strcasecmp(head->fields[i].name, name) == 0) {
            return head->fields[i].value;
        }
    }
    return NULL;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

enum pal_err
pal_http_percent_decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = hex_value(from[1]);
        int low = high < 0 ? -1 : hex_value(from[2]);
        int byte = high * 16 + low;
        if (low < 0 || byte < 0x20 || byte == 0x7f) {
            return PAL_ERR_PROTO;
        }
        *to++ = (char)byte;
        from += 2;
    }
    *to = '\0';
    return PAL_OK;
}

static enum pal_http_parse
bad(struct pal_http_parser *parser, int status, const char *why)
{
    parser->state = STATE_BAD;
    parser->status = status;
    (void)pal_error_set(&parser->error, PAL_ERR_PROTO, "%s", why);
    return PAL_HTTP_BAD;
}

/* RFC 9110's tchar: what a method or a field name may hold. */
static bool
is_token_char(char c)
{
    if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) {
        return true;
    }
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool
is_token(const char *text)
{
    if (*text == '\0') {
        return false;
    }
    while (is_token_char(*text)) {
        text++;
    }
    return *text == '\0';
}

static enum pal_http_method
method_of(const char *text)
{
    static const char *const names[] = {
        [PAL_HTTP_GET] = "GET",
        [PAL_HTTP_HEAD] = "HEAD",
        [PAL_HTTP_POST] = "POST",
        [PAL_HTTP_OPTIONS] = "OPTIONS",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            return (enum pal_http_method)i;
        }
    }
    return PAL_HTTP_OTHER;
}

/* "GET /path?query HTTP/1.1", cut in place. NULL if it is well formed, else what is wrong. */
static const char *
parse_request_line(struct pal_http_parser *parser, char *line)
{
    struct pal_http_head *head = &parser->head;
    char *target = strchr(line, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (version == NULL) {
        return "this is no HTTP request line";
    }
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line)) {
        return "the method is malformed";
    }
    if (strncmp(version, "HTTP/", 5) != 0) {
        return "this is no HTTP request line";
    }
    head->method = method_of(line);
    head->http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    if (!head->http_1_0 && strcmp(version, "HTTP/1.1") != 0) {
        parser->status = 505;
        return "only HTTP/1.1 and HTTP/1.0 are spoken here";
    }
    for (const char *c = target; *c != '\0'; c++) {
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f) {
            return "the request target holds a byte that is not allowed";
        }
    }
    bool whole_server = head->method == PAL_HTTP_OPTIONS && strcmp(target, "*") == 0;
    if (target[0] != '/' && !whole_server) {
        return "the request target must be a path that begins with '/'";
    }
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query = '\0';
    }
    head->path = target;
    head->keep_alive = !head->http_1_0;
    return NULL;
}

static const char *
parse_content_length(struct pal_http_head *head, const char *value)
{
    if (head->has_length) {
        return "there are two Content-Length fields";
    }
    uint64_t length = 0;
    size_t n_digits = strlen(value);
    if (n_digits == 0 || n_digits > 18 || strspn(value, "0123456789") != n_digits) {
        return "Content-Length is no number";
    }
    for (const char *c = value; *c != '\0'; c++) {
        length = length * 10 + (uint64_t)(*c - '0');
    }
    head->has_length = true;
    head->content_length = length;
    return NULL;
}

/* True if a comma-separated list holds that word. */
static bool
list_has(const char *list, const char *word)
{
    size_t word_len = strlen(word);
    while (*list != '\0') {
        list += strspn(list, " \t,");
        size_t len = strcspn(list, ",");
        size_t trimmed = len;
        while (trimmed > 0 && (list[trimmed - 1] == ' ' || list[trimmed - 1] == '\t')) {
            trimmed--;
        }
        if (trimmed == word_len && strncasecmp(list, word, word_len) == 0) {
            return true;
        }
        list += len;
    }
    return false;
}

/* The fields that say where this message ends and what follows it. */
static const char *
note_field(struct pal_http_parser *parser, const struct pal_http_field *field)
{
    struct pal_http_head *head = &parser->head;
    if (strcasecmp(field->name, "content-length") == 0) {
        return parse_content_length(head, field->value);
    }
    if (strcasecmp(field->name, "transfer-encoding") == 0) {
        if (head->chunked || strcasecmp(field->value, "chunked") != 0) {
            parser->status = 501;
            return "the only transfer coding known here is 'chunked'";
        }
        head->chunked = true;
    } else if (strcasecmp(field->name, "connection") == 0) {
        if (list_has(field->value, "close")) {
            head->keep_alive = false;
        } else if (head->http_1_0 && list_has(field->value, "keep-alive")) {
            head->keep_alive = true;
        }
    } else if (strcasecmp(field->name, "expect") == 0) {
        if (strcasecmp(field->value, "100-continue") != 0) {
            parser->status = 417;
            return "the only expectation known here is '100-continue'";
        }
        head->expect_continue = !head->http_1_0;
    } else if (strcasecmp(field->name, "host") == 0 &&
               pal_http_field(head, "host") != field->value) {
        return "there are two Host fields";
    }
    return NULL;
}

/* "Name: value", cut in place. */
static const char *
parse_field(struct pal_http_parser *parser, char *line)
{
    struct pal_http_head *head = &parser->head;
    char *colon = strchr(line, ':');
    if (colon == NULL) {
        return "a header field has no colon";
    }
    *colon = '\0';
    if (!is_token(line)) {
        return "a header field's name is malformed";
    }
    char *value = colon + 1;
    value += strspn(value, " \t");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
        value[--len] = '\0';
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)value[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return "a header field holds a control character";
        }
    }
    if (head->n_fields == PAL_HTTP_FIELDS_MAX) {
        parser->status = 431;
        return "there are more than 64 header fields";
    }
    struct pal_http_field *field = &head->fields[head->n_fields++];
    *field = (struct pal_http_field){.name = line, .value = value};
    return note_field(parser, field);
}

/* The raw head ends in an empty line and has no NUL; every line ends in CR LF. */
static enum pal_http_parse
parse_head(struct pal_http_parser *parser)
{
    char *at = parser->raw.data;
    const char *why = NULL;
    parser->status = 400;
    if (strlen(at) != parser->raw.len) {
        return bad(parser, 400, "the request's head holds a NUL byte");
    }
    for (size_t n = 0; why == NULL && at[0] != '\r'; n++) {
        char *end = strchr(at, '\n');
        if (end[-1] != '\r' || memchr(at, '\r', (size_t)(end - at - 1)) != NULL) {
            why = "lines must end in CR LF";
            break;
        }
        end[-1] = '\0';
        why = n == 0 ? parse_request_line(parser, at) : parse_field(parser, at);
        at = end + 1;
    }
    struct pal_http_head *head = &parser->head;
    if (why == NULL && head->chunked && (head->has_length || head->http_1_0)) {
        why = "Transfer-Encoding does not go with Content-Length or HTTP/1.0";
    }
    if (why != NULL) {
        return bad(parser, parser->status, why);
    }
    if (head->has_length && head->content_length > parser->body.max_bytes) {
        return bad(parser, 413, "the body is larger than this server takes");
    }
    parser->status = 0;
    parser->body_left = head->content_length;
    parser->state = head->chunked              ? STATE_CHUNK_SIZE
                    : head->content_length > 0 ? STATE_BODY_LENGTH
                                               : STATE_DONE;
    return PAL_HTTP_HEAD_DONE;
}

static enum pal_http_parse
feed_head(struct pal_http_parser *parser, const char *bytes, size_t len, size_t *taken)
{
    struct pal_buf *raw = &parser->raw;
    size_t at = 0;
    /* A few empty lines before a request are forgiven (RFC 9112, 2.2); they are not kept. */
    while (raw->len == 0 && at < len && (bytes[at] == '\r' || bytes[at] == '\n')) {
        at++;
    }
    while (at < len) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - (bytes + at)) + 1;
        if (pal_buf_append(raw, bytes + at, n) != PAL_OK) {
            *taken = at;
            return bad(parser, 431, "the request's head is larger than 8 KiB");
        }
        at += n;
        if (end != NULL && raw->len >= 4 && memcmp(raw->data + raw->len - 4, "\r\n\r\n", 4) == 0) {
            *taken = at;
            return parse_head(parser);
        }
        if (end != NULL && raw->len >= 2 && raw->data[raw->len - 2] != '\r') {
            *taken = at;
            return bad(parser, 400, "lines must end in CR LF");
        }
    }
    *taken = at;
    return PAL_HTTP_MORE;
}

/* Moves what belongs to the body (or to the present chunk). */
static bool
take_body(struct pal_http_parser *parser, const char *bytes, size_t len, size_t *taken)
{
    size_t n = parser->body_left < len ? (size_t)parser->body_left : len;
    if (pal_buf_append(&parser->body, bytes, n) != PAL_OK) {
        (void)bad(parser, 413, "the body is larger than this server takes");
        return false;
    }
    parser->body_left -= n;
    *taken += n;
    return true;
}

/* Collects a line that ends in CR LF; true once it is whole, without its end. */
static bool
take_line(struct pal_http_parser *parser, char c)
{
    struct pal_buf *line = &parser->line;
    if (c != '\n') {
        if (pal_buf_append(line, &c, 1) != PAL_OK) {
            (void)bad(parser, 400, "a line between chunks is too long");
        }
        return false;
    }
    if (line->len == 0 || line->data[line->len - 1] != '\r' || strlen(line->data) != line->len) {
        (void)bad(parser, 400, "a line between chunks is malformed");
        return false;
    }
    line->data[--line->len] = '\0';
    return true;
}

/* "1f" or "1f;name=value". Only hex digits make the size: no sign, no space, no 0x. */
static void
parse_chunk_size(struct pal_http_parser *parser)
{
    const char *at = parser->line.data;
    uint64_t size = 0;
    int n_digits = 0;
    for (; hex_value(*at) >= 0 && n_digits < 9; at++, n_digits++) {
        size = size * 16 + (uint64_t)hex_value(*at);
    }
    if (n_digits == 0 || n_digits == 9 || (*at != '\0' && *at != ';')) {
        (void)bad(parser, 400, "a chunk's size is malformed");
        return;
    }
    parser->body_left = size;
    parser->state = size > 0 ? STATE_CHUNK_DATA : STATE_TRAILER;
}

/* Trailers are read to their end and dropped. */
static void
drop_trailer(struct pal_http_parser *parser)
{
    if (parser->line.len == 0) {
        parser->state = STATE_DONE;
    } else if (++parser->n_trailers > PAL_HTTP_FIELDS_MAX) {
        (void)bad(parser, 431, "there are more than 64 trailer fields");
    }
}

/* One byte of what stands around the chunks' data. */
static void
take_framing(struct pal_http_parser *parser, char c)
{
    bool in_line = parser->state == STATE_CHUNK_SIZE || parser->state == STATE_TRAILER;
    if (in_line) {
        if (!take_line(parser, c)) {
            return;
        }
        if (parser->state == STATE_CHUNK_SIZE) {
            parse_chunk_size(parser);
        } else {
            drop_trailer(parser);
        }
        pal_buf_clear(&parser->line);
    } else if (c != (parser->state == STATE_CHUNK_CR ? '\r' : '\n')) {
        (void)bad(parser, 400, "a chunk does not end where its size says");
    } else {
        parser->state = parser->state == STATE_CHUNK_CR ? STATE_CHUNK_LF : STATE_CHUNK_SIZE;
    }
}

enum pal_http_parse
pal_http_parser_feed(struct pal_http_parser *parser, const char *bytes, size_t len, size_t *taken)
{
    *taken = 0;
    if (parser->state == STATE_HEAD) {
        return feed_head(parser, bytes, len, taken);
    }
    while (*taken < len && parser->state < STATE_DONE) {
        const char *at = bytes + *taken;
        if (parser->state == STATE_BODY_LENGTH || parser->state == STATE_CHUNK_DATA) {
            if (take_body(parser, at, len - *taken, taken) && parser->body_left == 0) {
                parser->state = parser->state == STATE_CHUNK_DATA ? STATE_CHUNK_CR : STATE_DONE;
            }
            continue;
        }
        *taken += 1;
        take_framing(parser, *at);
    }
    return parser->state == STATE_DONE  ? PAL_HTTP_DONE
           : parser->state == STATE_BAD ? PAL_HTTP_BAD
                                        : PAL_HTTP_MORE;
}
