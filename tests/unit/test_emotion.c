#include "test.h"

#include <math.h>
#include <string.h>

#include "output/emotion.h"
#include "output/expression.h"
#include "output/mood.h"
#include "util/mem.h"

/* The original's figures, measured on the original. */
static void
test_the_compatible_mode_has_the_original_s_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum pal_emotion emotion;
        double intensity, confidence, clip;
        bool recommended;
    } cases[] = {
        {"Je suis super heureux et content ! 😊", PAL_EMOTION_JOY, 100.0, 85.0, 1.00, false},
        {"Super génial !", PAL_EMOTION_JOY, 99.0, 74.6, 0.99, false},
        {"Super !", PAL_EMOTION_JOY, 45.0, 43.0, 0.45, false},
        {"mdr", PAL_EMOTION_FUN, 45.0, 43.0, 0.495, false},
        {"Courage, tu vas y arriver !", PAL_EMOTION_ANGRY, 45.0, 43.0, 0.36, false},
        {"Je suis mécontent.", PAL_EMOTION_JOY, 30.0, 37.0, 0.30, false},
        {"Stop, tais-toi.", PAL_EMOTION_JOY, 30.0, 37.0, 0.30, false},
        {"Il y a combien de places ?", PAL_EMOTION_JOY, 15.0, 31.0, 0.15, false},
        {"Je ne suis pas heureux du tout.", PAL_EMOTION_JOY, 45.0, 43.0, 0.45, false},
        {"Un orage arrive.", PAL_EMOTION_ANGRY, 45.0, 43.0, 0.36, false},
        {"D'accord, bien.", PAL_EMOTION_NEUTRAL, 33.0, 48.2, 0.165, true},
        {"SUPER GÉNIAL !", PAL_EMOTION_JOY, 99.0, 74.6, 0.99, false},
        {"", PAL_EMOTION_NEUTRAL, 0.0, 100.0, 0.0, true},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_classic_history history = {.n = 0};
        struct pal_classic result =
            pal_emotion_classic_read(cases[i].text, strlen(cases[i].text), 0.3, &history);
        struct pal_classic_clip clip = pal_emotion_classic_clip(&result);
        assert_int_equal(result.emotion, cases[i].emotion);
        assert_true(fabs(result.intensity - cases[i].intensity) < 0.05);
        assert_true(fabs(result.confidence - cases[i].confidence) < 0.05);
        assert_true(fabs(clip.value - cases[i].clip) < 0.005);
        assert_int_equal(clip.recommended, cases[i].recommended);
    }
}

static void
test_the_compatible_mode_smooths_as_the_original(void **state)
{
    (void)state;
    struct pal_classic_history history = {.n = 0};
    struct pal_classic first = pal_emotion_classic_read("Super génial !", 15, 0.3, &history);
    struct pal_classic same = pal_emotion_classic_read("Super !", 7, 0.3, &history);
    assert_true(fabs(same.intensity - (0.3 * first.intensity + 0.7 * 45.0)) < 0.01);
    assert_true(fabs(same.context - 80.0) < 0.01);
    struct pal_classic similar = pal_emotion_classic_read("mdr", 3, 0.3, &history);
    assert_true(fabs(similar.intensity - 45.0 * 0.9) < 0.01);
    assert_true(fabs(similar.context - 65.0) < 0.01);
    for (int i = 0; i < 10; i++) {
        (void)pal_emotion_classic_read("triste", 6, 0.3, &history);
    }
    assert_int_equal(history.n, PAL_CLASSIC_HISTORY);
}

static void
test_the_default_mode_reads_words_negation_emoji_and_intensity(void **state)
{
    (void)state;
    enum { NOTHING = PAL_N_EMOTIONS };
    static const struct {
        const char *text;
        int emotion;
        float low, high;
    } cases[] = {
        {"Je suis super heureux et content ! 😊", PAL_EMOTION_JOY, 0.9F, 1.0F},
        {"mdr", PAL_EMOTION_FUN, 0.6F, 0.8F},
        {"Courage, tu vas y arriver !", NOTHING, 0, 0},
        {"Je suis mécontent.", PAL_EMOTION_ANGRY, 0.5F, 0.7F},
        {"JE SUIS MECONTENT", PAL_EMOTION_ANGRY, 0.6F, 0.8F},
        {"Stop.", NOTHING, 0, 0},
        {"Il y a combien de places ?", NOTHING, 0, 0},
        {"Je ne suis pas heureux du tout.", PAL_EMOTION_SORROW, 0.3F, 0.6F},
        {"Un orage arrive.", NOTHING, 0, 0},
        {"Je ne suis plus triste", NOTHING, 0, 0},
        {"plus heureux que jamais", PAL_EMOTION_JOY, 0.6F, 0.8F},
        {"I'm so happy!!!", PAL_EMOTION_JOY, 0.9F, 1.0F},
        {"I'm not sad", NOTHING, 0, 0},
        {"This isn't funny", NOTHING, 0, 0},
        {"This isn’t funny", NOTHING, 0, 0},
        {"Pas mal du tout", PAL_EMOTION_JOY, 0.5F, 0.7F},
        {"J'ai hâte !", PAL_EMOTION_JOY, 0.7F, 0.9F},
        {"I hate it", PAL_EMOTION_ANGRY, 0.5F, 0.7F},
        {"c'est gééééénial", PAL_EMOTION_JOY, 0.75F, 0.9F},
        {"Cooool", PAL_EMOTION_JOY, 0.6F, 0.8F},
        {"un peu triste", PAL_EMOTION_SORROW, 0.3F, 0.5F},
        {"très triste", PAL_EMOTION_SORROW, 0.65F, 0.8F},
        {"😭", PAL_EMOTION_SORROW, 0.7F, 0.8F},
        {"Wow, incroyable !", PAL_EMOTION_SURPRISED, 0.8F, 1.0F},
        {"à peine arrivé", NOTHING, 0, 0},
        {"D'accord, bien.", NOTHING, 0, 0},
        {"", NOTHING, 0, 0},
        {"\xFF\xFE heureux \xC3", PAL_EMOTION_JOY, 0.6F, 0.8F},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_mood mood;
        bool shows = pal_emotion_read(cases[i].text, strlen(cases[i].text), &mood);
        size_t best = PAL_EMOTION_NEUTRAL;
        for (size_t e = 0; e < PAL_EMOTION_NEUTRAL; e++) {
            if (mood.levels[e] > 0.0F &&
                (best == PAL_EMOTION_NEUTRAL || mood.levels[e] > mood.levels[best])) {
                best = e;
            }
        }
        if ((cases[i].emotion == NOTHING) == shows ||
            (shows && ((int)best != cases[i].emotion || mood.levels[best] < cases[i].low ||
                       mood.levels[best] > cases[i].high))) {
            fail_msg("'%s' shows %s %.2f", cases[i].text, pal_emotion_name((enum pal_emotion)best),
                     (double)mood.levels[best]);
        }
    }
}

static void
test_a_very_long_clause_is_judged_by_its_beginning(void **state)
{
    (void)state;
    char text[8192];
    struct pal_mood mood;
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(text); i += 2) {
        text[i] = ' ';
    }
    memcpy(text, " happy ", 7);
    assert_true(pal_emotion_read(text, sizeof(text), &mood));
    assert_true(mood.levels[PAL_EMOTION_JOY] > 0.5F);
}

static void
test_vrm_names_map_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i <= PAL_N_EXPRESSIONS; i++) {
        enum pal_expression expression = (enum pal_expression)i;
        const char *vrm0 = pal_expression_vrm0(expression);
        const char *vrm1 = pal_expression_vrm1(expression);
        const char *wire = pal_expression_wire(expression);
        assert_int_equal(pal_expression_find(vrm0, strlen(vrm0)), expression);
        assert_int_equal(pal_expression_find(vrm1, strlen(vrm1)), expression);
        assert_int_equal(pal_expression_find(wire, strlen(wire)), expression);
    }
    assert_int_equal(pal_expression_find("HAPPY", 5), PAL_EXPRESSION_JOY);
    assert_int_equal(pal_expression_find("Smug", 4), PAL_EXPRESSION_CUSTOM);
    assert_int_equal(pal_expression_find("", 0), PAL_EXPRESSION_CUSTOM);
}

static void
test_conversations_do_not_smooth_each_other(void **state)
{
    (void)state;
    static struct pal_moods moods;
    struct pal_mood strong = {.levels = {[PAL_EMOTION_JOY] = 1.0F}};
    struct pal_mood weak = {.levels = {[PAL_EMOTION_JOY] = 0.4F}};
    uint64_t a = pal_moods_key("twitch:#c:ann");
    uint64_t b = pal_moods_key("twitch:#c:bob");
    (void)pal_moods_feel(&moods, a, &strong, 1);
    struct pal_mood same = pal_moods_feel(&moods, a, &weak, 2);
    struct pal_mood other = pal_moods_feel(&moods, b, &weak, 3);
    assert_true(same.levels[PAL_EMOTION_JOY] > 0.55F);
    assert_true(other.levels[PAL_EMOTION_JOY] == 0.4F);
}

static void
test_another_emotion_lets_go_of_the_last(void **state)
{
    (void)state;
    static struct pal_moods moods;
    struct pal_mood joy = {.levels = {[PAL_EMOTION_JOY] = 1.0F}};
    struct pal_mood sorrow = {.levels = {[PAL_EMOTION_SORROW] = 0.5F}};
    (void)pal_moods_feel(&moods, 1, &joy, 1);
    struct pal_mood now = pal_moods_feel(&moods, 1, &sorrow, 2);
    assert_true(now.levels[PAL_EMOTION_JOY] == 0.0F);
    assert_true(now.levels[PAL_EMOTION_SORROW] == 0.5F);
}

static void
test_a_mixture_shows_the_two_strongest(void **state)
{
    (void)state;
    float weights[PAL_N_MOOD_EXPRESSIONS];
    struct pal_mood mood = {
        .levels = {
            [PAL_EMOTION_JOY] = 0.8F, [PAL_EMOTION_SURPRISED] = 0.6F, [PAL_EMOTION_FUN] = 0.1F}};
    pal_mood_weights(&mood, weights);
    assert_true(weights[PAL_EXPRESSION_JOY] == 0.8F);
    assert_true(weights[PAL_EXPRESSION_SURPRISED] == 0.3F);
    assert_true(weights[PAL_EXPRESSION_FUN] == 0.0F);
    struct pal_mood faint = {.levels = {[PAL_EMOTION_ANGRY] = 0.05F}};
    pal_mood_weights(&faint, weights);
    assert_true(weights[PAL_EXPRESSION_ANGRY] == 0.35F);
}

static void
test_more_conversations_than_are_kept_forget_the_oldest(void **state)
{
    (void)state;
    static struct pal_moods moods;
    struct pal_mood strong = {.levels = {[PAL_EMOTION_JOY] = 1.0F}};
    struct pal_mood weak = {.levels = {[PAL_EMOTION_JOY] = 0.4F}};
    for (uint64_t key = 1; key <= PAL_MOODS_MAX + 1; key++) {
        (void)pal_moods_feel(&moods, key, &strong, (int64_t)key);
    }
    struct pal_mood first = pal_moods_feel(&moods, 1, &weak, 1000);
    assert_true(first.levels[PAL_EMOTION_JOY] == 0.4F);
    struct pal_mood last = pal_moods_feel(&moods, PAL_MOODS_MAX, &weak, 1001);
    assert_true(last.levels[PAL_EMOTION_JOY] > 0.5F);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_compatible_mode_has_the_original_s_numbers),
        cmocka_unit_test(test_the_compatible_mode_smooths_as_the_original),
        cmocka_unit_test(test_the_default_mode_reads_words_negation_emoji_and_intensity),
        cmocka_unit_test(test_a_very_long_clause_is_judged_by_its_beginning),
        cmocka_unit_test(test_vrm_names_map_both_ways),
        cmocka_unit_test(test_conversations_do_not_smooth_each_other),
        cmocka_unit_test(test_another_emotion_lets_go_of_the_last),
        cmocka_unit_test(test_a_mixture_shows_the_two_strongest),
        cmocka_unit_test(test_more_conversations_than_are_kept_forget_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
