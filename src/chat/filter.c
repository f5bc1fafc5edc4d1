#include "chat/filter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chat/fold.h"
#include "util/buf.h"
#include "util/mem.h"

/* Endings that make a word with a dot in it a link, as chats see them. */
static const char *const endings[] = {
    "com",  "net",    "org",   "fr",     "io",   "gg", "tv", "be",  "co",   "me",
    "app",  "dev",    "eu",    "uk",     "de",   "ru", "cn", "xyz", "info", "link",
    "live", "shop",   "site",  "top",    "club", "ly", "ca", "us",  "to",   "gl",
    "biz",  "online", "store", "stream", "ch",   "es", "it", "nl",  "pl",   NULL,
};

static bool
is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

static bool
is_listed(const char *word, size_t len, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strlen(*list) == len && strncasecmp(*list, word, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Bytes of a link in the word (which ends at a space); 0 = it is none. */
static size_t
link_len(const char *word, size_t len)
{
    size_t host = 0;
    if (len > 7 &&
        (strncasecmp(word, "http://", 7) == 0 || strncasecmp(word, "https://", 8) == 0)) {
        return len;
    }
    while (host < len && is_host_byte(word[host])) {
        host++;
    }
    size_t end = host;
    while (end > 0 && word[end - 1] == '.') {
        end--;
    }
    const char *dot = NULL;
    for (size_t i = 1; i < end; i++) {
        dot = word[i] == '.' ? word + i : dot;
    }
    if (dot == NULL || !is_listed(dot + 1, (size_t)(word + end - dot - 1), endings)) {
        return 0;
    }
    bool has_path = word[end] == '/' || word[end] == ':' || word[end] == '?';
    return has_path ? len : end;
}

/* Links become a word that says that there was one. */
static char *
without_links(const char *text, enum pal_lang lang)
{
    const char *instead = lang == PAL_LANG_FR ? "(lien)" : "(link)";
    struct pal_buf out;
    pal_buf_init(&out, 4 * strlen(text) + 64);
    enum pal_err err = PAL_OK;
    while (*text != '\0' && err == PAL_OK) {
        size_t spaces = strspn(text, " ");
        err = pal_buf_append(&out, text, spaces);
        text += spaces;
        size_t len = strcspn(text, " ");
        size_t lead = strspn(text, "(<[\"'*_~");
        lead = lead < len ? lead : len;
        size_t link = link_len(text + lead, len - lead);
        if (link > 0 && err == PAL_OK) {
            err = pal_buf_append(&out, text, lead);
            err = err == PAL_OK ? pal_buf_append_text(&out, instead) : err;
            lead += link;
        } else {
            lead = 0;
        }
        err = err == PAL_OK ? pal_buf_append(&out, text + lead, len - lead) : err;
        text += len;
    }
    PAL_ASSERT(err == PAL_OK);
    char *taken = pal_buf_take(&out);
    pal_buf_finish(&out);
    return taken;
}

static bool
is_login_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* '@' only before the asker's login; an address's '@' has a letter before it and no login. */
static void
drop_pings(char *text, const char *asker)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        size_t len = 0;
        while (*from == '@' && is_login_byte(from[1 + len])) {
            len++;
        }
        bool is_ping = *from == '@' && (len > 0 || from[1] == '@');
        bool is_asker = len > 0 && asker != NULL && strlen(asker) == len &&
                        strncasecmp(asker, from + 1, len) == 0;
        if (!is_ping || is_asker) {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* Signs that make a line a command of the platform or of another bot. */
static void
drop_command_signs(char *text)
{
    size_t n = strspn(text, "!/.\\?$&%#~+-=>:;|^*_ ");
    bool is_command = n > 0 && text[n] != '\0';
    /* "…", "?!" and the like alone are no command, nor is "-3 degrés" or "$5". */
    if (is_command && !(text[n] >= '0' && text[n] <= '9' && strchr("-$+", text[0]) != NULL)) {
        memmove(text, text + n, strlen(text + n) + 1);
    }
}

static bool
has_banned(const char *text, const char *const *banned)
{
    if (banned == NULL) {
        return false;
    }
    char *folded = pal_fold_words(text, strlen(text));
    char *framed = pal_printf(" %s ", folded);
    bool has = false;
    for (; *banned != NULL && !has; banned++) {
        char *word = pal_fold_words(*banned, strlen(*banned));
        char *wanted = pal_printf(" %s ", word);
        has = word[0] != '\0' && strstr(framed, wanted) != NULL;
        free(wanted);
        free(word);
    }
    free(framed);
    free(folded);
    return has;
}

/* Something but signs of ASCII. */
static bool
has_content(const char *text)
{
    while (*text != '\0' && (!is_login_byte(*text) || *text == '_') &&
           (unsigned char)*text < 0x80) {
        text++;
    }
    return *text != '\0';
}

enum pal_filter_verdict
pal_filter_reply(const struct pal_filter *filter, const char *text, const char *asker,
                 enum pal_lang lang, char **reply)
{
    char *clean = pal_filter_clean(text, filter->names);
    char *unlinked = filter->keeps_links ? pal_strdup(clean) : without_links(clean, lang);
    free(clean);
    drop_pings(unlinked, asker);
    drop_command_signs(unlinked);
    *reply = pal_tidy(unlinked, strlen(unlinked));
    free(unlinked);
    enum pal_filter_verdict verdict = PAL_FILTER_FINE;
    if (!has_content(*reply)) {
        verdict = PAL_FILTER_EMPTY;
    } else if (has_banned(*reply, filter->banned_words)) {
        verdict = PAL_FILTER_BANNED;
    }
    if (verdict != PAL_FILTER_FINE) {
        (*reply)[0] = '\0';
    }
    return verdict;
}
