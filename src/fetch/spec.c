#include "fetch/spec.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"
#include "util/text.h"

#define QUANT_DEFAULT "Q4_K_M"
#define PARTS_MAX     256
#define PART_TAIL_LEN 20 /* "-00001-of-00003.gguf" */
#define GGUF_TAIL     ".gguf"
#define GGUF_TAIL_LEN 5

static const struct pal_fetch_entry catalogue[] = {
    {"qwen2.5-0.5b-instruct", "Qwen", "Qwen2.5-0.5B-Instruct-GGUF",
     "qwen2.5-0.5b-instruct-q4_k_m.gguf", "Q4_K_M"},
    {"qwen2.5-1.5b-instruct", "Qwen", "Qwen2.5-1.5B-Instruct-GGUF",
     "qwen2.5-1.5b-instruct-q4_k_m.gguf", "Q4_K_M"},
    {"qwen2.5-3b-instruct", "Qwen", "Qwen2.5-3B-Instruct-GGUF", "qwen2.5-3b-instruct-q4_k_m.gguf",
     "Q4_K_M"},
    {"qwen2.5-7b-instruct", "bartowski", "Qwen2.5-7B-Instruct-GGUF",
     "Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Q4_K_M"},
    {"llama-3.2-1b-instruct", "bartowski", "Llama-3.2-1B-Instruct-GGUF",
     "Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Q4_K_M"},
    {"llama-3.2-3b-instruct", "bartowski", "Llama-3.2-3B-Instruct-GGUF",
     "Llama-3.2-3B-Instruct-Q4_K_M.gguf", "Q4_K_M"},
    {"zephyr-7b-beta", "TheBloke", "zephyr-7B-beta-GGUF", "zephyr-7b-beta.Q4_K_M.gguf", "Q4_K_M"},
};

const struct pal_fetch_entry *
pal_fetch_catalogue_at(size_t i)
{
    return i < PAL_COUNT_OF(catalogue) ? &catalogue[i] : NULL;
}

static const struct pal_fetch_entry *
find_entry(const char *name)
{
    for (size_t i = 0; i < PAL_COUNT_OF(catalogue); i++) {
        if (strcasecmp(catalogue[i].name, name) == 0) {
            return &catalogue[i];
        }
    }
    return NULL;
}

/* The entry that begins most like `name`: enough to find a forgotten ending or a slip. */
static const struct pal_fetch_entry *
nearest_entry(const char *name)
{
    const struct pal_fetch_entry *best = &catalogue[0];
    size_t best_len = 0;
    for (size_t i = 0; i < PAL_COUNT_OF(catalogue); i++) {
        size_t len = 0;
        while (name[len] != '\0' &&
               tolower((unsigned char)name[len]) == (unsigned char)catalogue[i].name[len]) {
            len++;
        }
        if (len > best_len) {
            best = &catalogue[i];
            best_len = len;
        }
    }
    return best;
}

/* Letters, digits, '-', '_' and '.', but not only dots: what the hub allows in names. */
static bool
copy_name(char *to, size_t room, const char *from, size_t len)
{
    bool has_letter = false;
    if (len == 0 || len >= room) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)from[i]) && strchr("-_.", from[i]) == NULL) {
            return false;
        }
        has_letter = has_letter || isalnum((unsigned char)from[i]);
    }
    memcpy(to, from, len);
    to[len] = '\0';
    return has_letter;
}

static enum pal_err
parse_hf(const char *name, struct pal_fetch_spec *spec, struct pal_error *error)
{
    const char *user = name + 3;
    size_t user_len = strcspn(user, "/");
    const char *repo = user + user_len + (user[user_len] == '/');
    size_t repo_len = strcspn(repo, ":");
    const char *quant = repo[repo_len] == ':' ? repo + repo_len + 1 : QUANT_DEFAULT;
    if (!copy_name(spec->user, sizeof(spec->user), user, user_len) ||
        !copy_name(spec->repo, sizeof(spec->repo), repo, repo_len) ||
        !copy_name(spec->quant, sizeof(spec->quant), quant, strlen(quant))) {
        return pal_error_set(
            error, PAL_ERR_ARGUMENT,
            PAL_T("'%s' names no model: write hf:user/repository, or hf:user/repository:Q8_0",
                  "« %s » ne nomme aucun modèle : écrivez hf:utilisateur/dépôt, ou "
                  "hf:utilisateur/dépôt:Q8_0"),
            name);
    }
    return PAL_OK;
}

enum pal_err
pal_fetch_spec_parse(const char *name, struct pal_fetch_spec *spec, struct pal_error *error)
{
    *spec = (struct pal_fetch_spec){0};
    if (strncmp(name, "hf:", 3) == 0) {
        return parse_hf(name, spec, error);
    }
    const struct pal_fetch_entry *entry = find_entry(name);
    if (entry == NULL) {
        return pal_error_set(
            error, PAL_ERR_ARGUMENT,
            PAL_T("there is no model '%s' in the list: did you mean '%s'? 'palabre model list' "
                  "shows them all; any other is hf:user/repository",
                  "il n'y a pas de modèle « %s » dans la liste : vouliez-vous dire « %s » ? « "
                  "palabre model list » les montre tous ; tout autre s'écrit hf:utilisateur/dépôt"),
            name, nearest_entry(name)->name);
    }
    (void)snprintf(spec->user, sizeof(spec->user), "%s", entry->user);
    (void)snprintf(spec->repo, sizeof(spec->repo), "%s", entry->repo);
    (void)snprintf(spec->quant, sizeof(spec->quant), "%s", entry->quant);
    (void)snprintf(spec->file, sizeof(spec->file), "%s", entry->file);
    return PAL_OK;
}

bool
pal_fetch_file_is_safe(const char *file)
{
    size_t len = strlen(file);
    if (len == 0 || len >= PAL_FETCH_FILE_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)file[i] < 0x20 || file[i] == 0x7f || file[i] == '\\') {
            return false;
        }
    }
    /* Each piece between slashes has a name, which is not "." or "..". */
    for (const char *piece = file;; piece++) {
        size_t n = strcspn(piece, "/");
        if (n == 0 || (n <= 2 && strspn(piece, ".") >= n)) {
            return false;
        }
        piece += n;
        if (*piece == '\0') {
            return true;
        }
    }
}

static const char *
base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash != NULL ? slash + 1 : file;
}

/* Where "-00001-of-00003.gguf" begins; NULL if the name does not end so. */
static const char *
part_tail(const char *file)
{
    size_t len = strlen(file);
    if (len <= PART_TAIL_LEN) {
        return NULL;
    }
    const char *tail = file + len - PART_TAIL_LEN;
    static const char pattern[] = "-#####-of-#####.gguf";
    for (size_t i = 0; i < PART_TAIL_LEN; i++) {
        bool fits = pattern[i] == '#' ? isdigit((unsigned char)tail[i]) != 0
                                      : tolower((unsigned char)tail[i]) == pattern[i];
        if (!fits) {
            return NULL;
        }
    }
    return tail;
}

/* Five digits. */
static unsigned
part_number(const char *digits)
{
    unsigned value = 0;
    for (int i = 0; i < 5; i++) {
        value = value * 10 + (unsigned)(digits[i] - '0');
    }
    return value;
}

unsigned
pal_fetch_n_parts(const char *file)
{
    const char *tail = part_tail(file);
    unsigned n = tail != NULL ? part_number(tail + 10) : 1;
    return n >= 1 && n <= PARTS_MAX ? n : 1;
}

bool
pal_fetch_part_name(const char *file, unsigned i, char *out, size_t room)
{
    const char *tail = part_tail(file);
    int n;
    if (tail == NULL) {
        n = snprintf(out, room, "%s", file);
    } else {
        n = snprintf(out, room, "%.*s-%05u%s", (int)(tail - file), file, i + 1, tail + 6);
    }
    return n > 0 && (size_t)n < room;
}

void
pal_fetch_quant_of(const char *file, char *out, size_t room)
{
    const char *base = base_name(file);
    const char *tail = part_tail(base);
    size_t end = tail != NULL ? (size_t)(tail - base) : strlen(base);
    if (tail == NULL && end > GGUF_TAIL_LEN &&
        strcasecmp(base + end - GGUF_TAIL_LEN, GGUF_TAIL) == 0) {
        end -= GGUF_TAIL_LEN;
    }
    size_t start = end;
    while (start > 0 && base[start - 1] != '-' && base[start - 1] != '.') {
        start--;
    }
    size_t len = start > 0 && end - start < room ? end - start : 0;
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)toupper((unsigned char)base[start + i]);
    }
    out[len] = '\0';
}

/* Whether `quant` stands in the name as a word of its own: Q4_K is not in Q4_K_M. */
static bool
has_quant(const char *base, const char *quant)
{
    size_t len = strlen(quant);
    for (const char *at = base; *at != '\0'; at++) {
        if (strncasecmp(at, quant, len) != 0) {
            continue;
        }
        bool begins = at == base || strchr("-.", at[-1]) != NULL;
        if (begins && strchr("-.", at[len]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool
is_wanted(const struct pal_fetch_spec *spec, const char *file)
{
    const char *base = base_name(file);
    size_t len = strlen(base);
    if (!pal_fetch_file_is_safe(file) || len <= GGUF_TAIL_LEN ||
        strcasecmp(base + len - GGUF_TAIL_LEN, GGUF_TAIL) != 0) {
        return false;
    }
    if (spec->file[0] != '\0') {
        return strcmp(file, spec->file) == 0;
    }
    const char *tail = part_tail(base);
    if (strncasecmp(base, "mmproj", 6) == 0 || strncasecmp(base, "mtp-", 4) == 0 ||
        (tail != NULL && part_number(tail + 1) != 1)) {
        return false;
    }
    return has_quant(base, spec->quant);
}

int
pal_fetch_choose(const struct pal_fetch_spec *spec, const char *const *files, size_t n)
{
    int best = -1;
    for (size_t i = 0; i < n; i++) {
        /* Of several, the shortest name: the others add something ("-draft", a folder). */
        if (is_wanted(spec, files[i]) && (best < 0 || strlen(files[i]) < strlen(files[best]))) {
            best = (int)i;
        }
    }
    return best;
}
