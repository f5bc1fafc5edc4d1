#include "chat/conv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* Chains stay short up to the default of 4096 conversations; with more they only get longer. */
#define N_BUCKETS 1024

/* Where a message was said; both owned, NULL = nowhere in particular. */
struct origin {
    char *channel;
    char *message_id;
};

struct pal_conv {
    char *key; /* owned */
    uint64_t serial;
    struct pal_message *messages; /* owned; room for max_messages */
    struct origin *origins;       /* of each message */
    size_t n_messages;
    int64_t touched_us;
    struct pal_conv *next_in_bucket;
    struct pal_conv *older; /* pal_convs::newest */
    struct pal_conv *newer;
};

struct pal_convs {
    struct pal_conv *buckets[N_BUCKETS];
    struct pal_conv *newest; /* in the order of their last line */
    struct pal_conv *oldest;
    size_t n;
    uint64_t last_serial;
    size_t max_messages;
    int64_t max_idle_us;
    size_t max_conversations;
};

struct pal_convs *
pal_convs_create(uint32_t max_messages, int64_t max_idle_us, uint32_t max_conversations)
{
    struct pal_convs *convs = pal_calloc(1, sizeof(*convs));
    convs->max_messages = max_messages < 2 ? 2 : max_messages;
    convs->max_idle_us = max_idle_us;
    convs->max_conversations = max_conversations < 1 ? 1 : max_conversations;
    return convs;
}

/* FNV-1a. Keys that collide on purpose only make chains as long as max_conversations. */
static size_t
bucket_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (const char *c = key; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return hash % N_BUCKETS;
}

static struct pal_conv *
find(const struct pal_convs *convs, const char *key)
{
    struct pal_conv *conv = convs->buckets[bucket_of(key)];
    while (conv != NULL && strcmp(conv->key, key) != 0) {
        conv = conv->next_in_bucket;
    }
    return conv;
}

static void
make_newest(struct pal_convs *convs, struct pal_conv *conv)
{
    conv->newer = NULL;
    conv->older = convs->newest;
    if (convs->newest != NULL) {
        convs->newest->newer = conv;
    } else {
        convs->oldest = conv;
    }
    convs->newest = conv;
}

static void
unlink_age(struct pal_convs *convs, struct pal_conv *conv)
{
    if (conv->newer != NULL) {
        conv->newer->older = conv->older;
    } else {
        convs->newest = conv->older;
    }
    if (conv->older != NULL) {
        conv->older->newer = conv->newer;
    } else {
        convs->oldest = conv->newer;
    }
}

static void
drop_messages_at(struct pal_conv *conv, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++) {
        free(conv->messages[i].text);
        free(conv->origins[i].channel);
        free(conv->origins[i].message_id);
    }
    size_t n_behind = conv->n_messages - at - n;
    memmove(conv->messages + at, conv->messages + at + n, n_behind * sizeof(*conv->messages));
    memmove(conv->origins + at, conv->origins + at + n, n_behind * sizeof(*conv->origins));
    conv->n_messages -= n;
}

/* Forgets the n oldest messages. */
static void
drop_messages(struct pal_conv *conv, size_t n)
{
    drop_messages_at(conv, 0, n);
}

static void
drop(struct pal_convs *convs, struct pal_conv *conv)
{
    struct pal_conv **place = &convs->buckets[bucket_of(conv->key)];
    while (*place != conv) {
        PAL_ASSERT(*place != NULL);
        place = &(*place)->next_in_bucket;
    }
    *place = conv->next_in_bucket;
    unlink_age(convs, conv);
    drop_messages(conv, conv->n_messages);
    free(conv->messages);
    free(conv->origins);
    free(conv->key);
    free(conv);
    convs->n--;
}

void
pal_convs_destroy(struct pal_convs *convs)
{
    if (convs == NULL) {
        return;
    }
    while (convs->oldest != NULL) {
        drop(convs, convs->oldest);
    }
    free(convs);
}

struct pal_conv *
pal_convs_touch(struct pal_convs *convs, const char *key, int64_t now_us)
{
    struct pal_conv *conv = find(convs, key);
    if (conv != NULL) {
        unlink_age(convs, conv);
    } else {
        if (convs->n == convs->max_conversations) {
            drop(convs, convs->oldest);
        }
        conv = pal_calloc(1, sizeof(*conv));
        conv->key = pal_strdup(key);
        conv->serial = ++convs->last_serial;
        conv->messages = pal_calloc(convs->max_messages, sizeof(*conv->messages));
        conv->origins = pal_calloc(convs->max_messages, sizeof(*conv->origins));
        struct pal_conv **bucket = &convs->buckets[bucket_of(key)];
        conv->next_in_bucket = *bucket;
        *bucket = conv;
        convs->n++;
    }
    make_newest(convs, conv);
    conv->touched_us = now_us;
    return conv;
}

const struct pal_conv *
pal_convs_find(const struct pal_convs *convs, const char *key)
{
    return find(convs, key);
}

void
pal_convs_forget(struct pal_convs *convs, const char *key)
{
    struct pal_conv *conv = find(convs, key);
    if (conv != NULL) {
        drop(convs, conv);
    }
}

size_t
pal_convs_sweep(struct pal_convs *convs, int64_t now_us)
{
    size_t n_dropped = 0;
    while (convs->oldest != NULL && now_us - convs->oldest->touched_us >= convs->max_idle_us) {
        drop(convs, convs->oldest);
        n_dropped++;
    }
    return n_dropped;
}

size_t
pal_convs_n(const struct pal_convs *convs)
{
    return convs->n;
}

static void
add_message(struct pal_convs *convs, struct pal_conv *conv, enum pal_role role, const char *text,
            const char *channel, const char *message_id)
{
    if (conv->n_messages == convs->max_messages) {
        drop_messages(conv, 1);
    }
    conv->origins[conv->n_messages] = (struct origin){
        .channel = pal_strdup(channel),
        .message_id = pal_strdup(message_id),
    };
    conv->messages[conv->n_messages++] =
        (struct pal_message){.role = role, .text = pal_strdup(text)};
}

void
pal_convs_add_exchange(struct pal_convs *convs, const char *key, const char *line,
                       const char *reply, const char *channel, const char *message_id,
                       int64_t now_us)
{
    struct pal_conv *conv = pal_convs_touch(convs, key, now_us);
    add_message(convs, conv, PAL_ROLE_USER, line, channel, message_id);
    add_message(convs, conv, PAL_ROLE_ASSISTANT, reply, channel, message_id);
    /* With an odd maximum the oldest line is gone and its answer left: many chat templates refuse
     * to begin with one. */
    if (conv->messages[0].role == PAL_ROLE_ASSISTANT) {
        drop_messages(conv, 1);
    }
}

/* Forgets a message's place and gives its text away. */
static char *
pop_message(struct pal_conv *conv)
{
    size_t at = --conv->n_messages;
    free(conv->origins[at].channel);
    free(conv->origins[at].message_id);
    return conv->messages[at].text;
}

char *
pal_convs_take_back(struct pal_convs *convs, const char *key)
{
    struct pal_conv *conv = find(convs, key);
    /* Whatever is dropped at the other end, the newest two are always a line and its answer. */
    if (conv == NULL || conv->n_messages < 2) {
        return NULL;
    }
    free(pop_message(conv));
    return pop_message(conv);
}

static bool
matches(const char *text, const char *wanted)
{
    return wanted == NULL || (text != NULL && strcmp(text, wanted) == 0);
}

/* A history is pairs of a line and its answer, so one goes with the other. */
static size_t
clear(struct pal_conv *conv, const char *channel, const char *message_id)
{
    size_t n_cleared = 0;
    for (size_t at = 0; at + 1 < conv->n_messages;) {
        const struct origin *origin = &conv->origins[at];
        if (matches(origin->channel, channel) && matches(origin->message_id, message_id)) {
            drop_messages_at(conv, at, 2);
            n_cleared++;
        } else {
            at += 2;
        }
    }
    return n_cleared;
}

size_t
pal_convs_clear(struct pal_convs *convs, const char *key, const char *channel,
                const char *message_id)
{
    size_t n_cleared = 0;
    for (struct pal_conv *conv = convs->oldest; conv != NULL; conv = conv->newer) {
        n_cleared += matches(conv->key, key) ? clear(conv, channel, message_id) : 0;
    }
    return n_cleared;
}

uint64_t
pal_conv_serial(const struct pal_conv *conv)
{
    return conv->serial;
}

const struct pal_message *
pal_conv_messages(const struct pal_conv *conv, size_t *n_messages)
{
    *n_messages = conv->n_messages;
    return conv->messages;
}
