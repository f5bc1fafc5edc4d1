#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/heart.h"
#include "chat/heart_file.h"
#include "util/mem.h"
#include "util/path.h"

#define PYTHON "Python ? Le langage qui me permet d'exister ! 🐍"
#define TUPLE  "Un tuple, c'est une liste qui refuse de changer ! 📦"

struct folder {
    char path[64];
    char *file;
};

static int
make_folder(void **state)
{
    struct folder *folder = pal_calloc(1, sizeof(*folder));
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/palabre-heart-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->file = pal_path_join(folder->path, "answers.yaml");
    *state = folder;
    return 0;
}

static int
drop_folder(void **state)
{
    struct folder *folder = *state;
    static const char *const names[] = {"answers.yaml", "answers.added.yaml",
                                        "answers.added.yaml.bad", "answers.added.yaml.new"};
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        char *path = pal_path_join(folder->path, names[i]);
        (void)unlink(path);
        free(path);
    }
    (void)rmdir(folder->path);
    free(folder->file);
    free(folder);
    return 0;
}

static void
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct pal_heart *
open_heart(const char *file)
{
    struct pal_heart *heart = NULL;
    struct pal_error error = {.code = PAL_OK};
    if (pal_heart_create(file, &heart, &error) != PAL_OK) {
        fail_msg("%s", error.text);
    }
    return heart;
}

static void
a_key_says_what_a_question_is_about(void **state)
{
    (void)state;
    static const struct {
        const char *line, *key;
    } table[] = {
        {"c'est quoi python", "python"},
        {"C'est quoi Python ?", "python"},
        {"c’est quoi Python ?", "python"},
        {"  C'EST   QUOI  PYTHON ?!. ", "python"},
        {"c quoi le python", "python"},
        {"c'est qui Turing ?", "turing"},
        {"tu connais la tour eiffel ?", "tour eiffel"},
        {"connais-tu l'espagne", "espagne"},
        {"explique tuple", "tuple"},
        {"Explique-moi les tuples", "tuples"},
        {"explique moi tuple", "tuple"},
        {"parle moi de python", "python"},
        {"parle-nous des chats", "chats"},
        {"qu'est-ce que la vie ?", "vie"},
        {"quest-ce que l'amour", "amour"},
        {"qui est ada lovelace ?", "ada lovelace"},
        {"définis récursivité", "récursivité"},
        {"what is python?", "python"},
        {"What's a tuple?", "tuple"},
        {"tell me about the moon", "moon"},
        {"python", "python"},
        {"le python ?", "python"},
        {"explique", "explique"},
        {"???", ""},
        {"", ""},
        {"expliquemoi", "expliquemoi"},
        {"pyth\u200bon", "python"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(table); i++) {
        bool has_lang = false;
        enum pal_lang lang = PAL_LANG_EN;
        char *key = pal_heart_key(table[i].line, &has_lang, &lang);
        assert_string_equal(key, table[i].key);
        free(key);
    }
}

static void
the_two_given_answers_come_back_to_the_byte(void **state)
{
    (void)state;
    struct pal_heart *heart = open_heart(NULL);
    assert_string_equal(pal_heart_find(heart, "C'est quoi Python ?", PAL_LANG_FR), PYTHON);
    assert_string_equal(pal_heart_find(heart, "c'est quoi python", PAL_LANG_EN), PYTHON);
    assert_string_equal(pal_heart_find(heart, "explique tuple", PAL_LANG_FR), TUPLE);
    assert_string_equal(pal_heart_find(heart, "python ?", PAL_LANG_FR), PYTHON);
    assert_null(pal_heart_find(heart, "c'est quoi rust", PAL_LANG_FR));
    struct pal_heart_stats stats;
    pal_heart_stats(heart, &stats);
    assert_int_equal(stats.n_hits, 4);
    assert_int_equal(stats.n_lookups, 5);
    assert_true(stats.n_built_in >= 10);
    pal_heart_destroy(heart);
}

static void
who_asks_in_english_is_answered_in_english(void **state)
{
    (void)state;
    struct pal_heart *heart = open_heart(NULL);
    assert_non_null(strstr(pal_heart_find(heart, "what is python?", PAL_LANG_FR), "snake"));
    assert_non_null(strstr(pal_heart_find(heart, "python", PAL_LANG_EN), "snake"));
    pal_heart_destroy(heart);
}

static void
the_persons_file_comes_before_what_is_built_in(void **state)
{
    const struct folder *folder = *state;
    write_text(folder->file, "# mine\n\"c'est quoi python\": \"Un serpent.\"\n"
                             "discord: discord.example\n");
    struct pal_heart *heart = open_heart(folder->file);
    assert_string_equal(pal_heart_find(heart, "C'est quoi Python ?", PAL_LANG_FR), "Un serpent.");
    assert_string_equal(pal_heart_find(heart, "what is the discord ?", PAL_LANG_FR),
                        "discord.example");
    pal_heart_destroy(heart);
}

static void
additions_survive_a_restart_and_can_be_cleared(void **state)
{
    const struct folder *folder = *state;
    struct pal_heart *heart = open_heart(folder->file);
    struct pal_error error;
    assert_int_equal(pal_heart_add(heart, "c'est quoi le \"lore\" \\o/",
                                   "Un\nsecret\r\n \"bien\" gardé.", &error),
                     PAL_OK);
    assert_int_equal(pal_heart_add(heart, "python", "remplacé", &error), PAL_OK);
    pal_heart_destroy(heart);
    heart = open_heart(folder->file);
    assert_string_equal(pal_heart_find(heart, "C'est quoi le \"lore\" \\o/ ?", PAL_LANG_FR),
                        "Un secret \"bien\" gardé.");
    assert_string_equal(pal_heart_find(heart, "c'est quoi python", PAL_LANG_FR), "remplacé");
    assert_int_equal(pal_heart_clear(heart, &error), PAL_OK);
    assert_string_equal(pal_heart_find(heart, "c'est quoi python", PAL_LANG_FR), PYTHON);
    pal_heart_destroy(heart);
    heart = open_heart(folder->file);
    struct pal_heart_stats stats;
    pal_heart_stats(heart, &stats);
    assert_int_equal(stats.n_added, 0);
    pal_heart_destroy(heart);
}

static void
what_cannot_be_learnt_is_refused_with_a_reason(void **state)
{
    const struct folder *folder = *state;
    struct pal_heart *heart = open_heart(folder->file);
    struct pal_error error;
    char *long_answer = pal_calloc(PAL_HEART_ANSWER_BYTES_MAX + 2, 1);
    memset(long_answer, 'a', PAL_HEART_ANSWER_BYTES_MAX + 1);
    assert_int_equal(pal_heart_add(heart, "q", long_answer, &error), PAL_ERR_LIMIT);
    assert_int_equal(pal_heart_add(heart, "??", "a", &error), PAL_ERR_ARGUMENT);
    assert_int_equal(pal_heart_add(heart, "q", " \n ", &error), PAL_ERR_ARGUMENT);
    free(long_answer);
    char question[32];
    for (int i = 0; i < PAL_HEART_ENTRIES_MAX; i++) {
        (void)snprintf(question, sizeof(question), "question %d", i);
        assert_int_equal(pal_heart_add(heart, question, "oui", &error), PAL_OK);
    }
    assert_int_equal(pal_heart_add(heart, "one more", "non", &error), PAL_ERR_LIMIT);
    assert_int_equal(pal_heart_add(heart, "question 7", "encore", &error), PAL_OK);
    pal_heart_destroy(heart);
}

static void
a_broken_file_of_the_persons_own_is_told_with_its_line(void **state)
{
    const struct folder *folder = *state;
    static const char *const texts[] = {"a: b\nc: [1, 2]\n", "a: b\n- x\n", "just words\n",
                                        "a: b\n\"unclosed: x\n", "? {a: b}\n: c\n"};
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        write_text(folder->file, texts[i]);
        struct pal_heart *heart = NULL;
        struct pal_error error;
        assert_int_equal(pal_heart_create(folder->file, &heart, &error), PAL_ERR_CONFIG);
        assert_non_null(strstr(error.text, "answers.yaml"));
        assert_non_null(strstr(error.text, "line "));
    }
    write_text(folder->file, "");
    pal_heart_destroy(open_heart(folder->file));
}

static void
broken_additions_are_kept_aside_and_new_ones_begin(void **state)
{
    const struct folder *folder = *state;
    char *added = pal_heart_file_beside(folder->file);
    char *aside = pal_printf("%s.bad", added);
    write_text(added, "\"a\": [\n");
    struct pal_heart *heart = open_heart(folder->file);
    assert_true(pal_path_is_file(aside));
    assert_false(pal_path_is_file(added));
    struct pal_error error;
    assert_int_equal(pal_heart_add(heart, "a", "b", &error), PAL_OK);
    assert_true(pal_path_is_file(added));
    pal_heart_destroy(heart);
    free(aside);
    free(added);
}

static enum pal_err
take_any(const struct pal_heart_pair *pair, void *userdata, struct pal_error *error)
{
    (void)error;
    assert_non_null(pair->question);
    assert_non_null(pair->answer);
    ++*(size_t *)userdata;
    return PAL_OK;
}

static void
a_file_cut_at_any_byte_is_read_or_refused(void **state)
{
    (void)state;
    static const char text[] = "# c\n\"é \\u00e9\": 'b'\nc: |\n  long\n  text\n&x k: *x\n";
    for (size_t len = 0; len < sizeof(text); len++) {
        size_t n = 0;
        struct pal_error error = {.code = PAL_OK};
        enum pal_err err = pal_heart_text_read("x.yaml", text, len, take_any, &n, &error);
        assert_true(err == PAL_OK || error.text[0] != '\0');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_says_what_a_question_is_about),
        cmocka_unit_test(the_two_given_answers_come_back_to_the_byte),
        cmocka_unit_test(who_asks_in_english_is_answered_in_english),
        cmocka_unit_test_setup_teardown(the_persons_file_comes_before_what_is_built_in, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(additions_survive_a_restart_and_can_be_cleared, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_learnt_is_refused_with_a_reason, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(a_broken_file_of_the_persons_own_is_told_with_its_line,
                                        make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(broken_additions_are_kept_aside_and_new_ones_begin,
                                        make_folder, drop_folder),
        cmocka_unit_test(a_file_cut_at_any_byte_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
