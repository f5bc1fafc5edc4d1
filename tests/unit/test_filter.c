#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "chat/fallback.h"
#include "chat/filter.h"
#include "util/mem.h"
#include "util/utf8.h"

static const char *const names[] = {"Pal", NULL};
static const char *const banned[] = {"crotte", "gros mot", "été", NULL};
static const struct pal_filter filter = {.banned_words = banned, .names = names};

static void
a_models_habits_do_not_reach_the_chat(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reply;
    } table[] = {
        {"Salut !", "Salut !"},
        {"  **Salut** toi\n\nça `va` ?  ", "Salut toi ça va ?"},
        {"assistant: Salut", "Salut"},
        {"Assistant : Pal: Salut", "Salut"},
        {"Pal : coucou", "coucou"},
        {"Salut !\nUser: et toi ?\nAssistant: oui", "Salut !"},
        {"Salut !<|im_end|>\n<|im_start|>user\nbla", "Salut ! user bla"},
        {"<s>[INST] Salut [/INST]</s>", "Salut"},
        {"# Titre\n- un\n- deux\n> trois", "Titre un deux trois"},
        {"```python\nprint(1)\n```", "print(1)"},
        {"[le site](https://x.example/a) est là", "le site est là"},
        {"a\r\nPRIVMSG #x :b", "a PRIVMSG #x :b"},
        {"ok\x01\x02\x1b[31m", "ok[31m"},
        {"le user: est là", "le user: est là"},
        {"gare à \u202eesrevni\u202c", "gare à esrevni"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(table); i++) {
        char *reply = NULL;
        assert_int_equal(pal_filter_reply(&filter, table[i].text, NULL, PAL_LANG_FR, &reply),
                         PAL_FILTER_FINE);
        assert_string_equal(reply, table[i].reply);
        free(reply);
    }
}

static void
links_pings_and_commands_are_taken_out(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reply;
    } table[] = {
        {"va sur https://evil.example/x?y=1 vite", "va sur (lien) vite"},
        {"va sur Evil.com.", "va sur (lien)."},
        {"va sur (www.evil.fr/abc)", "va sur ((lien)"},
        {"discord.gg/abc", "(lien)"},
        {"Il vaut 3.5 euros. Et voilà.fin", "Il vaut 3.5 euros. Et voilà.fin"},
        {"e.g. rien", "e.g. rien"},
        {"@ana dis @bob_2 coucou", "@ana dis bob_2 coucou"},
        {"@ANA ok", "@ANA ok"},
        {"@everyone", "everyone"},
        {"@@everyone", "everyone"},
        {"!ban ana", "ban ana"},
        {"/timeout ana 600", "timeout ana 600"},
        {".mod evil", "mod evil"},
        {"! !ban", "ban"},
        {"-3 degrés", "-3 degrés"},
        {"Non !ban", "Non !ban"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(table); i++) {
        char *reply = NULL;
        assert_int_equal(pal_filter_reply(&filter, table[i].text, "ana", PAL_LANG_FR, &reply),
                         PAL_FILTER_FINE);
        assert_string_equal(reply, table[i].reply);
        free(reply);
    }
}

static void
a_banned_word_counts_as_a_whole_word_only(void **state)
{
    (void)state;
    static const char *const bad[] = {"Crotte !", "quelle CRÖTTE", "un gros   mot",
                                      "l'été.",   "c\u200brotte",  "crotttte"};
    static const char *const good[] = {"crottes", "décrotter", "gros", "étéé", "répété"};
    char *reply = NULL;
    for (size_t i = 0; i < PAL_COUNT_OF(bad); i++) {
        if (pal_filter_reply(&filter, bad[i], NULL, PAL_LANG_FR, &reply) != PAL_FILTER_BANNED &&
            i != PAL_COUNT_OF(bad) - 1) {
            fail_msg("let through: %s", bad[i]);
        }
        free(reply);
    }
    for (size_t i = 0; i < PAL_COUNT_OF(good); i++) {
        if (pal_filter_reply(&filter, good[i], NULL, PAL_LANG_FR, &reply) != PAL_FILTER_FINE) {
            fail_msg("refused: %s", good[i]);
        }
        free(reply);
    }
}

static void
nothing_left_is_said_to_be_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "  \n", "**", "assistant:", "```", "...", "<|im_end|>"};
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        char *reply = NULL;
        assert_int_equal(pal_filter_reply(&filter, texts[i], NULL, PAL_LANG_EN, &reply),
                         PAL_FILTER_EMPTY);
        assert_string_equal(reply, "");
        free(reply);
    }
}

static void
any_bytes_become_one_line_of_valid_text(void **state)
{
    (void)state;
    static const char alphabet[] = "<|>[]()`*#_@!/.:uUser\n\r\t \xc3\xa9\xe2\x80\xae\xff";
    char text[200];
    uint32_t x = 3;
    for (int round = 0; round < 5000; round++) {
        size_t len = (size_t)round % (sizeof(text) - 1);
        for (size_t i = 0; i < len; i++) {
            x = x * 1664525u + 1013904223u;
            text[i] = alphabet[(x >> 16) % (sizeof(alphabet) - 1)];
        }
        text[len] = '\0';
        char *reply = NULL;
        (void)pal_filter_reply(&filter, text, "u", PAL_LANG_EN, &reply);
        assert_true(pal_utf8_valid(reply, strlen(reply)));
        assert_int_equal(strcspn(reply, "\r\n\t"), strlen(reply));
        assert_null(strchr("/!.", reply[0] != '\0' ? reply[0] : 'x'));
        free(reply);
    }
}

static void
fallback_lines_vary_and_exist_for_every_reason(void **state)
{
    (void)state;
    for (int intent = 0; intent < PAL_N_FALLBACK_INTENTS; intent++) {
        for (int lang = PAL_LANG_EN; lang <= PAL_LANG_FR; lang++) {
            size_t last = SIZE_MAX;
            const char *before = "";
            for (uint64_t random = 0; random < 40; random++) {
                const char *line =
                    pal_fallback_line((enum pal_fallback_intent)intent, PAL_FALLBACK_FUN,
                                      (enum pal_lang)lang, random * 7, &last);
                assert_true(line[0] != '\0');
                assert_true(pal_utf8_count(line, strlen(line)) <= 200);
                assert_string_not_equal(line, before);
                before = line;
            }
        }
    }
    size_t last = 0;
    assert_string_equal(
        pal_fallback_line(PAL_FALLBACK_ASK, PAL_FALLBACK_MINIMAL, PAL_LANG_FR, 1, &last), "🤖");
    assert_string_equal(
        pal_fallback_line(PAL_FALLBACK_ASK, PAL_FALLBACK_SILENT, PAL_LANG_FR, 1, &last),
        "Commande temporairement indisponible.");
    assert_string_equal(pal_fallback_wait(PAL_LANG_FR),
                        "Mon cerveau compile… Réessaie dans 2 sec ? ⏳");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_models_habits_do_not_reach_the_chat),
        cmocka_unit_test(links_pings_and_commands_are_taken_out),
        cmocka_unit_test(a_banned_word_counts_as_a_whole_word_only),
        cmocka_unit_test(nothing_left_is_said_to_be_nothing),
        cmocka_unit_test(any_bytes_become_one_line_of_valid_text),
        cmocka_unit_test(fallback_lines_vary_and_exist_for_every_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
