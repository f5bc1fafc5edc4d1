#ifndef PAL_CHAT_QUEUE_H
#define PAL_CHAT_QUEUE_H
/*
 * A fair queue: one lane for each user, first come first served within a lane, the lanes served in
 * turn. Between two takes from a lane, each other lane of its rank is served at most once, so
 * nobody waits longer because somebody else sent more.
 *
 * Higher ranks go first, but a lane gains a rank each PAL_QUEUE_AGEING times that another one was
 * served before it, so nobody waits for ever behind people of rank.
 *
 * Items are embedded in their owner's struct and stay the owner's. Pure: no clock, no loop.
 */
#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

struct pal_queue;
struct pal_queue_lane; /* private */

#define PAL_QUEUE_AGEING 4

struct pal_queue_item {
    unsigned rank;               /* set by the owner before the push; 0 = everyone's */
    struct pal_queue_item *next; /* behind this one in its lane */
    struct pal_queue_lane *lane; /* NULL = in no queue */
};

/* At most max_items wait in all, and max_per_user in a named user's lane. */
struct pal_queue *pal_queue_create(uint32_t max_items, uint32_t max_per_user);
/* The queue must be empty; accepts NULL. */
void pal_queue_destroy(struct pal_queue *queue);

/*
 * Puts an item at the end of its user's lane. NULL stands for the many that gave no name: they
 * share a lane, which has no limit of its own. PAL_ERR_BUSY: the queue is full; PAL_ERR_LIMIT:
 * this user's lane is.
 */
enum pal_err pal_queue_push(struct pal_queue *queue, const char *user,
                            struct pal_queue_item *item) PAL_MUST_USE;

typedef bool (*pal_queue_may_run_fn)(const struct pal_queue_item *item, void *userdata);
/*
 * Whose turn it is: the first item of the lane of the highest rank that `may_run` (NULL = all may),
 * the first such lane if there are several. A lane that is passed over keeps its place. NULL if
 * there is none. Nothing is changed: see pal_queue_take().
 */
struct pal_queue_item *pal_queue_next(const struct pal_queue *queue, pal_queue_may_run_fn may_run,
                                      void *userdata);
/* Takes the item out because it is being served: its lane goes behind all others. */
void pal_queue_take(struct pal_queue *queue, struct pal_queue_item *item);
/* Takes the item out for another reason: its lane keeps its place. */
void pal_queue_remove(struct pal_queue *queue, struct pal_queue_item *item);

uint32_t pal_queue_n_items(const struct pal_queue *queue);

#endif
