#include "test.h"

#include "mutant.h"

#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"
#include "util/mem.h"

#define FILE_MAX_BYTES   (64u << 20)
#define HEAD_BYTES       4096
#define FLIPS            64
#define ARRAY_HEAD_BYTES 12 /* the items' kind and number */

const char *
mutant_name(enum mutant_kind kind)
{
    static const char *const names[] = {
        "header", "cut short", "noise",  "flipped bytes", "NaN",      "zero",
        "huge",   "rope",      "norm",   "heads",         "context",  "special tokens",
        "types",  "tokens",    "merges", "splitter",      "template",
    };
    _Static_assert(PAL_COUNT_OF(names) == MUTANT_N_KINDS, "a name for each");
    return names[kind];
}

bool
mutant_source_read(struct mutant_source *source, const char *path)
{
    *source = (struct mutant_source){.bytes = pal_calloc(1, FILE_MAX_BYTES)};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;
    while (fd >= 0 &&
           (n = read(fd, source->bytes + source->len, FILE_MAX_BYTES - source->len)) > 0) {
        source->len += (size_t)n;
    }
    struct pal_error error;
    return fd >= 0 && close(fd) == 0 && source->len < FILE_MAX_BYTES &&
           pal_gguf_open(path, &source->gguf, &error) == PAL_OK;
}

void
mutant_source_finish(struct mutant_source *source)
{
    pal_gguf_close(source->gguf);
    free(source->bytes);
}

/* ---- in the bytes ---- */

struct copy {
    const struct mutant_source *source;
    uint8_t *bytes;
    size_t len;
    uint32_t *seed;
};

static uint32_t
below(struct copy *copy, size_t n)
{
    return n > 0 ? (uint32_t)(crowd_random(copy->seed) % n) : 0;
}

static void
fill_random(struct copy *copy, uint8_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        at[i] = (uint8_t)crowd_random(copy->seed);
    }
}

/* Where the value of a key begins, behind its kind; NULL: there is no such key. `key` without the
 * architecture's name where it begins with a dot. */
static uint8_t *
find_value(struct copy *copy, const char *key)
{
    char full[256] = "";
    struct pal_gguf_facts facts = pal_gguf_facts(copy->source->gguf);
    (void)snprintf(full, sizeof(full), "%s%s", key[0] == '.' ? facts.architecture : "", key);
    size_t len = strlen(full);
    uint8_t pattern[8 + sizeof(full)] = {(uint8_t)len};
    memcpy(pattern + 8, full, sizeof(full));
    uint8_t *found = memmem(copy->bytes, copy->len, pattern, 8 + len);
    return found != NULL ? found + 8 + len + 4 : NULL;
}

static void
put_u32(struct copy *copy, const char *key, uint32_t value)
{
    uint8_t *at = find_value(copy, key);
    if (at != NULL) {
        memcpy(at, &value, sizeof(value));
    }
}

static void
put_f32(struct copy *copy, const char *key, float value)
{
    uint8_t *at = find_value(copy, key);
    if (at != NULL) {
        memcpy(at, &value, sizeof(value));
    }
}

static uint64_t
read_u64(const uint8_t *at)
{
    uint64_t value = 0;
    memcpy(&value, at, sizeof(value));
    return value;
}

/* ---- kinds ---- */

static void
damage_header(struct copy *copy)
{
    static const unsigned n_changes[] = {1, 8, 64};
    unsigned n = n_changes[below(copy, 3)];
    size_t n_head = copy->len < HEAD_BYTES ? copy->len : HEAD_BYTES;
    for (unsigned i = 0; i < n; i++) {
        copy->bytes[below(copy, n_head)] = (uint8_t)crowd_random(copy->seed);
    }
}

static void
damage_tensor(struct copy *copy, enum mutant_kind kind)
{
    size_t i = below(copy, pal_gguf_n_tensors(copy->source->gguf));
    const struct pal_gguf_tensor *tensor = pal_gguf_tensor_at(copy->source->gguf, i);
    uint8_t *at = copy->bytes + tensor->offset;
    if (kind == MUTANT_NOISE) {
        fill_random(copy, at, tensor->bytes);
    } else {
        int byte = kind == MUTANT_NAN ? 0xff : kind == MUTANT_HUGE ? 0x7b : 0;
        memset(at, byte, tensor->bytes);
    }
}

static void
flip_bytes(struct copy *copy)
{
    const struct pal_gguf_tensor *first = pal_gguf_tensor_at(copy->source->gguf, 0);
    for (int i = 0; i < FLIPS; i++) {
        copy->bytes[first->offset + below(copy, copy->len - first->offset)] =
            (uint8_t)crowd_random(copy->seed);
    }
}

static float
odd_float(struct copy *copy)
{
    const float values[] = {0, -1, NAN, INFINITY, -INFINITY, FLT_MAX, FLT_MIN, 1e-30F, 1, -0.0F};
    return values[below(copy, PAL_COUNT_OF(values))];
}

static uint32_t
odd_u32(struct copy *copy)
{
    const uint32_t values[] = {0,   1,   2,    3,     5,     7,        64,       65,        127,
                               128, 257, 1000, 65535, 65536, 1u << 20, 1u << 31, UINT32_MAX};
    return values[below(copy, PAL_COUNT_OF(values))];
}

static void
damage_setting(struct copy *copy, enum mutant_kind kind)
{
    static const char *const heads[] = {".attention.head_count", ".attention.head_count_kv",
                                        ".attention.key_length", ".attention.value_length"};
    static const char *const specials[] = {"tokenizer.ggml.bos_token_id",
                                           "tokenizer.ggml.eos_token_id",
                                           "tokenizer.ggml.padding_token_id"};
    switch (kind) {
    case MUTANT_ROPE:
        if (below(copy, 2) == 0) {
            put_f32(copy, ".rope.freq_base", odd_float(copy));
        } else {
            put_u32(copy, ".rope.dimension_count", odd_u32(copy));
        }
        break;
    case MUTANT_NORM:
        put_f32(copy, ".attention.layer_norm_rms_epsilon", odd_float(copy));
        break;
    case MUTANT_HEADS:
        put_u32(copy, heads[below(copy, PAL_COUNT_OF(heads))], odd_u32(copy));
        break;
    case MUTANT_CONTEXT:
        put_u32(copy, ".context_length", odd_u32(copy));
        break;
    default:
        put_u32(copy, specials[below(copy, PAL_COUNT_OF(specials))], odd_u32(copy));
        break;
    }
}

/* A few tokens become user-defined, unused or bytes. */
static void
damage_types(struct copy *copy)
{
    uint8_t *at = find_value(copy, "tokenizer.ggml.token_type");
    uint64_t n = at != NULL ? read_u64(at + 4) : 0;
    for (uint32_t k = 1 + below(copy, 8); n > 0 && k > 0; k--) {
        at[ARRAY_HEAD_BYTES + 4 * (size_t)below(copy, n)] = (uint8_t)(1 + below(copy, 6));
    }
}

/* Texts that stand beside each other in an array and are equally long change places; or, one time
 * in four, one becomes anything. */
static void
damage_texts(struct copy *copy, const char *key)
{
    uint8_t *at = find_value(copy, key);
    uint64_t n = at != NULL ? read_u64(at + 4) : 0;
    uint32_t one_in = 1 + below(copy, 64);
    bool is_wild = below(copy, 4) == 0;
    at = at != NULL ? at + ARRAY_HEAD_BYTES : NULL;
    uint8_t *last = NULL;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t len = read_u64(at);
        if (below(copy, one_in) == 0 && is_wild) {
            fill_random(copy, at + 8, len);
        } else if (below(copy, one_in) == 0 && last != NULL && read_u64(last) == len) {
            for (uint64_t k = 8; k < 8 + len; k++) {
                uint8_t byte = last[k];
                last[k] = at[k];
                at[k] = byte;
            }
        }
        last = at;
        at += 8 + len;
    }
}

static void
damage_text(struct copy *copy, const char *key)
{
    uint8_t *at = find_value(copy, key);
    uint64_t len = at != NULL ? read_u64(at) : 0;
    for (uint64_t n = 1 + below(copy, 32); len > 0 && n > 0; n--) {
        at[8 + below(copy, len)] = (uint8_t)(0x20 + below(copy, 0x5f));
    }
}

/* Another name that is known, and as long; or one time in four any text. */
static void
damage_splitter(struct copy *copy)
{
    static const char *const names[] = {"starcoder", "gpt-2", "exaone4", "minerva-7b"};
    uint8_t *at = find_value(copy, "tokenizer.ggml.pre");
    uint64_t len = at != NULL ? read_u64(at) : 0;
    for (size_t i = 0; i < PAL_COUNT_OF(names) && at != NULL; i++) {
        if (strlen(names[i]) == len && below(copy, 4) != 0) {
            memcpy(at + 8, names[i], len);
            return;
        }
    }
    damage_text(copy, "tokenizer.ggml.pre");
}

static void
damage(struct copy *copy, enum mutant_kind kind)
{
    switch (kind) {
    case MUTANT_HEADER:
        damage_header(copy);
        break;
    case MUTANT_CUT:
        copy->len = below(copy, copy->len);
        break;
    case MUTANT_FLIPS:
        flip_bytes(copy);
        break;
    case MUTANT_NOISE:
    case MUTANT_NAN:
    case MUTANT_ZERO:
    case MUTANT_HUGE:
        damage_tensor(copy, kind);
        break;
    case MUTANT_TOKEN_TYPES:
        damage_types(copy);
        break;
    case MUTANT_TOKENS:
        damage_texts(copy, "tokenizer.ggml.tokens");
        break;
    case MUTANT_MERGES:
        damage_texts(copy, "tokenizer.ggml.merges");
        break;
    case MUTANT_SPLITTER:
        damage_splitter(copy);
        break;
    case MUTANT_TEMPLATE:
        damage_text(copy, "tokenizer.chat_template");
        break;
    default:
        damage_setting(copy, kind);
        break;
    }
}

static struct copy
copy_of(const struct mutant_source *source, uint32_t *seed)
{
    struct copy copy = {
        .source = source, .bytes = pal_calloc(1, source->len), .len = source->len, .seed = seed};
    memcpy(copy.bytes, source->bytes, source->len);
    return copy;
}

static bool
write_copy(struct copy *copy, const char *path)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    bool is_written = fd >= 0 && write(fd, copy->bytes, copy->len) == (ssize_t)copy->len;
    free(copy->bytes);
    return fd >= 0 && close(fd) == 0 && is_written;
}

bool
mutant_write(const struct mutant_source *source, enum mutant_kind kind, uint32_t *seed,
             const char *path)
{
    struct copy copy = copy_of(source, seed);
    damage(&copy, kind);
    return write_copy(&copy, path);
}

bool
mutant_write_u32(const struct mutant_source *source, const char *key, uint32_t value,
                 const char *path)
{
    struct copy copy = copy_of(source, NULL);
    put_u32(&copy, key, value);
    return write_copy(&copy, path);
}
