#include "chat/queue.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

struct pal_queue_lane {
    char *user; /* owned; NULL = those without a name */
    struct pal_queue_item *first;
    struct pal_queue_item *last;
    uint32_t n_items;  /* never 0: an empty lane is freed */
    uint32_t n_passed; /* takes from other lanes since this one was served */
    struct pal_queue_lane *next;
};

struct pal_queue {
    /* In the order of service. Found by walking: there are never more lanes than items. */
    struct pal_queue_lane *lanes;
    uint32_t n_items;
    uint32_t max_items;
    uint32_t max_per_user;
};

struct pal_queue *
pal_queue_create(uint32_t max_items, uint32_t max_per_user)
{
    struct pal_queue *queue = pal_calloc(1, sizeof(*queue));
    queue->max_items = max_items;
    queue->max_per_user = max_per_user;
    return queue;
}

void
pal_queue_destroy(struct pal_queue *queue)
{
    PAL_ASSERT(queue == NULL || queue->n_items == 0);
    free(queue);
}

static bool
is_lane_of(const struct pal_queue_lane *lane, const char *user)
{
    if (user == NULL || lane->user == NULL) {
        return user == lane->user;
    }
    return strcmp(user, lane->user) == 0;
}

/* The place that points to the lane, or the end of the list if it is not there. */
static struct pal_queue_lane **
place_of_user(struct pal_queue *queue, const char *user)
{
    struct pal_queue_lane **place = &queue->lanes;
    while (*place != NULL && !is_lane_of(*place, user)) {
        place = &(*place)->next;
    }
    return place;
}

static struct pal_queue_lane **
place_of_lane(struct pal_queue *queue, const struct pal_queue_lane *lane)
{
    struct pal_queue_lane **place = &queue->lanes;
    while (*place != lane) {
        PAL_ASSERT(*place != NULL);
        place = &(*place)->next;
    }
    return place;
}

enum pal_err
pal_queue_push(struct pal_queue *queue, const char *user, struct pal_queue_item *item)
{
    PAL_ASSERT(item->lane == NULL);
    if (queue->n_items >= queue->max_items) {
        return PAL_ERR_BUSY;
    }
    struct pal_queue_lane **place = place_of_user(queue, user);
    struct pal_queue_lane *lane = *place;
    if (lane != NULL && user != NULL && lane->n_items >= queue->max_per_user) {
        return PAL_ERR_LIMIT;
    }
    item->next = NULL;
    if (lane == NULL) {
        lane = pal_calloc(1, sizeof(*lane));
        lane->user = pal_strdup(user);
        lane->first = item;
        *place = lane;
    } else {
        lane->last->next = item;
    }
    lane->last = item;
    lane->n_items++;
    item->lane = lane;
    queue->n_items++;
    return PAL_OK;
}

static uint32_t
standing(const struct pal_queue_lane *lane)
{
    return lane->first->rank + lane->n_passed / PAL_QUEUE_AGEING;
}

struct pal_queue_item *
pal_queue_next(const struct pal_queue *queue, pal_queue_may_run_fn may_run, void *userdata)
{
    const struct pal_queue_lane *best = NULL;
    for (const struct pal_queue_lane *lane = queue->lanes; lane != NULL; lane = lane->next) {
        if ((best == NULL || standing(lane) > standing(best)) &&
            (may_run == NULL || may_run(lane->first, userdata))) {
            best = lane;
        }
    }
    return best != NULL ? best->first : NULL;
}

static void
unlink_item(struct pal_queue_lane *lane, struct pal_queue_item *item)
{
    struct pal_queue_item *before = NULL;
    struct pal_queue_item **place = &lane->first;
    while (*place != item) {
        PAL_ASSERT(*place != NULL);
        before = *place;
        place = &before->next;
    }
    *place = item->next;
    if (lane->last == item) {
        lane->last = before;
    }
    lane->n_items--;
    *item = (struct pal_queue_item){.rank = item->rank};
}

void
pal_queue_remove(struct pal_queue *queue, struct pal_queue_item *item)
{
    struct pal_queue_lane *lane = item->lane;
    PAL_ASSERT(lane != NULL);
    unlink_item(lane, item);
    queue->n_items--;
    if (lane->n_items == 0) {
        *place_of_lane(queue, lane) = lane->next;
        free(lane->user);
        free(lane);
    }
}

void
pal_queue_take(struct pal_queue *queue, struct pal_queue_item *item)
{
    struct pal_queue_lane *lane = item->lane;
    PAL_ASSERT(lane != NULL);
    for (struct pal_queue_lane *other = queue->lanes; other != NULL; other = other->next) {
        other->n_passed++;
    }
    lane->n_passed = 0;
    if (lane->n_items > 1) {
        *place_of_lane(queue, lane) = lane->next;
        lane->next = NULL;
        struct pal_queue_lane **end = &queue->lanes;
        while (*end != NULL) {
            end = &(*end)->next;
        }
        *end = lane;
    }
    pal_queue_remove(queue, item);
}

uint32_t
pal_queue_n_items(const struct pal_queue *queue)
{
    return queue->n_items;
}
