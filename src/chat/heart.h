#ifndef PAL_CHAT_HEART_H
#define PAL_CHAT_HEART_H
/*
 * Answers known by heart: what is asked again and again is answered at once, without the model. A
 * question is looked up by what it is about: case, the kind of apostrophe, the usual openings
 * ("c'est quoi", "what is") and one article do not matter, so "C'est quoi Python ?" and "python"
 * are one.
 *
 * Three kinds, the later ones first: built in; of the person's own file (answers.yaml, a mapping of
 * questions to answers); added by a moderator in the chat, which are kept in a file of their own
 * (answers.added.yaml beside it) and survive a restart.
 *
 * Loop thread only; a lookup allocates a little and takes microseconds.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/text.h"

#define PAL_HEART_ENTRIES_MAX        1000
#define PAL_HEART_QUESTION_BYTES_MAX 256
#define PAL_HEART_ANSWER_BYTES_MAX   1600
#define PAL_HEART_FILE_BYTES_MAX     (4u << 20)

struct pal_heart;

struct pal_heart_stats {
    size_t n_built_in;
    size_t n_file;
    size_t n_added;
    uint64_t n_hits;
    uint64_t n_lookups;
};

/*
 * `file`: the person's answers.yaml, which need not exist; NULL = only what is built in. Errors:
 * PAL_ERR_CONFIG, the file is there and can't be read as answers (the text names the line). A
 * broken answers.added.yaml is no error: it is kept aside as "*.bad" and the log says so.
 */
enum pal_err pal_heart_create(const char *file, struct pal_heart **heart,
                              struct pal_error *error) PAL_MUST_USE;
void pal_heart_destroy(struct pal_heart *heart); /* accepts NULL */

/* The answer to a line, NULL = not known by heart; valid until the next change. `lang`: the
 * language of a line that shows none of its own ("python ?"). */
const char *pal_heart_find(struct pal_heart *heart, const char *line, enum pal_lang lang);

/*
 * Adds one, or replaces the one of the same meaning, and writes answers.added.yaml anew.
 * PAL_ERR_ARGUMENT: no question or answer is left after cleaning; PAL_ERR_LIMIT: too long, or there
 * are PAL_HEART_ENTRIES_MAX; PAL_ERR_IO: known from now on, but not written.
 */
enum pal_err pal_heart_add(struct pal_heart *heart, const char *question, const char *answer,
                           struct pal_error *error) PAL_MUST_USE;
/* Forgets all that was added in the chat. PAL_ERR_IO: forgotten, but the file could not be
 * written. */
enum pal_err pal_heart_clear(struct pal_heart *heart, struct pal_error *error) PAL_MUST_USE;

void pal_heart_stats(const struct pal_heart *heart, struct pal_heart_stats *stats);

/*
 * What a question is about, for lookups: lower case, without its opening, article and end.
 * *has_lang: it had an opening, of language *lang. Owned by the caller. Pure.
 */
char *pal_heart_key(const char *line, bool *has_lang, enum pal_lang *lang);

#endif
