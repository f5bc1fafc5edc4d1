#include "access/irc_message.h"

#include <string.h>

void
pal_irc_reader_init(struct pal_irc_reader *reader)
{
    *reader = (struct pal_irc_reader){.len = 0};
}

/* Adds what belongs to the present line, unless it has been given up. */
static void
gather(struct pal_irc_reader *reader, const char *bytes, size_t len)
{
    if (reader->is_skipping) {
        return;
    }
    if (len > PAL_IRC_LINE_BYTES_MAX - reader->len || memchr(bytes, '\0', len) != NULL) {
        reader->is_skipping = true;
        return;
    }
    memcpy(reader->line + reader->len, bytes, len);
    reader->len += len;
}

static size_t
bytes_to_line_end(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\r' || bytes[i] == '\n') {
            return i;
        }
    }
    return len;
}

enum pal_err
pal_irc_reader_feed(struct pal_irc_reader *reader, const char *bytes, size_t len, size_t *taken)
{
    *taken = 0;
    if (reader->is_whole) {
        reader->is_whole = false;
        reader->len = 0;
    }
    while (*taken < len) {
        size_t left = len - *taken;
        size_t n = bytes_to_line_end(bytes + *taken, left);
        gather(reader, bytes + *taken, n);
        *taken += n;
        if (n == left) {
            break;
        }
        *taken += 1;
        if (reader->is_skipping) {
            reader->n_dropped++;
            reader->is_skipping = false;
            reader->len = 0;
        } else if (reader->len > 0) {
            reader->line[reader->len] = '\0';
            reader->is_whole = true;
            return PAL_OK;
        }
    }
    return PAL_ERR_AGAIN;
}

/* In place; a text never gets longer. */
static void
unescape(char *value)
{
    char *to = value;
    for (const char *from = value; *from != '\0'; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        from++;
        if (*from == '\0') {
            break; /* a backslash at the very end */
        }
        switch (*from) {
        case ':':
            *to++ = ';';
            break;
        case 's':
            *to++ = ' ';
            break;
        case 'r':
            *to++ = '\r';
            break;
        case 'n':
            *to++ = '\n';
            break;
        default:
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* Cuts the text off at the first `end`; returns what stands behind it, or its NUL. */
static char *
cut_at(char *text, char end)
{
    char *found = strchr(text, end);
    if (found == NULL) {
        return text + strlen(text);
    }
    *found = '\0';
    return found + 1;
}

static char *
skip_spaces(char *at)
{
    while (*at == ' ') {
        at++;
    }
    return at;
}

static char *
parse_tags(char *at, struct pal_irc_message *message)
{
    char *rest = cut_at(at, ' ');
    while (*at != '\0') {
        char *next = cut_at(at, ';');
        char *value = cut_at(at, '=');
        if (*at != '\0' && message->n_tags < PAL_IRC_TAGS_MAX) {
            unescape(value);
            message->tags[message->n_tags++] = (struct pal_irc_tag){at, value};
        }
        at = next;
    }
    return skip_spaces(rest);
}

enum pal_err
pal_irc_parse(char *line, struct pal_irc_message *message)
{
    char *at = skip_spaces(line);
    message->n_tags = 0;
    message->nick = "";
    message->n_params = 0;
    if (*at == '@') {
        at = parse_tags(at + 1, message);
    }
    if (*at == ':') {
        char *nick = at + 1;
        at = skip_spaces(cut_at(nick, ' '));
        nick[strcspn(nick, "!@")] = '\0';
        message->nick = nick;
    }
    message->command = at;
    at = skip_spaces(cut_at(at, ' '));
    while (*at != '\0' && message->n_params < PAL_IRC_PARAMS_MAX) {
        if (*at == ':' || message->n_params == PAL_IRC_PARAMS_MAX - 1) {
            message->params[message->n_params++] = at + (*at == ':' ? 1 : 0);
            break;
        }
        message->params[message->n_params++] = at;
        at = skip_spaces(cut_at(at, ' '));
    }
    return *message->command != '\0' ? PAL_OK : PAL_ERR_PROTO;
}

const char *
pal_irc_tag(const struct pal_irc_message *message, const char *key)
{
    for (size_t i = message->n_tags; i > 0; i--) {
        if (strcmp(message->tags[i - 1].key, key) == 0) {
            return message->tags[i - 1].value;
        }
    }
    return NULL;
}

const char *
pal_irc_param(const struct pal_irc_message *message, size_t i)
{
    return i < message->n_params ? message->params[i] : "";
}
