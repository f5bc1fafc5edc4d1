/* What the reader says about files that are right. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf/gguf.h"
#include "gguf/pattern.h"
#include "gguf/shape.h"
#include "gguf/synth.h"
#include "gguf_bytes.h"

static char dir[] = "/tmp/pal-gguf-XXXXXX";

static int
make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static void
write_file(const char *name, const struct bytes *b, char *path, size_t room)
{
    (void)snprintf(path, room, "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(b->data, 1, b->len, file), b->len);
    assert_int_equal(fclose(file), 0);
}

static void
test_facts_of_a_small_file(void **state)
{
    (void)state;
    static struct bytes b;
    b.len = 0;
    put_good_file(&b);
    struct pal_gguf *gguf;
    struct pal_error error = {0};
    assert_int_equal(pal_gguf_open_memory(b.data, b.len, &gguf, &error), PAL_OK);
    struct pal_gguf_facts facts = pal_gguf_facts(gguf);
    assert_string_equal(facts.architecture, "llama");
    assert_string_equal(facts.name, "small \xc3\xa9");
    assert_string_equal(facts.quant, "F32");
    assert_int_equal(facts.version, 3);
    assert_int_equal(facts.n_layers, 1);
    assert_int_equal(facts.context_tokens, 64);
    assert_int_equal(facts.embedding_length, 8);
    assert_int_equal(facts.n_heads, 2);
    assert_int_equal(facts.n_heads_kv, 2);
    assert_int_equal(facts.key_length, 4);
    assert_int_equal(facts.n_vocab, 24);
    assert_int_equal(facts.n_parameters, 8 * 24 + 8);
    assert_int_equal(facts.tensor_bytes, 800);
    assert_int_equal(facts.file_bytes, b.len);
    assert_int_equal(pal_gguf_layer_bytes(gguf, 0), 32);
    assert_int_equal(pal_gguf_layer_bytes(gguf, 100000), 0);
    assert_int_equal(pal_gguf_outside_bytes(gguf), 768);
    assert_int_equal(pal_gguf_layer_heads_kv(gguf, 0), 2);
    assert_string_equal(pal_gguf_chat_template(gguf), "{{ messages }}");
    pal_gguf_close(gguf);
}

static void
test_values_are_found_by_name_and_kind(void **state)
{
    (void)state;
    static struct bytes b;
    b.len = 0;
    put_good_file(&b);
    struct pal_gguf *gguf;
    assert_int_equal(pal_gguf_open_memory(b.data, b.len, &gguf, NULL), PAL_OK);
    uint64_t whole;
    double number;
    struct pal_gguf_text text;
    struct pal_gguf_kv kv;
    assert_true(pal_gguf_find_u64(gguf, "llama.block_count", &whole));
    assert_int_equal(whole, 1);
    assert_false(pal_gguf_find_u64(gguf, "llama.rope.freq_base", &whole));
    assert_false(pal_gguf_find_u64(gguf, "no.such.key", &whole));
    assert_true(pal_gguf_find_number(gguf, "llama.rope.freq_base", &number));
    assert_true(number == 10000);
    assert_true(pal_gguf_find_number(gguf, "tokenizer.ggml.add_bos_token", &number));
    assert_true(number == 1);
    assert_false(pal_gguf_find_number(gguf, "general.name", &number));
    assert_false(pal_gguf_find_text(gguf, "llama.block_count", &text));
    assert_true(pal_gguf_find(gguf, "tokenizer.ggml.tokens", &kv));
    const uint8_t *at = kv.data;
    size_t n = 0;
    for (; pal_gguf_kv_next_text(&kv, &at, &text); n++) {
        assert_int_equal(text.len, 1);
        assert_int_equal(text.data[0], 'a' + n);
    }
    assert_int_equal(n, 24);
    assert_non_null(pal_gguf_find_tensor(gguf, "token_embd.weight"));
    assert_null(pal_gguf_find_tensor(gguf, "output.weight"));
    pal_gguf_close(gguf);
}

static void
test_signed_numbers_keep_their_sign(void **state)
{
    (void)state;
    static struct bytes b;
    b.len = 0;
    put_head(&b, 2, 0, 3);
    put_kv_text(&b, "general.architecture", "x");
    put_text(&b, "small");
    put_u32(&b, PAL_GGUF_KIND_I8);
    put(&b, "\xff", 1);
    put_text(&b, "list");
    put_u32(&b, PAL_GGUF_KIND_ARRAY);
    put_u32(&b, PAL_GGUF_KIND_I64);
    put_u64(&b, 2);
    put_u64(&b, (uint64_t)-5);
    put_u64(&b, 7);
    struct pal_gguf *gguf;
    assert_int_equal(pal_gguf_open_memory(b.data, b.len, &gguf, NULL), PAL_OK);
    double number;
    uint64_t whole;
    struct pal_gguf_kv kv;
    assert_true(pal_gguf_find_number(gguf, "small", &number));
    assert_true(number == -1);
    assert_false(pal_gguf_find_u64(gguf, "small", &whole));
    assert_true(pal_gguf_find(gguf, "list", &kv));
    assert_true(pal_gguf_kv_number(&kv, 0) == -5);
    assert_true(pal_gguf_kv_number(&kv, 1) == 7);
    assert_true(pal_gguf_kv_number(&kv, 2) == 0);
    pal_gguf_close(gguf);
}

/* One part of a split model with one tensor. */
static void
put_part(struct bytes *b, uint16_t index, uint16_t count, const char *tensor)
{
    b->len = 0;
    put_head(b, 3, 1, 3);
    put_kv_text(b, "general.architecture", "llama");
    put_text(b, "split.no");
    put_u32(b, PAL_GGUF_KIND_U16);
    put(b, &index, 2);
    put_text(b, "split.count");
    put_u32(b, PAL_GGUF_KIND_U16);
    put(b, &count, 2);
    put_tensor(b, tensor, 0, 1, (const uint64_t[]){8}, 0);
    put_padding(b);
    for (int i = 0; i < 32; i++) {
        put(b, "", 1);
    }
}

static void
test_parts_of_a_split_model_are_read_together(void **state)
{
    (void)state;
    static struct bytes b;
    char first[128];
    char second[128];
    struct pal_gguf *gguf;
    struct pal_error error = {0};
    put_part(&b, 0, 2, "blk.0.a.weight");
    write_file("m-00001-of-00002.gguf", &b, first, sizeof(first));
    assert_int_equal(pal_gguf_open(first, &gguf, &error), PAL_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "m-00002-of-00002.gguf"));

    put_part(&b, 1, 2, "blk.1.a.weight");
    write_file("m-00002-of-00002.gguf", &b, second, sizeof(second));
    assert_int_equal(pal_gguf_open(first, &gguf, &error), PAL_OK);
    struct pal_gguf_facts facts = pal_gguf_facts(gguf);
    assert_int_equal(facts.n_parts, 2);
    assert_int_equal(facts.tensor_bytes, 64);
    assert_int_equal(facts.file_bytes, 2 * b.len);
    assert_int_equal(pal_gguf_layer_bytes(gguf, 1), 32);
    assert_int_equal(pal_gguf_tensor_at(gguf, 1)->part, 1);
    pal_gguf_close(gguf);

    assert_int_equal(pal_gguf_open(second, &gguf, &error), PAL_ERR_PROTO);
    assert_non_null(strstr(error.text, "give the first one"));
    put_part(&b, 0, 2, "blk.1.a.weight");
    write_file("m-00002-of-00002.gguf", &b, second, sizeof(second));
    assert_int_equal(pal_gguf_open(first, &gguf, &error), PAL_ERR_PROTO);
    assert_int_equal(unlink(first) | unlink(second), 0);
}

static void
test_a_pipe_a_folder_and_nothing_are_refused(void **state)
{
    (void)state;
    struct pal_gguf *gguf;
    struct pal_error error = {0};
    char path[128];
    assert_int_equal(pal_gguf_open(dir, &gguf, &error), PAL_ERR_PROTO);
    assert_non_null(strstr(error.text, "folder"));
    (void)snprintf(path, sizeof(path), "%s/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pal_gguf_open(path, &gguf, &error), PAL_ERR_PROTO);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pal_gguf_open(path, &gguf, &error), PAL_ERR_NOT_FOUND);
    assert_null(gguf);
}

/* The header of a real vocabulary is longer than the first read. */
static void
test_headers_of_many_megabytes_are_read_whole(void **state)
{
    (void)state;
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/big.gguf", dir);
    struct pal_gguf_shape shape = *pal_gguf_shape_find("tiny");
    shape.n_vocab = 128256;
    shape.n_plain_tokens = 128000;
    struct pal_gguf_synth_options options = {
        .shape = &shape,
        .quant = pal_gguf_quant_find("q4_0"),
    };
    struct pal_gguf *gguf;
    struct pal_error error = {0};
    assert_int_equal(pal_gguf_synth(path, &options, &error), PAL_OK);
    assert_int_equal(pal_gguf_open(path, &gguf, &error), PAL_OK);
    assert_int_equal(pal_gguf_facts(gguf).n_vocab, 128256);
    assert_true(pal_gguf_tensor_at(gguf, 0)->offset > 1u << 20);
    pal_gguf_close(gguf);
    assert_int_equal(unlink(path), 0);
}

static void
test_equal_seeds_make_equal_files(void **state)
{
    (void)state;
    struct pal_gguf_synth_options options = {
        .shape = pal_gguf_shape_find("tiny-qwen"),
        .quant = pal_gguf_quant_find("q4_k_m"),
    };
    static const uint64_t seeds[] = {7, 7, 8};
    static uint8_t contents[3][4u << 20];
    size_t lens[3];
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/seed.gguf", dir);
    for (size_t i = 0; i < 3; i++) {
        options.seed = seeds[i];
        assert_int_equal(pal_gguf_synth(path, &options, NULL), PAL_OK);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        lens[i] = fread(contents[i], 1, sizeof(contents[i]), file);
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(lens[0], lens[1]);
    assert_memory_equal(contents[0], contents[1], lens[0]);
    assert_int_equal(lens[0], lens[2]);
    assert_memory_not_equal(contents[0], contents[2], lens[0]);
    assert_int_equal(unlink(path), 0);
}

static void
cancel_at_once(uint64_t done_bytes, uint64_t total_bytes, void *userdata)
{
    assert_true(done_bytes <= total_bytes);
    atomic_store((atomic_bool *)userdata, true);
}

static void
test_cancelled_and_impossible_synths_leave_nothing(void **state)
{
    (void)state;
    atomic_bool is_cancelled = false;
    struct pal_gguf_synth_options options = {
        .shape = pal_gguf_shape_find("tiny"),
        .quant = pal_gguf_quant_find("f16"),
        .on_progress = cancel_at_once,
        .userdata = &is_cancelled,
        .is_cancelled = &is_cancelled,
    };
    struct pal_error error = {0};
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/none.gguf", dir);
    assert_int_equal(pal_gguf_synth(path, &options, &error), PAL_ERR_CANCELLED);
    assert_int_equal(access(path, F_OK), -1);
    /* rmdir() at the end would fail on the .part file. */
    assert_int_equal(pal_gguf_synth("/nowhere/x.gguf", &options, &error), PAL_ERR_IO);
    assert_non_null(strstr(error.text, "No such file"));
}

static void
test_halves_round_to_nearest(void **state)
{
    (void)state;
    static const struct {
        float value;
        uint16_t half;
    } rows[] = {
        {0.0F, 0x0000},      {1.0F, 0x3c00},
        {-2.0F, 0xc000},     {0.5F, 0x3800},
        {65504.0F, 0x7bff},  {0.333251953125F, 0x3555},
        {0.02F, 0x251f},     {6.103515625e-5F, 0x0400},
        {5.96046448e-8F, 1}, {2047.9F, 0x6800},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(pal_gguf_half(rows[i].value), rows[i].half);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_of_a_small_file),
        cmocka_unit_test(test_values_are_found_by_name_and_kind),
        cmocka_unit_test(test_signed_numbers_keep_their_sign),
        cmocka_unit_test(test_parts_of_a_split_model_are_read_together),
        cmocka_unit_test(test_a_pipe_a_folder_and_nothing_are_refused),
        cmocka_unit_test(test_headers_of_many_megabytes_are_read_whole),
        cmocka_unit_test(test_equal_seeds_make_equal_files),
        cmocka_unit_test(test_cancelled_and_impossible_synths_leave_nothing),
        cmocka_unit_test(test_halves_round_to_nearest),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
