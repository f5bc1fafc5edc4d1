#include "chat/fallback.h"

#include "chat/words.h"

#define LINES_MAX 8

struct lines {
    const char *en[LINES_MAX]; /* a NULL, or LINES_MAX, ends them */
    const char *fr[LINES_MAX];
};

static const struct lines fun[PAL_N_FALLBACK_INTENTS] = {
    [PAL_FALLBACK_CHILL] =
        {
            {"I had the perfect comeback, and it rolled under the sofa.",
             "My thoughts are on a coffee break. Back in a moment!",
             "I nod wisely, and hope that nobody asks for details.",
             "Brain full of confetti, sorry. Say that again in a minute?",
             "I heard you! My words are still putting their shoes on.",
             "One of my two neurons is on holiday, the other one waves at you. 👋"},
            {"J'avais la réplique parfaite, elle a roulé sous le canapé.",
             "Mes idées sont en pause café, elles reviennent tout de suite !",
             "Je hoche la tête d'un air sage, en espérant qu'on ne me demande pas de détails.",
             "J'ai la tête pleine de confettis, désolé. Tu me redis ça dans une minute ?",
             "Je t'ai entendu ! Mes mots sont encore en train de mettre leurs chaussures.",
             "Un de mes deux neurones est en vacances, l'autre te fait coucou. 👋"},
        },
    [PAL_FALLBACK_ASK] =
        {
            {"Good question! I'd rather say nothing than something silly. Ask me again in a bit?",
             "The answer is on the tip of my tongue, but I have no tongue. Try again later?",
             "I looked in every drawer, and that answer isn't there right now.",
             "I'll pass on this one for now, and come back wiser.",
             "My library is closed for a moment. Knock again soon!"},
            {"Bonne question ! Plutôt rien qu'une bêtise : tu me redemandes ça tout à l'heure ?",
             "J'ai la réponse sur le bout de la langue, mais je n'ai pas de langue. On réessaie ?",
             "J'ai fouillé tous les tiroirs, cette réponse n'y est pas pour l'instant.",
             "Je passe mon tour sur celle-ci, je reviendrai plus malin.",
             "Ma bibliothèque est fermée un instant. Repasse bientôt !"},
        },
    [PAL_FALLBACK_LATE] =
        {
            {"I thought about it so hard that time ran out. Once more?",
             "Too slow, sorry: that thought was heavier than it looked. Ask again?",
             "The answer missed its bus. The next one comes if you ask again!",
             "I was about to say something brilliant, and the clock said no."},
            {"J'ai réfléchi si fort que le temps est passé. On recommence ?",
             "Trop lent, pardon : cette idée pesait plus lourd que prévu. Tu redemandes ?",
             "La réponse a raté son bus. La prochaine arrive si tu redemandes !",
             "J'allais dire un truc brillant, mais le chrono a dit non."},
        },
    [PAL_FALLBACK_LOADING] =
        {
            {"I'm just waking up, my memory is still loading. Give me a minute!",
             "Starting up: eyes open, brain in a moment.",
             "Not quite awake yet. Coffee first, then your answer."},
            {"Je me réveille à peine, ma mémoire charge encore. Une petite minute !",
             "Démarrage en cours : les yeux sont ouverts, le cerveau suit.",
             "Pas encore bien réveillé. Un café d'abord, ta réponse ensuite."},
        },
    [PAL_FALLBACK_DOWN] =
        {
            {"My brain is at the workshop, so for now I can only wave. 👋",
             "The thinking machine is off. I'm here, just without my big words.",
             "No brain connected right now. I'll be back as soon as somebody plugs it in!",
             "I'm running on charm alone at the moment, thinking comes back later."},
            {"Mon cerveau est à l'atelier, je ne peux que faire coucou. 👋",
             "La machine à penser est éteinte. Je suis là, mais sans mes grands mots.",
             "Pas de cerveau branché pour l'instant. Je reviens dès qu'on remet la prise !",
             "Je tourne au charme seulement en ce moment, la réflexion revient plus tard."},
        },
    [PAL_FALLBACK_OVERLOAD] =
        {
            {"So many of you at once! I'm taking you one after the other, try me again soon.",
             "My ears are full, chat is too fast for me. Again in a moment?",
             "There's a queue at my desk. Take a number and a biscuit!",
             "You're all talking at once, and I love it. Ask again in a little while?"},
            {"Vous êtes nombreux d'un coup ! Je prends chacun son tour, redemande bientôt.",
             "J'ai les oreilles pleines, le chat va trop vite pour moi. Encore dans un instant ?",
             "Il y a la queue à mon guichet. Prends un ticket et un biscuit !",
             "Vous parlez tous en même temps, et j'adore ça. Tu redemandes dans un moment ?"},
        },
};

const char *
pal_fallback_line(enum pal_fallback_intent intent, enum pal_fallback_mode mode, enum pal_lang lang,
                  uint64_t random, size_t *last)
{
    if (mode == PAL_FALLBACK_MINIMAL) {
        return "🤖";
    }
    if (mode == PAL_FALLBACK_SILENT) {
        return lang == PAL_LANG_FR ? "Commande temporairement indisponible."
                                   : "This command is not available for the moment.";
    }
    const char *const *lines = lang == PAL_LANG_FR ? fun[intent].fr : fun[intent].en;
    size_t n = 0;
    while (n < LINES_MAX && lines[n] != NULL) {
        n++;
    }
    *last = pal_words_pick(n, *last, random);
    return lines[*last];
}

const char *
pal_fallback_wait(enum pal_lang lang)
{
    return lang == PAL_LANG_FR ? "Mon cerveau compile… Réessaie dans 2 sec ? ⏳"
                               : "My brain is compiling… Try again in 2 s? ⏳";
}
