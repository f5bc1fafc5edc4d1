#include "access/http_head.h"

#include <string.h>
#include <strings.h>

#include "util/mem.h"

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

int
pal_http_hex_value(char c)
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
        int high = pal_http_hex_value(from[1]);
        int low = high < 0 ? -1 : pal_http_hex_value(from[2]);
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
parse_request_line(struct pal_http_head *head, char *line, int *status)
{
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
        *status = 505;
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
note_field(struct pal_http_head *head, const struct pal_http_field *field, int *status)
{
    if (strcasecmp(field->name, "content-length") == 0) {
        return parse_content_length(head, field->value);
    }
    if (strcasecmp(field->name, "transfer-encoding") == 0) {
        if (head->chunked || strcasecmp(field->value, "chunked") != 0) {
            *status = 501;
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
            *status = 417;
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
parse_field(struct pal_http_head *head, char *line, int *status)
{
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
        *status = 431;
        return "there are more than 64 header fields";
    }
    struct pal_http_field *field = &head->fields[head->n_fields++];
    *field = (struct pal_http_field){.name = line, .value = value};
    return note_field(head, field, status);
}

/* Lines of a head whose last one is empty; each must end in CR LF. */
static const char *
parse_lines(struct pal_http_head *head, char *at, int *status)
{
    for (size_t n = 0; at[0] != '\r'; n++) {
        char *end = strchr(at, '\n');
        if (end[-1] != '\r' || memchr(at, '\r', (size_t)(end - at - 1)) != NULL) {
            return "lines must end in CR LF";
        }
        end[-1] = '\0';
        const char *why =
            n == 0 ? parse_request_line(head, at, status) : parse_field(head, at, status);
        if (why != NULL) {
            return why;
        }
        at = end + 1;
    }
    return NULL;
}

const char *
pal_http_head_parse(struct pal_http_head *head, char *raw, size_t len, int *status)
{
    *status = 400;
    if (strlen(raw) != len) {
        return "the request's head holds a NUL byte";
    }
    const char *why = parse_lines(head, raw, status);
    if (why == NULL && head->chunked && (head->has_length || head->http_1_0)) {
        why = "Transfer-Encoding does not go with Content-Length or HTTP/1.0";
    }
    return why;
}
