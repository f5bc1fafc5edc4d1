/*
 * Well-formed files that would still end the process: each test here stands for an assert inside
 * libllama. What libllama itself refuses politely (a missing key, a wrong shape) is left to it.
 */
#include <stdio.h>
#include <string.h>

#include "gguf/parse.h"
#include "gguf/text_set.h"
#include "util/mem.h"

#define EXPERTS_MAX 1024
#define HEADS_MAX   65536

struct check {
    const struct pal_gguf_file *parts;
    uint32_t n_parts;
    const struct pal_gguf_file *file; /* the first part: the one with the keys */
    const char *name;
    struct pal_error *error;
    char architecture[64];
};

static bool
find(const struct check *check, const char *suffix, struct pal_gguf_kv *kv)
{
    char key[160];
    (void)snprintf(key, sizeof(key), "%s.%s", check->architecture, suffix);
    return pal_gguf_file_find(check->file, key, kv);
}

/* A key's number (the largest, of an array), or `otherwise` if it is not there. */
static uint64_t
number(const struct check *check, const char *suffix, uint64_t otherwise)
{
    struct pal_gguf_kv kv;
    uint64_t largest = 0;
    if (!find(check, suffix, &kv)) {
        return otherwise;
    }
    for (uint64_t i = 0; i < kv.n_items; i++) {
        uint64_t value;
        if (pal_gguf_kv_u64(&kv, i, &value) && value > largest) {
            largest = value;
        }
    }
    return largest;
}

static enum pal_err
refuse(const struct check *check, const char *what)
{
    return pal_error_set(check->error, PAL_ERR_PROTO,
                         "'%s' is damaged: %s; download it again, or choose another model",
                         check->name, what);
}

/*
 * Two tokens of the same text. libllama compares C strings, so a token ends at its first NUL, and
 * an empty one gets the name "[EMPTY_<index>]".
 */
static enum pal_err
check_tokens(const struct check *check, const struct pal_gguf_kv *tokens, struct pal_text_set *seen)
{
    struct pal_gguf_text token;
    const uint8_t *at = tokens->data;
    for (uint64_t i = 0; pal_gguf_kv_next_text(tokens, &at, &token); i++) {
        size_t len = strnlen(token.data, token.len);
        if (len > 0 && !pal_text_set_add(seen, token.data, len)) {
            char what[80];
            (void)snprintf(what, sizeof(what), "token %llu of its vocabulary stands there twice",
                           (unsigned long long)i);
            return refuse(check, what);
        }
    }
    at = tokens->data;
    for (uint64_t i = 0; pal_gguf_kv_next_text(tokens, &at, &token); i++) {
        char name[40];
        int len = snprintf(name, sizeof(name), "[EMPTY_%llu]", (unsigned long long)i);
        if (strnlen(token.data, token.len) == 0 && pal_text_set_has(seen, name, (size_t)len)) {
            return refuse(check, "its vocabulary has an empty token and one with its name");
        }
    }
    return PAL_OK;
}

static enum pal_err
check_vocabulary(const struct check *check)
{
    struct pal_gguf_kv tokens;
    if (!pal_gguf_file_find(check->file, "tokenizer.ggml.tokens", &tokens)) {
        return PAL_OK;
    }
    if (tokens.kind != PAL_GGUF_KIND_ARRAY || tokens.item_kind != PAL_GGUF_KIND_TEXT) {
        return refuse(check, "its vocabulary is no list of texts");
    }
    /* The special tokens that libllama assumes where a file names none must exist. */
    if (tokens.n_items < 16 || tokens.n_items > PAL_GGUF_VOCAB_MAX) {
        return refuse(check, "its vocabulary has an impossible size");
    }
    struct pal_text_set seen;
    enum pal_err err;
    if (pal_text_set_init(&seen, (size_t)tokens.n_items)) {
        err = check_tokens(check, &tokens, &seen);
    } else {
        err = pal_error_set(check->error, PAL_ERR_NOMEM, "cannot read '%s': out of memory",
                            check->name);
    }
    pal_text_set_finish(&seen);
    return err;
}

static enum pal_err
check_layers(const struct check *check)
{
    uint64_t n_layers = number(check, "block_count", 1);
    if (n_layers == 0 || n_layers > PAL_GGUF_LAYERS_MAX) {
        return refuse(check, "it claims an impossible number of layers");
    }
    if (number(check, "nextn_predict_layers", 0) > n_layers) {
        return refuse(check, "it has more prediction layers than layers");
    }
    if (number(check, "embedding_length", 1) == 0 || number(check, "context_length", 1) == 0 ||
        number(check, "context_length", 1) > INT32_MAX) {
        return refuse(check, "its embedding or context length is impossible");
    }
    return PAL_OK;
}

static enum pal_err
check_experts(const struct check *check)
{
    uint64_t n = number(check, "expert_count", 0);
    uint64_t n_used = number(check, "expert_used_count", 0);
    uint64_t n_groups = number(check, "expert_group_count", 0);
    uint64_t n_groups_used = number(check, "expert_group_used_count", 0);
    bool is_right = n == 0 ? n_used == 0 && n_groups == 0
                           : n <= EXPERTS_MAX && n_used > 0 && n_used <= n && n_groups < n;
    if (is_right && n_groups > 1) {
        is_right = n % n_groups == 0 && n_groups_used > 0 && n_groups_used < n_groups;
    }
    return is_right ? PAL_OK : refuse(check, "its numbers of experts contradict each other");
}

/* Whether a key holds one number for all layers, as all but hybrid models do. */
static bool
is_scalar(const struct check *check, const char *suffix)
{
    struct pal_gguf_kv kv;
    return find(check, suffix, &kv) && kv.kind != PAL_GGUF_KIND_ARRAY;
}

struct heads {
    uint64_t n;
    uint64_t n_kv;
    uint64_t key_length;
    uint64_t value_length;
};

/* Whether the rows (or the row length) of the attention's matrices are what the heads need. */
static bool
projections_fit(const struct pal_gguf_file *part, const struct heads *heads)
{
    const struct {
        const char *suffix;
        size_t dimension;
        uint64_t wanted;
    } rows[] = {
        {".attn_q.weight", 1, heads->n * heads->key_length},
        {".attn_k.weight", 1, heads->n_kv * heads->key_length},
        {".attn_v.weight", 1, heads->n_kv * heads->value_length},
        {".attn_output.weight", 0, heads->n * heads->value_length},
    };
    for (size_t i = 0; i < part->n_tensors; i++) {
        const struct pal_gguf_tensor *tensor = &part->tensors[i];
        const char *suffix = tensor->layer >= 0 ? strchr(tensor->name + strlen("blk."), '.') : "";
        for (size_t j = 0; j < PAL_COUNT_OF(rows); j++) {
            if (strcmp(suffix, rows[j].suffix) == 0 &&
                tensor->shape[rows[j].dimension] != rows[j].wanted) {
                return false;
            }
        }
    }
    return true;
}

/* The common families turn whole heads and size their matrices by them; libllama relies on it. */
static bool
is_plain_transformer(const struct check *check)
{
    static const char *const names[] = {"llama",    "qwen2",    "qwen2moe", "qwen3",
                                        "qwen3moe", "mistral3", "olmo2"};
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        if (strcmp(check->architecture, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum pal_err
check_attention(const struct check *check)
{
    if (!is_scalar(check, "attention.head_count")) {
        return PAL_OK;
    }
    struct heads heads = {.n = number(check, "attention.head_count", 0)};
    if (heads.n == 0) {
        return PAL_OK; /* no attention at all */
    }
    uint64_t head = number(check, "embedding_length", heads.n) / heads.n;
    heads.n_kv = number(check, "attention.head_count_kv", heads.n);
    heads.key_length = number(check, "attention.key_length", head);
    heads.value_length = number(check, "attention.value_length", head);
    struct pal_gguf_kv kv;
    bool kv_differ = find(check, "attention.head_count_kv", &kv) && kv.kind == PAL_GGUF_KIND_ARRAY;
    if (heads.n > HEADS_MAX || heads.n_kv > HEADS_MAX || heads.key_length > HEADS_MAX ||
        heads.value_length > HEADS_MAX ||
        (!kv_differ && (heads.n_kv == 0 || heads.n % heads.n_kv != 0))) {
        return refuse(check, "its numbers of attention heads contradict each other");
    }
    uint64_t rotated = number(check, "rope.dimension_count", heads.key_length);
    bool is_right = rotated <= heads.key_length && rotated % 2 == 0;
    if (is_right && is_plain_transformer(check)) {
        is_right = rotated == heads.key_length && heads.value_length == heads.key_length;
        /* Where layers differ, libllama compares each with its own matrices itself. */
        for (uint32_t p = 0; p < check->n_parts && is_right && !kv_differ; p++) {
            is_right = projections_fit(&check->parts[p], &heads);
        }
    }
    return is_right ? PAL_OK
                    : refuse(check, "the sizes of its attention heads contradict each other");
}

static enum pal_err
check_numbers(const struct check *check)
{
    static const char *const epsilons[] = {"attention.layer_norm_rms_epsilon",
                                           "attention.layer_norm_epsilon"};
    struct pal_gguf_kv kv;
    for (size_t i = 0; i < PAL_COUNT_OF(epsilons); i++) {
        if (find(check, epsilons[i], &kv) &&
            !(pal_gguf_kv_number(&kv, 0) >= 0 && pal_gguf_kv_number(&kv, 0) < 1)) {
            return refuse(check, "the epsilon of its norms is impossible");
        }
    }
    if (!find(check, "rope.scaling.type", &kv) || kv.kind != PAL_GGUF_KIND_TEXT) {
        return PAL_OK;
    }
    static const char *const scalings[] = {"none", "linear", "yarn", "longrope"};
    struct pal_gguf_text text;
    const uint8_t *at = kv.data;
    bool is_known = false;
    (void)pal_gguf_kv_next_text(&kv, &at, &text);
    for (size_t i = 0; i < PAL_COUNT_OF(scalings); i++) {
        is_known = is_known || (text.len == strlen(scalings[i]) &&
                                memcmp(text.data, scalings[i], text.len) == 0);
    }
    return is_known ? PAL_OK : refuse(check, "its kind of position scaling is unknown");
}

/* Weights are never whole numbers or of the types that only live inside a computation. */
static enum pal_err
check_part_weights(const struct check *check, const struct pal_gguf_file *part)
{
    uint64_t n_layers = number(check, "block_count", PAL_GGUF_LAYERS_MAX);
    for (size_t i = 0; i < part->n_tensors; i++) {
        const struct pal_gguf_tensor *tensor = &part->tensors[i];
        if (tensor->layer >= (int64_t)n_layers) {
            return refuse(check, "it has weights for layers that it does not have");
        }
        size_t len = strlen(tensor->name);
        bool is_weight = (len > 7 && strcmp(tensor->name + len - 7, ".weight") == 0) ||
                         (len > 5 && strcmp(tensor->name + len - 5, ".bias") == 0);
        bool is_whole = tensor->type >= 24 && tensor->type <= 28;
        if (is_weight && (is_whole || tensor->type == 9 || tensor->type == 15)) {
            char what[160];
            (void)snprintf(what, sizeof(what), "the type of tensor '%s' can't hold weights",
                           tensor->name);
            return refuse(check, what);
        }
    }
    return PAL_OK;
}

static enum pal_err
check_weights(const struct check *check)
{
    enum pal_err err = PAL_OK;
    for (uint32_t p = 0; p < check->n_parts && err == PAL_OK; p++) {
        err = check_part_weights(check, &check->parts[p]);
    }
    return err;
}

typedef enum pal_err (*check_fn)(const struct check *check);

static const check_fn checks[] = {
    check_layers, check_experts, check_attention, check_numbers, check_weights, check_vocabulary,
};

enum pal_err
pal_gguf_parts_check(const struct pal_gguf_file *parts, uint32_t n_parts, const char *name,
                     struct pal_error *error)
{
    struct check check = {
        .parts = parts,
        .n_parts = n_parts,
        .file = &parts[0],
        .name = name,
        .error = error,
    };
    struct pal_gguf_kv kv;
    struct pal_gguf_text text = {0};
    if (pal_gguf_file_find(check.file, "general.architecture", &kv) &&
        kv.kind == PAL_GGUF_KIND_TEXT) {
        const uint8_t *at = kv.data;
        (void)pal_gguf_kv_next_text(&kv, &at, &text);
    }
    if (text.len == 0 || text.len >= sizeof(check.architecture)) {
        return refuse(&check, "it does not say which kind of model it is");
    }
    memcpy(check.architecture, text.data, text.len);

    enum pal_err err = PAL_OK;
    for (size_t i = 0; i < PAL_COUNT_OF(checks) && err == PAL_OK; i++) {
        err = checks[i](&check);
    }
    return err;
}
