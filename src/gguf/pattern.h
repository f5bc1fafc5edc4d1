#ifndef PAL_GGUF_PATTERN_H
#define PAL_GGUF_PATTERN_H
/*
 * Random weights of mean 0 and standard deviation 0.02 as blocks of any type that we synthesise.
 *
 * One pattern of a megabyte or so stands for a whole model's weights of that type: its number of
 * blocks is a prime, so no two rows come out equal, and copying it is as fast as the disk.
 * One owner, one thread.
 */
#include <stddef.h>
#include <stdint.h>

struct pal_gguf_pattern {
    uint8_t *data; /* owned; NULL until first used */
    size_t n_blocks;
    size_t block_bytes;
};

/* xorshift64*: small, fast and the same on every machine. The state must not be 0. */
uint64_t pal_gguf_random(uint64_t *state);

void pal_gguf_pattern_init(struct pal_gguf_pattern *pattern, uint32_t type, uint64_t *random);
void pal_gguf_pattern_finish(struct pal_gguf_pattern *pattern);

/* A float as IEEE half, rounded to nearest; for values that a half can hold. */
uint16_t pal_gguf_half(float value);

#endif
