#include "gguf/pattern.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/type.h"
#include "util/mem.h"

#define DEVIATION 0.02F
#define PRIME_BLOCKS                                                            \
    16381 /* for types with long blocks; the short ones take four times as many \
           */
#define PRIME_MANY 65521

uint64_t
pal_gguf_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

uint16_t
pal_gguf_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    float magnitude = fabsf(value);
    if (magnitude < 6.103515625e-5F) { /* below the smallest normal half: steps of 2^-24 */
        return (uint16_t)(sign | (uint16_t)lrintf(magnitude * 16777216.0F));
    }
    int exponent;
    float fraction = frexpf(magnitude, &exponent); /* in [0.5, 1) */
    /* A mantissa that rounds up to 2048 carries into the exponent by itself. */
    uint32_t mantissa = (uint32_t)lrintf(fraction * 2048.0F);
    return (uint16_t)(sign + ((uint32_t)(exponent + 13) << 10) + mantissa);
}

/* Nearly normal, mean 0, deviation 1: four uniform bytes. */
static float
gauss(uint64_t *random)
{
    uint64_t r = pal_gguf_random(random) >> 32;
    float sum = (float)((r & 255) + (r >> 8 & 255) + (r >> 16 & 255) + (r >> 24 & 255));
    return (sum - 510.0F) / 147.8F;
}

static void
put_half(uint8_t *to, float value)
{
    uint16_t half = pal_gguf_half(value);
    to[0] = (uint8_t)half;
    to[1] = (uint8_t)(half >> 8);
}

static void
put_float(uint8_t *to, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(bits >> (8 * i));
    }
}

/*
 * Eight 6-bit scales and the same eight as minimums, in the 12 packed bytes of Q4_K and Q5_K. With
 * scale = minimum, one factor between d and dmin centres every sub-block on 0.
 */
static void
put_scales(uint8_t *to, uint64_t *random, unsigned least)
{
    uint64_t r = pal_gguf_random(random);
    for (unsigned i = 0; i < 4; i++) {
        unsigned low = least + (unsigned)(r >> (8 * i)) % least;
        unsigned high = least + (unsigned)(r >> (8 * i + 32)) % least;
        to[i] = (uint8_t)(low | (high >> 4) << 6);
        to[i + 4] = to[i];
        to[i + 8] = (uint8_t)((high & 15) | (high & 15) << 4);
    }
}

/*
 * The scale fields over a block of random bits. The quants are uniform in their range, whose
 * deviation is (levels / sqrt 12); the sign is random where the range is not symmetric.
 */
static void
put_scale(uint32_t type, uint8_t *block, uint64_t *random)
{
    float sign = pal_gguf_random(random) >> 63 != 0 ? 1.0F : -1.0F;
    float d;
    switch (type) {
    case PAL_GGUF_TYPE_F32:
        put_float(block, DEVIATION * gauss(random));
        break;
    case PAL_GGUF_TYPE_F16:
        put_half(block, DEVIATION * gauss(random));
        break;
    case PAL_GGUF_TYPE_Q4_0:
        put_half(block, sign * DEVIATION / 4.61F);
        break;
    case PAL_GGUF_TYPE_Q5_0:
        put_half(block, sign * DEVIATION / 9.23F);
        break;
    case PAL_GGUF_TYPE_Q5_1:
        d = DEVIATION / 9.23F;
        put_half(block, d);
        put_half(block + 2, -15.5F * d);
        break;
    case PAL_GGUF_TYPE_Q8_0:
        put_half(block, sign * DEVIATION / 73.9F);
        break;
    case PAL_GGUF_TYPE_Q4_K:
        d = DEVIATION / (4.61F * 47.5F);
        put_half(block, d);
        put_half(block + 2, 7.5F * d);
        put_scales(block + 4, random, 32);
        break;
    case PAL_GGUF_TYPE_Q5_K:
        d = DEVIATION / (9.23F * 23.5F);
        put_half(block, d);
        put_half(block + 2, 15.5F * d);
        put_scales(block + 4, random, 16);
        break;
    case PAL_GGUF_TYPE_Q6_K:
        for (int i = 0; i < 16; i++) {
            uint64_t r = pal_gguf_random(random) >> 32;
            int scale = 8 + (int)(r & 7);
            block[192 + i] = (uint8_t)((r & 8) != 0 ? scale : -scale);
        }
        put_half(block + 208, DEVIATION / (18.47F * 11.5F));
        break;
    default:
        PAL_ASSERT(!"a type that the mixtures do not use");
    }
}

void
pal_gguf_pattern_init(struct pal_gguf_pattern *pattern, uint32_t type, uint64_t *random)
{
    const struct pal_gguf_type_traits *traits = pal_gguf_type_traits(type);
    PAL_ASSERT(traits != NULL);
    bool has_long_blocks = traits->block_weights > 32;
    pattern->block_bytes = traits->block_bytes;
    pattern->n_blocks = has_long_blocks ? PRIME_BLOCKS : PRIME_MANY;
    size_t bytes = pattern->n_blocks * pattern->block_bytes;
    pattern->data = pal_calloc(bytes + sizeof(uint64_t), 1);
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        uint64_t r = pal_gguf_random(random);
        memcpy(pattern->data + i, &r, sizeof(r));
    }
    for (size_t i = 0; i < pattern->n_blocks; i++) {
        put_scale(type, pattern->data + i * pattern->block_bytes, random);
    }
}

void
pal_gguf_pattern_finish(struct pal_gguf_pattern *pattern)
{
    if (pattern != NULL) {
        free(pattern->data);
        *pattern = (struct pal_gguf_pattern){0};
    }
}
