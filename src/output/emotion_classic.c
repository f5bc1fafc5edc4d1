/*
 * The original companion's analyser, reproduced: plain substrings of the lower-cased text, each
 * word once, fixed weights and formulas. Its faults (courage is rage, no negation) are kept here on
 * purpose; pal_emotion_read() has none of them.
 */
#include "output/emotion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/emotion_text.h"
#include "util/mem.h"

#define N_WORDS_MAX 24

struct classic_words {
    const char *by_weight[4][N_WORDS_MAX]; /* [1] to [3]; each ends with NULL */
};

static const struct classic_words words[PAL_N_EMOTIONS] = {
    [PAL_EMOTION_JOY] = {{[3] = {"heureux", "heureuse", "super", "génial", "excellent", "parfait",
                                 "merveilleux", "magnifique", "🎉", "✨", "🥰", "😍"},
                          [2] = {"content", "contente", "cool", "top", "joie", "réjoui", "enchanté",
                                 "ravi", "formidable", "😊", "😄", "😁", "🤗"},
                          [1] = {"bien", "sympa", "agréable", "plaisant", "🙂", "😌"}}},
    [PAL_EMOTION_ANGRY] = {{[3] = {"furieux", "furieuse", "rage", "colère", "😡", "🤬",
                                   "inacceptable", "insupportable"},
                            [2] = {"énervé", "énervée", "agacé", "irrité", "fâché", "mécontent",
                                   "contrarié", "😠", "grrr", "argh"},
                            [1] = {"agaçant", "frustré", "problème", "erreur", "pfff"}}},
    [PAL_EMOTION_SORROW] =
        {{[3] = {"désespéré", "horrible", "terrible", "affreux", "😭", "chagrin", "peine"},
          [2] = {"triste", "désolé", "désolée", "malheureux", "mélancolique", "attristé", "déçu",
                 "😢", "😔", "😞"},
          [1] = {"dommage", "malheureusement", "hélas", "navré", "regret", "😟"}}},
    [PAL_EMOTION_SURPRISED] = {{[3] = {"stupéfait", "ébahi", "ahurissant", "incroyable", "🤯",
                                       "extraordinaire"},
                                [2] = {"wow", "surprenant", "étonnant", "impressionnant",
                                       "stupéfiant", "waouh", "inattendu", "😲", "😮", "😯"},
                                [1] = {"ooh", "oh", "ah", "😳"}}},
    [PAL_EMOTION_FUN] = {{[3] = {"hilarant", "mdr", "mort de rire", "🤣", "😂", "ptdr"},
                          [2] = {"drôle", "rigolo", "amusant", "marrant", "comique", "blague",
                                 "humour", "lol", "haha", "hehe", "😆"},
                          [1] = {"hihi", "cocasse", "plaisant"}}},
    [PAL_EMOTION_NEUTRAL] = {{[1] = {"ok", "bien", "voilà", "alors", "donc", "effectivement",
                                     "d'accord", "entendu"}}},
};

struct found {
    unsigned n;
    unsigned weight;
};

static struct found
find_words(const char *lower, enum pal_emotion emotion)
{
    struct found found = {0, 0};
    for (unsigned weight = 3; weight > 0; weight--) {
        const char *const *word = words[emotion].by_weight[weight];
        for (; *word != NULL; word++) {
            if (strstr(lower, *word) != NULL) {
                found.n++;
                found.weight += weight;
            }
        }
    }
    return found;
}

static double
intensity_of(struct found found)
{
    double intensity = fmin(100.0, 15.0 * (double)found.weight);
    if (found.n >= 3) {
        intensity *= 1.2;
    } else if (found.n == 2) {
        intensity *= 1.1;
    }
    return fmin(100.0, intensity);
}

static bool
similar(enum pal_emotion a, enum pal_emotion b)
{
    return (a == PAL_EMOTION_JOY && b == PAL_EMOTION_FUN) ||
           (a == PAL_EMOTION_FUN && b == PAL_EMOTION_JOY) ||
           (a == PAL_EMOTION_ANGRY && b == PAL_EMOTION_SORROW) ||
           (a == PAL_EMOTION_SORROW && b == PAL_EMOTION_ANGRY);
}

static double
context_of(enum pal_emotion emotion, const struct pal_classic_history *history)
{
    double score = 50.0;
    for (size_t back = 1; back <= 2 && back <= history->n; back++) {
        enum pal_emotion before = history->last[history->n - back].emotion;
        if (before == emotion) {
            return 80.0;
        }
        if (similar(before, emotion)) {
            score = 65.0;
        }
    }
    return score;
}

static void
remember(struct pal_classic_history *history, const struct pal_classic *result)
{
    if (history->n == PAL_CLASSIC_HISTORY) {
        memmove(&history->last[0], &history->last[1],
                (PAL_CLASSIC_HISTORY - 1) * sizeof(history->last[0]));
        history->n--;
    }
    history->last[history->n].emotion = result->emotion;
    history->last[history->n].intensity = result->intensity;
    history->n++;
}

static void
smooth(struct pal_classic *result, double smoothing, const struct pal_classic_history *history)
{
    if (history->n == 0) {
        return;
    }
    enum pal_emotion before = history->last[history->n - 1].emotion;
    double intensity = history->last[history->n - 1].intensity;
    double kept = fmin(fmax(smoothing, 0.0), 1.0);
    if (before == result->emotion) {
        result->intensity = kept * intensity + (1.0 - kept) * result->intensity;
    } else {
        result->intensity *= 0.9;
    }
}

struct pal_classic
pal_emotion_classic_read(const char *text, size_t len, double smoothing,
                         struct pal_classic_history *history)
{
    struct pal_classic best = {PAL_EMOTION_NEUTRAL, 0.0, 100.0, 100.0};
    char *lower = pal_text_lower(text, len);
    if (lower[strspn(lower, " \t\r\n")] == '\0') {
        free(lower);
        return best;
    }
    double best_score = 0.0;
    for (size_t i = 0; i < PAL_N_EMOTIONS; i++) {
        struct found found = find_words(lower, (enum pal_emotion)i);
        double intensity = intensity_of(found);
        double context = context_of((enum pal_emotion)i, history);
        double score = 0.7 * intensity + 0.3 * context;
        if (found.n > 0 && score > best_score) {
            double share = fmin(1.0, (double)found.n / 3.0);
            best_score = score;
            best = (struct pal_classic){
                (enum pal_emotion)i, intensity,
                (0.4 * intensity / 100.0 + 0.3 * share + 0.3 * context / 100.0) * 100.0, context};
        }
    }
    free(lower);
    smooth(&best, smoothing, history);
    remember(history, &best);
    return best;
}

struct pal_classic_clip
pal_emotion_classic_clip(const struct pal_classic *result)
{
    static const struct {
        double factor;
        double low;
        double high;
    } clips[PAL_N_EMOTIONS] = {
        [PAL_EMOTION_JOY] = {1.0, 50.0, 85.0},    [PAL_EMOTION_ANGRY] = {0.8, 55.0, 80.0},
        [PAL_EMOTION_SORROW] = {0.9, 50.0, 80.0}, [PAL_EMOTION_SURPRISED] = {1.2, 45.0, 90.0},
        [PAL_EMOTION_FUN] = {1.1, 50.0, 95.0},    [PAL_EMOTION_NEUTRAL] = {0.5, 0.0, 30.0},
    };
    double adjusted = result->intensity * clips[result->emotion].factor;
    return (struct pal_classic_clip){result->emotion, fmin(fmax(adjusted / 100.0, 0.0), 1.0),
                                     adjusted >= clips[result->emotion].low &&
                                         adjusted <= clips[result->emotion].high};
}
