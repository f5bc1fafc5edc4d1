#ifndef PAL_ENGINE_SENTENCE_H
#define PAL_ENGINE_SENTENCE_H
/*
 * Where a sentence ends, and whether there is time for another one before the turn's deadline. A
 * reply that runs out of time then ends with a whole sentence, and not in the middle of a word.
 *
 * Pieces that were sent can't be unsaid. So towards the deadline, when the time left is that of a
 * few sentences, a sentence is sent once it is whole. Pure; one owner.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of text[0..len) up to and with its last whole sentence; 0 = there is none. The end of the
 * text counts as white space. Dots of numbers, initials and common abbreviations end nothing.
 */
size_t pal_sentence_end(const char *text, size_t len);

struct pal_ending {
    int64_t deadline_us; /* monotonic; 0 = none: then everything is sent as it comes */
    int64_t began_us;    /* when the present sentence did */
    int64_t sentence_us; /* what one takes */
    bool is_whole_only;  /* sentences are sent when they are whole */
};

/* The first token is there; a token takes about `token_us`. */
void pal_ending_begin(struct pal_ending *ending, int64_t deadline_us, int64_t now_us,
                      int64_t token_us);

/*
 * How much of unsent[0..len) may be sent now. *is_last is set if that should be the reply's end,
 * because another sentence would come too late.
 */
size_t pal_ending_sendable(struct pal_ending *ending, const char *unsent, size_t len,
                           int64_t now_us, bool *is_last);

#endif
