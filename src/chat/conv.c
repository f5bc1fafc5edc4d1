#include "chat/conv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* Chains stay short up to the default of 4096 conversations; with more they only get longer. */
#define N_BUCKETS 1024

struct pal_conv {
    char *key; /* owned */
    uint64_t serial;
    struct pal_message *messages; /* owned; room for max_messages */
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

/* Forgets the n oldest messages. */
static void
drop_messages(struct pal_conv *conv, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(conv->messages[i].text);
    }
    conv->n_messages -= n;
    memmove(conv->messages, conv->messages + n, conv->n_messages * sizeof(*conv->messages));
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
add_message(struct pal_convs *convs, struct pal_conv *conv, enum pal_role role, const char *text)
{
    if (conv->n_messages == convs->max_messages) {
        drop_messages(conv, 1);
    }
    conv->messages[conv->n_messages++] =
        (struct pal_message){.role = role, .text = pal_strdup(text)};
}

void
pal_convs_add_exchange(struct pal_convs *convs, const char *key, const char *line,
                       const char *reply, int64_t now_us)
{
    struct pal_conv *conv = pal_convs_touch(convs, key, now_us);
    add_message(convs, conv, PAL_ROLE_USER, line);
    add_message(convs, conv, PAL_ROLE_ASSISTANT, reply);
    /* With an odd maximum the oldest line is gone and its answer left: many chat templates refuse
     * to begin with one. */
    if (conv->messages[0].role == PAL_ROLE_ASSISTANT) {
        drop_messages(conv, 1);
    }
}

char *
pal_convs_take_back(struct pal_convs *convs, const char *key)
{
    struct pal_conv *conv = find(convs, key);
    /* Whatever is dropped at the other end, the newest two are always a line and its answer. */
    if (conv == NULL || conv->n_messages < 2) {
        return NULL;
    }
    conv->n_messages -= 2;
    char *line = conv->messages[conv->n_messages].text;
    free(conv->messages[conv->n_messages + 1].text);
    return line;
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
