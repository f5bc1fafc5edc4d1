#ifndef PAL_ENGINE_READING_H
#define PAL_ENGINE_READING_H
/*
 * Long conversations become tokens on a thread of their own: for megabytes a tokenizer takes
 * seconds, and the compute thread's steps are everybody's. One after the other, at a low priority;
 * what is short is made at once by pal_prompt_make(), with the same result.
 *
 * Compute thread, but for what the reader itself does.
 */
#include "engine/prompt.h"

/* Texts of a job, together: what takes longer than a step could wait. */
#define PAL_READING_MIN_BYTES (16u << 10)

struct pal_reader;  /* the thread; it begins with the first reading */
struct pal_reading; /* one conversation */

/* `model` is borrowed. */
struct pal_reader *pal_reader_create(const struct pal_model *model);
/* Waits for the reading that is running, if there is one; none may be left that is not abandoned.
 * Accepts NULL. */
void pal_reader_destroy(struct pal_reader *reader);

/*
 * Takes the job's messages; the rest of it stays. NULL, and nothing is taken: it is short, or no
 * thread can be had; then make the prompt here.
 */
struct pal_reading *pal_reader_begin(struct pal_reader *reader, const struct pal_replies *replies,
                                     struct pal_job *job, size_t n_reply_tokens);
/* False: not yet. True: the reading is freed, *err is what pal_prompt_make() said. */
bool pal_reading_take(struct pal_reading *reading, struct pal_prompt *prompt, enum pal_err *err,
                      struct pal_error *error);
/* Nobody wants it any more: it frees itself. Accepts NULL. */
void pal_reading_abandon(struct pal_reading *reading);

#endif
