#include "engine/park_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

#define MAGIC "PALKV\0\0\2"
/* No model knows as many. */
#define POSITION_MAX (INT32_MAX / 2)

struct head {
    char magic[8];
    uint64_t key;
    uint64_t n_tokens;
    uint64_t n_base;
    uint64_t n_prompt;
    uint64_t owner_bytes; /* UINT64_MAX = none */
    uint64_t is_base;
    uint64_t data_bytes;
    uint64_t rest_sum; /* of owner, tokens and positions */
    uint64_t data_sum;
    uint64_t head_sum; /* of all before */
};
_Static_assert(sizeof(struct head) == 88, "no holes");

void
pal_span_finish(struct pal_span *span)
{
    if (span == NULL) {
        return;
    }
    free(span->owner);
    free(span->tokens);
    free(span->positions);
    free(span->data);
    *span = (struct pal_span){0};
}

bool
pal_span_reserve(struct pal_span *span, size_t n_bytes)
{
    if (n_bytes <= span->n_room) {
        return true;
    }
    unsigned char *data = realloc(span->data, n_bytes);
    if (data == NULL) {
        return false;
    }
    span->data = data;
    span->n_room = n_bytes;
    return true;
}

size_t
pal_span_head_bytes(const struct pal_span *span)
{
    return span->n_tokens * (sizeof(*span->tokens) + sizeof(*span->positions)) +
           (span->owner != NULL ? strlen(span->owner) : 0);
}

uint64_t
pal_park_hash(uint64_t seed, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t h = UINT64_C(0x9E3779B97F4A7C15) ^ seed ^ len;
    while (len > 0) {
        uint64_t word = 0;
        size_t n = len < sizeof(word) ? len : sizeof(word);
        memcpy(&word, at, n);
        h = (h ^ word) * UINT64_C(0xD6E8FEB86659FD93);
        h ^= h >> 32;
        at += n;
        len -= n;
    }
    return h;
}

static uint64_t
head_sum(const struct head *head)
{
    return pal_park_hash(1, head, offsetof(struct head, head_sum));
}

static uint64_t
rest_sum(const struct pal_span *span)
{
    uint64_t h = pal_park_hash(2, span->tokens, span->n_tokens * sizeof(*span->tokens));
    h = pal_park_hash(h, span->positions, span->n_tokens * sizeof(*span->positions));
    return span->owner != NULL ? pal_park_hash(h, span->owner, strlen(span->owner)) : h;
}

/* ---- writing ---- */

static bool
write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool
write_span(int fd, uint64_t key, const struct pal_span *span)
{
    size_t owner_bytes = span->owner != NULL ? strlen(span->owner) : 0;
    struct head head = {
        .magic = MAGIC,
        .key = key,
        .n_tokens = span->n_tokens,
        .n_base = span->n_base,
        .n_prompt = span->n_prompt,
        .owner_bytes = span->owner != NULL ? owner_bytes : UINT64_MAX,
        .is_base = span->is_base ? 1 : 0,
        .data_bytes = span->n_bytes,
        .rest_sum = rest_sum(span),
        .data_sum = pal_park_hash(3, span->data, span->n_bytes),
    };
    head.head_sum = head_sum(&head);
    return write_all(fd, &head, sizeof(head)) && write_all(fd, span->owner, owner_bytes) &&
           write_all(fd, span->tokens, span->n_tokens * sizeof(*span->tokens)) &&
           write_all(fd, span->positions, span->n_tokens * sizeof(*span->positions)) &&
           write_all(fd, span->data, span->n_bytes);
}

enum pal_err
pal_park_file_write(const char *path, uint64_t key, const struct pal_span *span,
                    struct pal_error *error)
{
    char *beside = pal_printf("%s.new", path);
    (void)unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = fd >= 0 && write_span(fd, key, span);
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && is_written) {
        is_written = false;
        why = errno;
    }
    if (is_written && rename(beside, path) != 0) {
        is_written = false;
        why = errno;
    }
    enum pal_err err = PAL_OK;
    if (!is_written) {
        (void)unlink(beside);
        err = pal_error_set(error, PAL_ERR_IO, "cannot write '%s': %s", path, strerror(why));
    }
    free(beside);
    return err;
}

/* ---- reading ---- */

static bool
read_all(int fd, void *bytes, size_t len)
{
    char *at = bytes;
    while (len > 0) {
        ssize_t n = read(fd, at, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* Its numbers are plausible, and the file is exactly as long as they say. */
static bool
is_sound(const struct head *head, uint64_t file_bytes)
{
    static const char magic[8] = MAGIC;
    bool has_owner = head->owner_bytes != UINT64_MAX;
    if (memcmp(head->magic, magic, sizeof(magic)) != 0 || head->head_sum != head_sum(head) ||
        head->n_tokens == 0 || head->n_tokens > PAL_PARK_TOKENS_MAX ||
        head->n_base >= head->n_tokens || head->is_base > 1 ||
        (head->is_base == 1 && head->n_base != 0) ||
        (has_owner && head->owner_bytes > PAL_PARK_OWNER_MAX_BYTES) ||
        head->data_bytes > PAL_PARK_DATA_MAX_BYTES) {
        return false;
    }
    return file_bytes == sizeof(*head) + (has_owner ? head->owner_bytes : 0) +
                             head->n_tokens * 2 * sizeof(int32_t) + head->data_bytes;
}

static enum pal_err
read_data(int fd, const struct head *head, struct pal_span *span)
{
    span->data = malloc(span->n_bytes > 0 ? span->n_bytes : 1);
    if (span->data == NULL) {
        return PAL_ERR_NOMEM;
    }
    if (!read_all(fd, span->data, span->n_bytes) ||
        pal_park_hash(3, span->data, span->n_bytes) != head->data_sum) {
        return PAL_ERR_PROTO;
    }
    return PAL_OK;
}

static bool
are_positions(const struct pal_span *span)
{
    for (size_t i = 0; i < span->n_tokens; i++) {
        int32_t least = i > 0 ? span->positions[i - 1] + 1 : 0;
        if (span->positions[i] < least || span->positions[i] > POSITION_MAX) {
            return false;
        }
    }
    /* What several share has no gap. */
    size_t n_shared = span->is_base ? span->n_tokens : span->n_base;
    return n_shared == 0 || span->positions[n_shared - 1] == (int32_t)n_shared - 1;
}

static enum pal_err
read_span(int fd, uint64_t key, bool wants_data, struct pal_span *span)
{
    struct head head;
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        !read_all(fd, &head, sizeof(head)) || !is_sound(&head, (uint64_t)st.st_size)) {
        return PAL_ERR_PROTO;
    }
    if (head.key != key) {
        return PAL_ERR_DENIED;
    }
    *span = (struct pal_span){
        .n_tokens = (size_t)head.n_tokens,
        .n_base = (size_t)head.n_base,
        .n_prompt = (size_t)head.n_prompt,
        .is_base = head.is_base == 1,
        .n_bytes = (size_t)head.data_bytes,
        .tokens = pal_calloc((size_t)head.n_tokens, sizeof(*span->tokens)),
        .positions = pal_calloc((size_t)head.n_tokens, sizeof(*span->positions)),
    };
    if (head.owner_bytes != UINT64_MAX) {
        span->owner = pal_calloc((size_t)head.owner_bytes + 1, 1);
        if (!read_all(fd, span->owner, (size_t)head.owner_bytes)) {
            return PAL_ERR_PROTO;
        }
    }
    if (!read_all(fd, span->tokens, span->n_tokens * sizeof(*span->tokens)) ||
        !read_all(fd, span->positions, span->n_tokens * sizeof(*span->positions)) ||
        !are_positions(span) || (span->owner != NULL && strlen(span->owner) != head.owner_bytes) ||
        rest_sum(span) != head.rest_sum) {
        return PAL_ERR_PROTO;
    }
    return wants_data ? read_data(fd, &head, span) : PAL_OK;
}

enum pal_err
pal_park_file_read(const char *path, uint64_t key, bool wants_data, struct pal_span *span,
                   struct pal_error *error)
{
    *span = (struct pal_span){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        enum pal_err code = errno == ENOENT ? PAL_ERR_NOT_FOUND : PAL_ERR_IO;
        return pal_error_set(error, code, "cannot open '%s': %s", path, strerror(errno));
    }
    enum pal_err err = read_span(fd, key, wants_data, span);
    (void)close(fd);
    if (err == PAL_OK) {
        return PAL_OK;
    }
    pal_span_finish(span);
    return pal_error_set(error, err, "cannot use '%s': %s", path,
                         err == PAL_ERR_DENIED  ? "it is of another model or other settings"
                         : err == PAL_ERR_NOMEM ? "there is too little memory"
                                                : "it is damaged");
}
