#ifndef PAL_CHAT_PERSONA_H
#define PAL_CHAT_PERSONA_H
/*
 * Who the companion is when nobody has said otherwise. The starter model was trained with exactly
 * these texts (models/starter/persona.json), so they must not differ by a letter. Pure.
 */
#include "util/text.h"

/* Static storage. */
const char *pal_persona_default(enum pal_lang lang);

#endif
