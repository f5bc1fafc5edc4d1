#ifndef PAL_ACCESS_PAGE_TRANSCRIPT_H
#define PAL_ACCESS_PAGE_TRANSCRIPT_H
/*
 * What has been said on the page, as it was shown: so that a page that is opened again, or a second
 * one, shows the same. What the model is reminded of is another thing (chat/conv.h): that is
 * shorter, and holds no failed turns.
 *
 * Bounded by exchanges and by bytes; the oldest go first. Pure; one owner.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAL_TRANSCRIPT_EXCHANGES_MAX 200
#define PAL_TRANSCRIPT_BYTES_MAX     ((size_t)128 * 1024)

struct pal_exchange {
    uint64_t turn_id;
    char *line;        /* owned */
    char *reply;       /* owned; "" = none came */
    const char *state; /* "done", "failed", "cancelled"; static storage */
    char *why;         /* owned; FAILED: what to tell; else NULL */
    int64_t at_s;      /* wall clock */
};

struct pal_transcript;

struct pal_transcript *pal_transcript_create(void);
void pal_transcript_destroy(struct pal_transcript *transcript); /* accepts NULL */
/* Takes the texts over. */
void pal_transcript_add(struct pal_transcript *transcript, struct pal_exchange exchange);
/* Takes the newest one out: 0 if there is none, else its turn_id. */
uint64_t pal_transcript_drop_newest(struct pal_transcript *transcript);
void pal_transcript_clear(struct pal_transcript *transcript);
size_t pal_transcript_n(const struct pal_transcript *transcript);
/* 0 is the oldest. */
const struct pal_exchange *pal_transcript_at(const struct pal_transcript *transcript, size_t i);

#endif
