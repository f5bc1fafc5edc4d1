/* How models are named, and which file of a repository is meant. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "fetch/spec.h"
#include "util/mem.h"

static void
test_names_are_read_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum pal_err err;
        const char *user, *repo, *quant;
    } rows[] = {
        {"hf:user/repo", PAL_OK, "user", "repo", "Q4_K_M"},
        {"hf:user/repo:q8_0", PAL_OK, "user", "repo", "q8_0"},
        {"hf:A-b.c/R_1.0-GGUF:IQ4_XS", PAL_OK, "A-b.c", "R_1.0-GGUF", "IQ4_XS"},
        {"QWEN2.5-3B-Instruct", PAL_OK, "Qwen", "Qwen2.5-3B-Instruct-GGUF", "Q4_K_M"},
        {"hf:", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:user", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:/repo", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:user/", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:user/repo:", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:../..", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:user/..", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:user/a/b", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:us er/repo", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:user/repo:q4?x=1", PAL_ERR_ARGUMENT, "", "", ""},
        {"hf:user/repo\r\nX: y", PAL_ERR_ARGUMENT, "", "", ""},
        {"qwen", PAL_ERR_ARGUMENT, "", "", ""},
        {"", PAL_ERR_ARGUMENT, "", "", ""},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        struct pal_fetch_spec spec;
        struct pal_error error = {0};
        enum pal_err err = pal_fetch_spec_parse(rows[i].name, &spec, &error);
        assert_int_equal(err, rows[i].err);
        if (err == PAL_OK) {
            assert_string_equal(spec.user, rows[i].user);
            assert_string_equal(spec.repo, rows[i].repo);
            assert_string_equal(spec.quant, rows[i].quant);
        } else {
            assert_true(strlen(error.text) > 20);
        }
    }
}

static void
test_names_of_any_length_fit_or_are_refused(void **state)
{
    (void)state;
    char name[600] = "hf:";
    for (size_t len = 3; len < sizeof(name) - 40; len++) {
        struct pal_fetch_spec spec;
        memcpy(name + len, "/repo:Q8_0", sizeof("/repo:Q8_0"));
        bool fits = len > 3 && len - 3 < sizeof(spec.user);
        assert_int_equal(pal_fetch_spec_parse(name, &spec, NULL), fits ? PAL_OK : PAL_ERR_ARGUMENT);
        name[len] = 'a';
    }
}

static void
test_a_wrong_name_gets_the_nearest(void **state)
{
    (void)state;
    struct pal_fetch_spec spec;
    struct pal_error error;
    assert_int_equal(pal_fetch_spec_parse("llama-3.2-3b", &spec, &error), PAL_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "'llama-3.2-3b-instruct'"));
}

static void
test_every_catalogue_entry_names_a_safe_gguf_of_its_quant(void **state)
{
    (void)state;
    const struct pal_fetch_entry *entry;
    size_t n = 0;
    for (; (entry = pal_fetch_catalogue_at(n)) != NULL; n++) {
        char quant[32];
        struct pal_fetch_spec spec;
        assert_true(pal_fetch_file_is_safe(entry->file));
        pal_fetch_quant_of(entry->file, quant, sizeof(quant));
        assert_string_equal(quant, entry->quant);
        assert_int_equal(pal_fetch_spec_parse(entry->name, &spec, NULL), PAL_OK);
        assert_int_equal(pal_fetch_choose(&spec, &entry->file, 1), 0);
    }
    assert_true(n >= 6);
}

static void
test_the_right_file_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *quant;
        const char *files[6];
        int chosen;
    } rows[] = {
        {"Q4_K_M", {"README.md", "m-Q8_0.gguf", "m-Q4_K_M.gguf"}, 2},
        {"q4_k_m", {"m-Q4_K_M.gguf"}, 0},
        {"Q4_K_M", {"m.q4_k_m.gguf"}, 0},
        {"Q4_K", {"m-Q4_K_M.gguf", "m-Q4_K_S.gguf"}, -1},
        {"Q4_0", {"m-Q4_0_4_4.gguf", "m-IQ4_0.gguf", "m-Q4_0.gguf"}, 2},
        {"F16", {"mmproj-m-F16.gguf", "mtp-m-F16.gguf", "m-F16.gguf"}, 2},
        {"Q8_0", {"m-Q8_0-00002-of-00002.gguf", "m-Q8_0-00001-of-00002.gguf"}, 1},
        {"Q8_0", {"draft/m-Q8_0.gguf", "m-Q8_0.gguf"}, 1},
        {"Q8_0", {"Q8_0/m-Q8_0-00001-of-00003.gguf"}, 0},
        {"Q8_0", {"../m-Q8_0.gguf", "/m-Q8_0.gguf", "a//m-Q8_0.gguf", "a/../m-Q8_0.gguf"}, -1},
        {"Q8_0", {"m-Q8_0.gguf.part", "m-Q8_0.safetensors", "-Q8_0", ".gguf"}, -1},
        {"Q2_K", {"m-Q8_0.gguf"}, -1},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        struct pal_fetch_spec spec = {0};
        size_t n = 0;
        (void)snprintf(spec.quant, sizeof(spec.quant), "%s", rows[i].quant);
        while (n < 6 && rows[i].files[n] != NULL) {
            n++;
        }
        assert_int_equal(pal_fetch_choose(&spec, rows[i].files, n), rows[i].chosen);
    }
}

static void
test_unsafe_file_names_are_found(void **state)
{
    (void)state;
    static const char *const unsafe[] = {
        "",   "/etc/passwd", "..",    "a/..", "../a", "a/../b", "a//b",
        "a/", ".",           "a/./b", "a\nb", "a\\b", "a\x7f",
    };
    static const char *const safe[] = {"a", "a.gguf", "a/b.gguf", "..a", "a..b/c...d", ".hidden"};
    for (size_t i = 0; i < PAL_COUNT_OF(unsafe); i++) {
        assert_false(pal_fetch_file_is_safe(unsafe[i]));
    }
    for (size_t i = 0; i < PAL_COUNT_OF(safe); i++) {
        assert_true(pal_fetch_file_is_safe(safe[i]));
    }
}

static void
test_parts_are_counted_and_named(void **state)
{
    (void)state;
    char out[64];
    assert_int_equal(pal_fetch_n_parts("m.gguf"), 1);
    assert_int_equal(pal_fetch_n_parts("m-00001-of-00003.gguf"), 3);
    assert_int_equal(pal_fetch_n_parts("m-00001-of-99999.gguf"), 1);
    assert_int_equal(pal_fetch_n_parts("m-00001-of-00000.gguf"), 1);
    assert_true(pal_fetch_part_name("d/m-00001-of-00003.gguf", 2, out, sizeof(out)));
    assert_string_equal(out, "d/m-00003-of-00003.gguf");
    assert_true(pal_fetch_part_name("m.gguf", 0, out, sizeof(out)));
    assert_string_equal(out, "m.gguf");
    assert_false(pal_fetch_part_name("m-00001-of-00003.gguf", 1, out, 8));
}

static void
test_the_quant_of_a_file_name(void **state)
{
    (void)state;
    static const struct {
        const char *file, *quant;
    } rows[] = {
        {"a/Model-7B-q4_k_m.gguf", "Q4_K_M"},
        {"model.Q5_0.gguf", "Q5_0"},
        {"M-Q8_0-00001-of-00002.gguf", "Q8_0"},
        {"model.gguf", ""},
        {"", ""},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        char quant[32];
        pal_fetch_quant_of(rows[i].file, quant, sizeof(quant));
        assert_string_equal(quant, rows[i].quant);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_read_or_refused),
        cmocka_unit_test(test_names_of_any_length_fit_or_are_refused),
        cmocka_unit_test(test_a_wrong_name_gets_the_nearest),
        cmocka_unit_test(test_every_catalogue_entry_names_a_safe_gguf_of_its_quant),
        cmocka_unit_test(test_the_right_file_is_chosen),
        cmocka_unit_test(test_unsafe_file_names_are_found),
        cmocka_unit_test(test_parts_are_counted_and_named),
        cmocka_unit_test(test_the_quant_of_a_file_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
