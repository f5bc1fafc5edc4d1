#ifndef PAL_CHAT_CONV_H
#define PAL_CHAT_CONV_H
/*
 * What has been said: conversations by key, each with its newest messages. Bounded three ways: by
 * messages of one conversation, by time without a line, and by the number of conversations (the
 * longest idle goes first). Knows neither tokens nor personas. Pure: the time is passed in.
 */
#include <stddef.h>
#include <stdint.h>

#include "engine/job.h"

struct pal_convs; /* all conversations */
struct pal_conv;  /* one; valid until the next call that isn't const */

/* max_messages counts the messages of users and assistant singly; at least 2. */
struct pal_convs *pal_convs_create(uint32_t max_messages, int64_t max_idle_us,
                                   uint32_t max_conversations);
void pal_convs_destroy(struct pal_convs *convs); /* accepts NULL */

/* The conversation, made if there was none; it is now the last to be dropped. */
struct pal_conv *pal_convs_touch(struct pal_convs *convs, const char *key, int64_t now_us);
/* NULL if there is none; changes nothing. */
const struct pal_conv *pal_convs_find(const struct pal_convs *convs, const char *key);
void pal_convs_forget(struct pal_convs *convs, const char *key);
/* Drops those without a line for max_idle_us; returns how many. */
size_t pal_convs_sweep(struct pal_convs *convs, int64_t now_us);
size_t pal_convs_n(const struct pal_convs *convs);

/*
 * Remembers what a user said and what was answered, as it was sent; the oldest messages beyond the
 * maximum are dropped, and no history begins with an answer. Touches it. channel, message_id: where
 * it was said, for pal_convs_clear(); NULL = nowhere in particular.
 */
void pal_convs_add_exchange(struct pal_convs *convs, const char *key, const char *line,
                            const char *reply, const char *channel, const char *message_id,
                            int64_t now_us);

/*
 * Forgets the exchanges that match all that is not NULL. Returns how many. A conversation without
 * any stays, as one that has been looked up.
 */
size_t pal_convs_clear(struct pal_convs *convs, const char *key, const char *channel,
                       const char *message_id);

/*
 * Takes the newest exchange out again and gives its line, which the caller frees. NULL if there is
 * none.
 */
char *pal_convs_take_back(struct pal_convs *convs, const char *key);

/* Never used for two conversations, nor for one key again after it was forgotten or dropped. */
uint64_t pal_conv_serial(const struct pal_conv *conv);
/* Oldest first. */
const struct pal_message *pal_conv_messages(const struct pal_conv *conv, size_t *n_messages);

#endif
