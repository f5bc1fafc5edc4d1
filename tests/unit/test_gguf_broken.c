/* Files that are wrong: each is refused with a sentence, none reaches libllama. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/gguf.h"
#include "gguf_bytes.h"

static struct bytes b;

static void
assert_refused(enum pal_err wanted, const char *words)
{
    struct pal_gguf *gguf;
    struct pal_error error = {0};
    /* An exact allocation, so that the address sanitizer sees a read beyond it. */
    uint8_t *copy = malloc(b.len > 0 ? b.len : 1);
    assert_non_null(copy);
    memcpy(copy, b.data, b.len);
    enum pal_err err = pal_gguf_open_memory(copy, b.len, &gguf, &error);
    free(copy);
    if (err != wanted || strstr(error.text, words) == NULL) {
        fail_msg("wanted %s '%s', got %s '%s'", pal_err_name(wanted), words, pal_err_name(err),
                 error.text);
    }
    assert_null(gguf);
}

static void
test_files_cut_at_every_byte_are_refused(void **state)
{
    (void)state;
    b.len = 0;
    put_good_file(&b);
    size_t whole = b.len;
    for (b.len = 0; b.len < whole; b.len++) {
        assert_refused(PAL_ERR_PROTO, b.len < 4 ? "no GGUF" : "cut short");
    }
}

static void
test_what_is_no_gguf_is_named_so(void **state)
{
    (void)state;
    static const char *const contents[] = {"", "GGU", "hello, world, this is text",
                                           "\x89PNG\r\n\x1a\n", "FUGG\3\0\0\0"};
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        b.len = 0;
        put(&b, contents[i], strlen(contents[i]));
        assert_refused(PAL_ERR_PROTO, "no GGUF file");
    }
}

static void
test_other_versions_and_byte_orders_are_refused(void **state)
{
    (void)state;
    static const uint32_t versions[] = {0, 1, 4, 0x03000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        b.len = 0;
        put_head(&b, versions[i], 0, 0);
        assert_refused(PAL_ERR_UNSUPPORTED, "versions 2 and 3");
    }
}

static const uint64_t absurd[] = {
    UINT64_C(65537), UINT64_C(1) << 31, UINT64_C(1) << 32, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX,
};
#define N_ABSURD (sizeof(absurd) / sizeof(absurd[0]))

static void
test_absurd_counts_are_refused_before_memory_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ABSURD; i++) {
        b.len = 0;
        put_head(&b, 3, absurd[i], 0);
        assert_refused(PAL_ERR_LIMIT, "tensors");
        b.len = 0;
        put_head(&b, 3, 0, absurd[i]);
        assert_refused(PAL_ERR_LIMIT, "keys");
    }
    b.len = 0;
    put_head(&b, 3, PAL_GGUF_TENSORS_MAX, PAL_GGUF_KV_MAX);
    assert_refused(PAL_ERR_PROTO, "cut short");
}

static void
test_absurd_lengths_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ABSURD; i++) {
        b.len = 0;
        put_head(&b, 3, 0, 1);
        put_u64(&b, absurd[i]);
        assert_refused(PAL_ERR_PROTO, "");
        b.len = 0;
        put_head(&b, 3, 0, 1);
        put_text(&b, "key");
        put_u32(&b, PAL_GGUF_KIND_ARRAY);
        put_u32(&b, PAL_GGUF_KIND_U8);
        put_u64(&b, absurd[i]);
        assert_refused(PAL_ERR_PROTO, "");
    }
}

static void
test_wrong_kinds_and_keys_are_refused(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {13, 255, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        b.len = 0;
        put_head(&b, 3, 0, 1);
        put_text(&b, "key");
        put_u32(&b, kinds[i]);
        put_u64(&b, 0);
        assert_refused(PAL_ERR_PROTO, "'key'");
    }
    b.len = 0; /* an array of arrays */
    put_head(&b, 3, 0, 1);
    put_text(&b, "nested");
    put_u32(&b, PAL_GGUF_KIND_ARRAY);
    put_u32(&b, PAL_GGUF_KIND_ARRAY);
    put_u64(&b, 1);
    assert_refused(PAL_ERR_PROTO, "'nested'");
    static const char *const keys[] = {"", "a\nb", "\x1b[31m", "caf\xc3\xa9"};
    for (size_t i = 0; i < 4; i++) {
        b.len = 0;
        put_head(&b, 3, 0, 1);
        put_kv_u32(&b, keys[i], 1);
        assert_refused(PAL_ERR_PROTO, "no name");
    }
    b.len = 0;
    put_head(&b, 3, 0, 2);
    put_kv_u32(&b, "twice", 1);
    put_kv_u32(&b, "twice", 2);
    assert_refused(PAL_ERR_PROTO, "'twice' stands twice");
}

/* One tensor of this shape, with 4 KB of data behind it. */
static void
put_one_tensor(uint32_t type, uint32_t n_dims, const uint64_t *shape, uint64_t offset)
{
    b.len = 0;
    put_head(&b, 3, 1, 1);
    put_kv_text(&b, "general.architecture", "x");
    put_tensor(&b, "t", type, n_dims, shape, offset);
    put_padding(&b);
    for (int i = 0; i < 4096; i++) {
        put(&b, "", 1);
    }
}

/* Products that wrap to 0, or to something small, in libllama's own check. */
static void
test_shapes_whose_product_wraps_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        uint64_t shape[4];
    } rows[] = {
        {0, {UINT64_C(1) << 32, UINT64_C(1) << 32, 1, 1}},
        {0, {UINT64_C(1) << 31, UINT64_C(1) << 31, 4, 1}},
        {24, {UINT64_C(1) << 32, UINT64_C(1) << 31, 1, 1}},
        {0, {UINT64_C(1) << 16, UINT64_C(1) << 16, UINT64_C(1) << 16, UINT64_C(1) << 16}},
        {0, {UINT64_C(1) << 62, 1, 1, 1}},
        {0, {UINT64_C(1) << 63, 2, 1, 1}},
        {0, {UINT64_MAX, UINT64_MAX, 1, 1}},
        {0, {0, 1, 1, 1}},
        {0, {8, 0, 1, 1}},
        {12, {255, 1, 1, 1}},
        {2, {33, 1, 1, 1}},
        {4, {32, 1, 1, 1}},
        {31, {32, 1, 1, 1}},
        {43, {32, 1, 1, 1}},
        {UINT32_MAX, {32, 1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_one_tensor(rows[i].type, 4, rows[i].shape, 0);
        assert_refused(PAL_ERR_PROTO, "can't have the shape");
    }
    const uint64_t one[5] = {1, 1, 1, 1, 1};
    put_one_tensor(0, 0, one, 0);
    assert_refused(PAL_ERR_PROTO, "dimensions");
    put_one_tensor(0, 5, one, 0);
    assert_refused(PAL_ERR_PROTO, "dimensions");
}

static void
test_data_beyond_the_file_is_refused(void **state)
{
    (void)state;
    static const uint64_t lens[] = {1025, 1056, 65536, UINT64_C(1) << 38, UINT64_C(1) << 60};
    uint64_t fits = 1024;
    put_one_tensor(0, 1, &fits, 0);
    struct pal_gguf *gguf;
    assert_int_equal(pal_gguf_open_memory(b.data, b.len, &gguf, NULL), PAL_OK);
    pal_gguf_close(gguf);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        put_one_tensor(0, 1, &lens[i], 0);
        assert_refused(PAL_ERR_PROTO, "cut short");
    }
}

static void
test_overlaps_and_holes_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset;
        const char *words;
    } rows[] = {
        {0, "overlaps"}, {32, "overlaps"}, {63, "overlaps"},
        {65, "hole"},    {96, "hole"},     {UINT64_MAX, "hole"},
    };
    const uint64_t len = 16;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        b.len = 0;
        put_head(&b, 3, 2, 1);
        put_kv_text(&b, "general.architecture", "x");
        put_tensor(&b, "first", 0, 1, &len, 0);
        put_tensor(&b, "second", 0, 1, &len, rows[i].offset);
        put_padding(&b);
        for (int j = 0; j < 256; j++) {
            put(&b, "", 1);
        }
        assert_refused(PAL_ERR_PROTO, rows[i].words);
    }
}

static void
test_a_tensor_name_twice_or_too_long_is_refused(void **state)
{
    (void)state;
    const uint64_t len = 8;
    b.len = 0;
    put_head(&b, 3, 2, 0);
    put_tensor(&b, "same", 0, 1, &len, 0);
    put_tensor(&b, "same", 0, 1, &len, 32);
    assert_refused(PAL_ERR_PROTO, "'same' stands twice");
    b.len = 0;
    put_head(&b, 3, 1, 0);
    put_tensor(&b, "0123456789012345678901234567890123456789012345678901234567890123", 0, 1, &len,
               0);
    assert_refused(PAL_ERR_PROTO, "no name");
}

static void
put_vocabulary(const char *const *odd, const size_t *odd_lens, size_t n_odd, size_t n_plain)
{
    b.len = 0;
    put_head(&b, 3, 0, 2);
    put_kv_text(&b, "general.architecture", "llama");
    put_text(&b, "tokenizer.ggml.tokens");
    put_u32(&b, PAL_GGUF_KIND_ARRAY);
    put_u32(&b, PAL_GGUF_KIND_TEXT);
    put_u64(&b, n_odd + n_plain);
    for (size_t i = 0; i < n_odd; i++) {
        put_u64(&b, odd_lens[i]);
        put(&b, odd[i], odd_lens[i]);
    }
    for (size_t i = 0; i < n_plain; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "plain%zu", i);
        put_text(&b, text);
    }
}

/* libllama asserts that all tokens differ, as C strings. */
static void
test_tokens_that_stand_twice_are_refused(void **state)
{
    (void)state;
    put_vocabulary((const char *const[]){"ab", "cd", "ab"}, (const size_t[]){2, 2, 2}, 3, 20);
    assert_refused(PAL_ERR_PROTO, "token 2 of its vocabulary");
    put_vocabulary((const char *const[]){"ab\0x", "ab\0y"}, (const size_t[]){4, 4}, 2, 20);
    assert_refused(PAL_ERR_PROTO, "token 1 of its vocabulary");
    put_vocabulary((const char *const[]){"[EMPTY_1]", ""}, (const size_t[]){9, 0}, 2, 20);
    assert_refused(PAL_ERR_PROTO, "empty token");
    put_vocabulary((const char *const[]){"", ""}, (const size_t[]){0, 0}, 2, 20);
    struct pal_gguf *gguf;
    assert_int_equal(pal_gguf_open_memory(b.data, b.len, &gguf, NULL), PAL_OK);
    pal_gguf_close(gguf);
    put_vocabulary(NULL, NULL, 0, 3);
    assert_refused(PAL_ERR_PROTO, "impossible size");
}

/* Numbers that are well formed one by one and together end libllama's process. */
static void
test_contradicting_numbers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint32_t value;
        const char *words;
    } rows[] = {
        {"llama.block_count", 0, "layers"},
        {"llama.block_count", 513, "layers"},
        {"llama.nextn_predict_layers", 3, "layers"},
        {"llama.embedding_length", 0, "length"},
        {"llama.context_length", 0, "length"},
        {"llama.context_length", UINT32_MAX, "length"},
        {"llama.expert_count", 8, "experts"},
        {"llama.expert_count", 4096, "experts"},
        {"llama.expert_used_count", 2, "experts"},
        {"llama.expert_group_count", 2, "experts"},
        {"llama.attention.head_count_kv", 0, "attention heads"},
        {"llama.attention.head_count_kv", 3, "attention heads"},
        {"llama.attention.key_length", 8, "attention heads"},
        {"llama.attention.value_length", 8, "attention heads"},
        {"llama.rope.dimension_count", 2, "attention heads"},
        {"llama.rope.dimension_count", 1u << 31, "attention heads"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        b.len = 0;
        bool is_embedding = strcmp(rows[i].key, "llama.embedding_length") == 0;
        put_head(&b, 3, 0, is_embedding ? 3 : 4);
        put_kv_text(&b, "general.architecture", "llama");
        if (!is_embedding) {
            put_kv_u32(&b, "llama.embedding_length", 32);
        }
        put_kv_u32(&b, "llama.attention.head_count", 8);
        put_kv_u32(&b, rows[i].key, rows[i].value);
        assert_refused(PAL_ERR_PROTO, rows[i].words);
    }
    b.len = 0;
    put_head(&b, 3, 0, 2);
    put_kv_text(&b, "general.architecture", "llama");
    put_kv_text(&b, "llama.rope.scaling.type", "yarm");
    assert_refused(PAL_ERR_PROTO, "scaling");
    b.len = 0;
    put_head(&b, 3, 0, 1);
    put_kv_u32(&b, "general.alignment", 24);
    assert_refused(PAL_ERR_PROTO, "power of 2");
    b.len = 0;
    put_head(&b, 3, 0, 0);
    assert_refused(PAL_ERR_PROTO, "which kind of model");
}

/* The words of a hostile file must not reach a terminal raw. */
static void
test_error_texts_hold_no_control_characters(void **state)
{
    (void)state;
    b.len = 0;
    put_good_file(&b);
    for (size_t i = 24; i < b.len; i++) {
        uint8_t kept = b.data[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            b.data[i] = (uint8_t)(kept ^ 1u << bit);
            struct pal_gguf *gguf;
            struct pal_error error = {0};
            if (pal_gguf_open_memory(b.data, b.len, &gguf, &error) != PAL_OK) {
                for (const char *c = error.text; *c != '\0'; c++) {
                    assert_true((unsigned char)*c >= 0x20);
                }
            }
            pal_gguf_close(gguf);
        }
        b.data[i] = kept;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_cut_at_every_byte_are_refused),
        cmocka_unit_test(test_what_is_no_gguf_is_named_so),
        cmocka_unit_test(test_other_versions_and_byte_orders_are_refused),
        cmocka_unit_test(test_absurd_counts_are_refused_before_memory_is_taken),
        cmocka_unit_test(test_absurd_lengths_are_refused),
        cmocka_unit_test(test_wrong_kinds_and_keys_are_refused),
        cmocka_unit_test(test_shapes_whose_product_wraps_are_refused),
        cmocka_unit_test(test_data_beyond_the_file_is_refused),
        cmocka_unit_test(test_overlaps_and_holes_are_refused),
        cmocka_unit_test(test_a_tensor_name_twice_or_too_long_is_refused),
        cmocka_unit_test(test_tokens_that_stand_twice_are_refused),
        cmocka_unit_test(test_contradicting_numbers_are_refused),
        cmocka_unit_test(test_error_texts_hold_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
