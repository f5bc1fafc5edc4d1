#ifndef PAL_CHAT_FILTER_H
#define PAL_CHAT_FILTER_H
/*
 * What a model wrote becomes what may be sent to a public chat. Pure; any thread.
 *
 * Cleaned away: template marks, a role's head ("assistant:", and all from "user:" on, which is the
 * model playing the other side), markdown, control and unseen characters, line breaks. Taken out:
 * links, other people's pings (the '@' goes, the name stays), and signs at the beginning that
 * Twitch or another bot would obey ("!ban", "/timeout", ".mod"). Refused as a whole: a banned word,
 * compared without case and accents, as a word of its own ("jeu" is not in "jeudi").
 */
#include <stdbool.h>
#include <stddef.h>

#include "util/text.h"

struct pal_filter {
    const char *const *banned_words; /* words or phrases; NULL-terminated; borrowed; NULL = none */
    const char *const *names;        /* of the companion: heads to drop; as banned_words */
    bool keeps_links;
};

enum pal_filter_verdict {
    PAL_FILTER_FINE,
    PAL_FILTER_EMPTY,  /* nothing is left */
    PAL_FILTER_BANNED, /* a banned word stands in it */
};

/*
 * *reply is the text that may be sent (owned by the caller; "" unless FINE). `asker`: the login
 * that may be pinged, NULL = nobody. `lang`: of the word that stands where a link was.
 */
enum pal_filter_verdict pal_filter_reply(const struct pal_filter *filter, const char *text,
                                         const char *asker, enum pal_lang lang, char **reply);

/* The first part alone: what a model wrote, as plain prose of one line. Owned by the caller. */
char *pal_filter_clean(const char *text, const char *const *names);

#endif
