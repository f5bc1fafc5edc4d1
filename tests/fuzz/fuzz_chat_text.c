/* What viewers and models write: every reader of it, one after the other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chat/care.h"
#include "chat/filter.h"
#include "chat/fold.h"
#include "chat/heart.h"
#include "chat/mention.h"
#include "chat/repair.h"
#include "chat/words.h"
#include "util/mem.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"pal_bot", "Pal", NULL};
    static const char *const banned[] = {"crotte", "gros mot", NULL};
    const struct pal_filter filter = {.banned_words = banned, .names = names};
    char *text = pal_strndup((const char *)data, size);
    size_t len = strlen(text);
    (void)pal_care_answer(text, len);
    bool has_lang = false;
    enum pal_lang lang = PAL_LANG_EN;
    free(pal_heart_key(text, &has_lang, &lang));
    (void)pal_mention_is_in(text, names);
    char *tidied = pal_tidy(text, len);
    PAL_ASSERT(pal_utf8_valid(tidied, strlen(tidied)));
    char *stripped = pal_mention_strip(tidied, names);
    char *reply = NULL;
    (void)pal_filter_reply(&filter, text, "ana", pal_words_lang(text, lang), &reply);
    PAL_ASSERT(pal_utf8_valid(reply, strlen(reply)) && strpbrk(reply, "\r\n") == NULL);
    char *repaired = pal_repair(reply, true);
    char *shortened = pal_repair_shorten(repaired, 40);
    PAL_ASSERT(pal_utf8_valid(shortened, strlen(shortened)));
    PAL_ASSERT(pal_utf8_count(shortened, strlen(shortened)) <= 40);
    free(shortened);
    free(repaired);
    free(reply);
    free(stripped);
    free(tidied);
    free(text);
    return 0;
}
