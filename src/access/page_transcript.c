#include "access/page_transcript.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

struct pal_transcript {
    struct pal_exchange exchanges[PAL_TRANSCRIPT_EXCHANGES_MAX]; /* a ring */
    size_t first;
    size_t n;
    size_t n_bytes;
};

struct pal_transcript *
pal_transcript_create(void)
{
    return pal_calloc(1, sizeof(struct pal_transcript));
}

static size_t
bytes_of(const struct pal_exchange *exchange)
{
    return strlen(exchange->line) + strlen(exchange->reply) +
           (exchange->why != NULL ? strlen(exchange->why) : 0);
}

static void
finish(struct pal_transcript *transcript, struct pal_exchange *exchange)
{
    transcript->n_bytes -= bytes_of(exchange);
    free(exchange->line);
    free(exchange->reply);
    free(exchange->why);
    *exchange = (struct pal_exchange){0};
}

static struct pal_exchange *
place(struct pal_transcript *transcript, size_t i)
{
    return &transcript->exchanges[(transcript->first + i) % PAL_TRANSCRIPT_EXCHANGES_MAX];
}

static void
drop_oldest(struct pal_transcript *transcript)
{
    finish(transcript, place(transcript, 0));
    transcript->first = (transcript->first + 1) % PAL_TRANSCRIPT_EXCHANGES_MAX;
    transcript->n--;
}

void
pal_transcript_add(struct pal_transcript *transcript, struct pal_exchange exchange)
{
    if (transcript->n == PAL_TRANSCRIPT_EXCHANGES_MAX) {
        drop_oldest(transcript);
    }
    *place(transcript, transcript->n) = exchange;
    transcript->n++;
    transcript->n_bytes += bytes_of(&exchange);
    while (transcript->n_bytes > PAL_TRANSCRIPT_BYTES_MAX) {
        drop_oldest(transcript);
    }
}

uint64_t
pal_transcript_drop_newest(struct pal_transcript *transcript)
{
    if (transcript->n == 0) {
        return 0;
    }
    struct pal_exchange *newest = place(transcript, transcript->n - 1);
    uint64_t turn_id = newest->turn_id;
    finish(transcript, newest);
    transcript->n--;
    return turn_id;
}

void
pal_transcript_clear(struct pal_transcript *transcript)
{
    while (transcript->n > 0) {
        drop_oldest(transcript);
    }
}

void
pal_transcript_destroy(struct pal_transcript *transcript)
{
    if (transcript != NULL) {
        pal_transcript_clear(transcript);
        free(transcript);
    }
}

size_t
pal_transcript_n(const struct pal_transcript *transcript)
{
    return transcript->n;
}

const struct pal_exchange *
pal_transcript_at(const struct pal_transcript *transcript, size_t i)
{
    return &transcript->exchanges[(transcript->first + i) % PAL_TRANSCRIPT_EXCHANGES_MAX];
}
