#include "chat/heart.h"

#include <stdlib.h>
#include <string.h>

#include "chat/fold.h"
#include "chat/heart_file.h"
#include "util/log.h"
#include "util/mem.h"

#define LOG_TOPIC "heart"
#define N_BUCKETS 512

enum kind {
    KIND_BUILT_IN,
    KIND_FILE,
    KIND_ADDED,
    N_KINDS,
};

struct entry {
    char *key;
    bool has_lang; /* the question had an opening: only lines of that language get the answer */
    enum pal_lang lang;
    enum kind kind;
    char *question; /* as it was given */
    char *answer;
    struct entry *next;
};

struct pal_heart {
    char *added_file; /* owned; NULL = additions live as long as the program */
    struct entry *buckets[N_BUCKETS];
    size_t n[N_KINDS];
    uint64_t n_hits;
    uint64_t n_lookups;
};

static const struct {
    const char *question;
    const char *answer;
} built_in[] = {
    /* The first two are given to the letter by the companion that this one succeeds. */
    {"c'est quoi python", "Python ? Le langage qui me permet d'exister ! 🐍"},
    {"explique tuple", "Un tuple, c'est une liste qui refuse de changer ! 📦"},
    {"what is python", "Python? A snake that learned to program, and half the planet with it! 🐍"},
    {"what is a tuple", "A tuple is a list that has made up its mind! 📦"},
    {"c'est quoi palabre",
     "Palabre ? C'est moi : un compagnon qui tourne ici, sur cette machine, sans rien envoyer "
     "ailleurs ! 💬"},
    {"what is palabre",
     "Palabre? That's me: a companion that runs right here, on this machine, and phones nobody! "
     "💬"},
    {"c'est quoi git", "Git, c'est la machine à remonter le temps des gens qui codent ! ⏪"},
    {"what is git", "Git is the time machine of people who code! ⏪"},
    {"c'est quoi un bug",
     "Un bug ? Une fonctionnalité qui n'a demandé la permission à personne ! 🐛"},
    {"what is a bug", "A bug? A feature that asked nobody's permission! 🐛"},
};

static size_t
bucket_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (const char *c = key; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return hash % N_BUCKETS;
}

static void
entry_destroy(struct entry *entry)
{
    free(entry->key);
    free(entry->question);
    free(entry->answer);
    free(entry);
}

/* Takes out the entry of the same kind and meaning, if there is one. */
static void
drop_same(struct pal_heart *heart, const struct entry *entry)
{
    struct entry **place = &heart->buckets[bucket_of(entry->key)];
    while (*place != NULL) {
        struct entry *old = *place;
        if (old->kind == entry->kind && strcmp(old->key, entry->key) == 0 &&
            old->has_lang == entry->has_lang && (!old->has_lang || old->lang == entry->lang)) {
            *place = old->next;
            heart->n[old->kind]--;
            entry_destroy(old);
            return;
        }
        place = &old->next;
    }
}

static enum pal_err
add(struct pal_heart *heart, enum kind kind, const char *question, const char *answer,
    struct pal_error *error)
{
    if (strlen(question) > PAL_HEART_QUESTION_BYTES_MAX ||
        strlen(answer) > PAL_HEART_ANSWER_BYTES_MAX) {
        return pal_error_set(error, PAL_ERR_LIMIT,
                             "too long to learn by heart: %d bytes of question and %d of answer at "
                             "most",
                             PAL_HEART_QUESTION_BYTES_MAX, PAL_HEART_ANSWER_BYTES_MAX);
    }
    struct entry *entry = pal_calloc(1, sizeof(*entry));
    entry->kind = kind;
    entry->key = pal_heart_key(question, &entry->has_lang, &entry->lang);
    entry->question = pal_tidy(question, strlen(question));
    entry->answer = pal_tidy(answer, strlen(answer));
    if (entry->key[0] == '\0' || entry->answer[0] == '\0') {
        entry_destroy(entry);
        return pal_error_set(error, PAL_ERR_ARGUMENT, "a question and an answer are needed");
    }
    drop_same(heart, entry);
    if (heart->n[KIND_FILE] + heart->n[KIND_ADDED] >= PAL_HEART_ENTRIES_MAX &&
        kind != KIND_BUILT_IN) {
        entry_destroy(entry);
        return pal_error_set(error, PAL_ERR_LIMIT, "no more than %d answers can be known by heart",
                             PAL_HEART_ENTRIES_MAX);
    }
    struct entry **bucket = &heart->buckets[bucket_of(entry->key)];
    entry->next = *bucket;
    *bucket = entry;
    heart->n[kind]++;
    return PAL_OK;
}

/* True if `a` is the better answer of the two: the later kind, then the asker's language. */
static bool
is_better(const struct entry *a, const struct entry *b, enum pal_lang lang)
{
    if (b == NULL || a->kind != b->kind) {
        return b == NULL || a->kind > b->kind;
    }
    return a->has_lang && a->lang == lang;
}

const char *
pal_heart_find(struct pal_heart *heart, const char *line, enum pal_lang lang)
{
    heart->n_lookups++;
    if (strlen(line) > PAL_HEART_QUESTION_BYTES_MAX) {
        return NULL;
    }
    bool has_lang = false;
    enum pal_lang asked = lang;
    char *key = pal_heart_key(line, &has_lang, &asked);
    const struct entry *best = NULL;
    for (const struct entry *e = heart->buckets[bucket_of(key)]; e != NULL; e = e->next) {
        bool is_foreign = has_lang && e->has_lang && e->lang != asked;
        if (!is_foreign && strcmp(e->key, key) == 0 && is_better(e, best, asked)) {
            best = e;
        }
    }
    free(key);
    if (best == NULL) {
        return NULL;
    }
    heart->n_hits++;
    return best->answer;
}

static void
drop_kind(struct pal_heart *heart, enum kind kind)
{
    for (size_t i = 0; i < N_BUCKETS; i++) {
        struct entry **place = &heart->buckets[i];
        while (*place != NULL) {
            struct entry *entry = *place;
            if (entry->kind == kind) {
                *place = entry->next;
                entry_destroy(entry);
            } else {
                place = &entry->next;
            }
        }
    }
    heart->n[kind] = 0;
}

static enum pal_err
write_added(const struct pal_heart *heart, struct pal_error *error)
{
    if (heart->added_file == NULL) {
        return PAL_OK;
    }
    struct pal_heart_pair *pairs = pal_calloc(heart->n[KIND_ADDED] + 1, sizeof(*pairs));
    size_t n_pairs = 0;
    for (size_t i = 0; i < N_BUCKETS; i++) {
        for (const struct entry *e = heart->buckets[i]; e != NULL; e = e->next) {
            if (e->kind == KIND_ADDED) {
                pairs[n_pairs++] =
                    (struct pal_heart_pair){.question = e->question, .answer = e->answer};
            }
        }
    }
    enum pal_err err = pal_heart_file_write(heart->added_file, pairs, n_pairs, error);
    free(pairs);
    return err;
}

enum pal_err
pal_heart_add(struct pal_heart *heart, const char *question, const char *answer,
              struct pal_error *error)
{
    enum pal_err err = add(heart, KIND_ADDED, question, answer, error);
    return err == PAL_OK ? write_added(heart, error) : err;
}

enum pal_err
pal_heart_clear(struct pal_heart *heart, struct pal_error *error)
{
    drop_kind(heart, KIND_ADDED);
    return write_added(heart, error);
}

void
pal_heart_stats(const struct pal_heart *heart, struct pal_heart_stats *stats)
{
    *stats = (struct pal_heart_stats){
        .n_built_in = heart->n[KIND_BUILT_IN],
        .n_file = heart->n[KIND_FILE],
        .n_added = heart->n[KIND_ADDED],
        .n_hits = heart->n_hits,
        .n_lookups = heart->n_lookups,
    };
}

struct reading {
    struct pal_heart *heart;
    enum kind kind;
};

static enum pal_err
on_pair(const struct pal_heart_pair *pair, void *userdata, struct pal_error *error)
{
    const struct reading *reading = userdata;
    return add(reading->heart, reading->kind, pair->question, pair->answer, error);
}

static enum pal_err
read_files(struct pal_heart *heart, const char *file, struct pal_error *error)
{
    struct reading reading = {.heart = heart, .kind = KIND_FILE};
    enum pal_err err = pal_heart_file_read(file, on_pair, &reading, error);
    if (err != PAL_OK && err != PAL_ERR_NOT_FOUND) {
        return PAL_ERR_CONFIG;
    }
    heart->added_file = pal_heart_file_beside(file);
    reading.kind = KIND_ADDED;
    struct pal_error why = {.code = PAL_OK};
    err = pal_heart_file_read(heart->added_file, on_pair, &reading, &why);
    if (err != PAL_OK && err != PAL_ERR_NOT_FOUND) {
        pal_heart_file_set_aside(heart->added_file);
        pal_log_warn("what was added to the answers can't be read and is kept aside",
                     "file=" PAL_LOG_STR " why=" PAL_LOG_STR, heart->added_file, why.text);
    }
    return PAL_OK;
}

enum pal_err
pal_heart_create(const char *file, struct pal_heart **out, struct pal_error *error)
{
    struct pal_heart *heart = pal_calloc(1, sizeof(*heart));
    for (size_t i = 0; i < PAL_COUNT_OF(built_in); i++) {
        enum pal_err added =
            add(heart, KIND_BUILT_IN, built_in[i].question, built_in[i].answer, NULL);
        PAL_ASSERT(added == PAL_OK);
    }
    enum pal_err err = file != NULL ? read_files(heart, file, error) : PAL_OK;
    if (err != PAL_OK) {
        pal_heart_destroy(heart);
        return err;
    }
    *out = heart;
    return PAL_OK;
}

void
pal_heart_destroy(struct pal_heart *heart)
{
    if (heart == NULL) {
        return;
    }
    for (int kind = 0; kind < N_KINDS; kind++) {
        drop_kind(heart, (enum kind)kind);
    }
    free(heart->added_file);
    free(heart);
}
