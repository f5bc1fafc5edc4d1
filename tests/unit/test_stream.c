#include "test.h"

#include <stdio.h>
#include <string.h>

#include "output/stream.h"
#include "util/buf.h"
#include "util/mem.h"

/* Everything that came out: the text, and events as words beside it. */
struct heard {
    struct pal_buf text;
    struct pal_buf events;
};

static void
on_text(void *userdata, const char *text, size_t len)
{
    struct heard *heard = userdata;
    assert_true(len > 0);
    assert_int_equal(pal_buf_append(&heard->text, text, len), PAL_OK);
}

static void
on_tag(void *userdata, const struct pal_tag *tag)
{
    struct heard *heard = userdata;
    assert_int_equal(pal_buf_printf(&heard->events, "<%s %.1f>",
                                    pal_expression_wire(tag->expression), (double)tag->intensity),
                     PAL_OK);
}

static void
on_mood(void *userdata, const struct pal_mood *mood)
{
    struct heard *heard = userdata;
    size_t best = 0;
    for (size_t i = 1; i < PAL_EMOTION_NEUTRAL; i++) {
        best = mood->levels[i] > mood->levels[best] ? i : best;
    }
    assert_int_equal(
        pal_buf_printf(&heard->events, "(%s)", pal_emotion_name((enum pal_emotion)best)), PAL_OK);
}

static const struct pal_stream_ops ops = {on_text, on_tag, on_mood};

static void
check(const char *input, size_t len, size_t cut, size_t step, const char *text, const char *events)
{
    struct pal_stream stream;
    struct heard heard = {.text = {0}};
    pal_buf_init(&heard.text, 8192);
    pal_buf_init(&heard.events, 8192);
    pal_stream_init(&stream, &ops, &heard);
    pal_stream_feed(&stream, input, cut);
    for (size_t i = cut; i < len; i += step) {
        pal_stream_feed(&stream, input + i, step < len - i ? step : len - i);
    }
    pal_stream_end(&stream);
    assert_string_equal(heard.text.data, text);
    assert_string_equal(heard.events.data, events);
    pal_buf_finish(&heard.text);
    pal_buf_finish(&heard.events);
}

static const struct {
    const char *input;
    const char *text;
    const char *events;
} cases[] = {
    {"Bonjour !", "Bonjour !", ""},
    {"[joy] Salut !", "Salut !", "<joy 0.8>"},
    {"Ah [sad:0.5] non", "Ah non", "<sorrow 0.5>"},
    {"Oh![surprised 70%] Vraiment ?", "Oh! Vraiment ?", "(surprised)<surprised 0.7>"},
    {"[face:Joy]ok", "ok", "<joy 0.8>"},
    {"[neutre]Bon.", "Bon.", "<neutral 0.8>"},
    {"[face:A] la", "la", "<a 0.8>"},
    {"<|ACT {\"emotion\":\"happy\",\"intensity\":0.6}|>Coucou", "Coucou", "<joy 0.6>"},
    {"<|ACT:{\"emotion\":{\"name\":\"angry\",\"intensity\":1}}|> Grr !", "Grr !", "<angry 1.0>"},
    {"<|ACT {broken|>x", "x", ""},
    {"<|DELAY:1|>x", "x", ""},
    {"<|EMOTE_SAD|>x", "x", "<sorrow 0.8>"},
    {"a <b> [1] [lien](u) [A] <|x|>", "a <b> [1] [lien](u) [A] <|x|>", ""},
    {"[see [joy] x]", "[see x]", "<joy 0.8>"},
    {"tab[0] [joyeux noel et bonne annee a toutes et a tous les amis] ok",
     "tab[0] [joyeux noel et bonne annee a toutes et a tous les amis] ok", ""},
    {"fin [jo", "fin [jo", ""},
    {"fin <|ACT {\"emo", "fin ", ""},
    {"fin <", "fin <", ""},
    {"C'est g\xC3\xA9nial, mais je suis triste.", "C'est g\xC3\xA9nial, mais je suis triste.",
     "(joy)(sorrow)"},
    {"[joy] Je suis triste, mais drole.", "Je suis triste, mais drole.", "<joy 0.8>(fun)"},
    {"Vu ! \xF0\x9F\x98\x82", "Vu ! \xF0\x9F\x98\x82", "(fun)"},
    {"enfin heureux", "enfin heureux", "(joy)"},
    {"\xE2\x80\xA6 \xF0\x9F\x98\xAD \xC3", "\xE2\x80\xA6 \xF0\x9F\x98\xAD ?", "(sorrow)"},
    {"a\xFF\xC3z", "a?\?z", ""},
};

static void
test_text_and_emotions_come_out_the_same_however_the_pieces_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        size_t len = strlen(cases[i].input);
        for (size_t cut = 0; cut <= len; cut++) {
            check(cases[i].input, len, cut, len, cases[i].text, cases[i].events);
        }
        for (size_t step = 1; step <= 5; step++) {
            check(cases[i].input, len, 0, step, cases[i].text, cases[i].events);
        }
    }
}

static void
test_an_act_longer_than_the_room_is_dropped_to_its_end(void **state)
{
    (void)state;
    char input[2000] = "<|ACT {\"emotion\":\"";
    memset(input + strlen(input), 'x', 1500);
    (void)snprintf(input + strlen(input), 16, "\"}|>after");
    check(input, strlen(input), 0, 7, "after", "");
}

static void
test_plain_text_is_handed_on_at_once(void **state)
{
    (void)state;
    struct pal_stream stream;
    struct heard heard = {.text = {0}};
    pal_buf_init(&heard.text, 8192);
    pal_buf_init(&heard.events, 8192);
    pal_stream_init(&stream, &ops, &heard);
    pal_stream_feed(&stream, "Bonjour", 7);
    assert_string_equal(heard.text.data, "Bonjour");
    pal_stream_feed(&stream, " heureux,", 9);
    assert_string_equal(heard.events.data, "(joy)");
    pal_buf_finish(&heard.text);
    pal_buf_finish(&heard.events);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_and_emotions_come_out_the_same_however_the_pieces_are_cut),
        cmocka_unit_test(test_an_act_longer_than_the_room_is_dropped_to_its_end),
        cmocka_unit_test(test_plain_text_is_handed_on_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
