#include "util/text.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Set once at start, read by all threads afterwards. */
static atomic_int chosen = PAL_LANG_EN;

void
pal_lang_init(const char *wanted)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; wanted == NULL && i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *value = getenv(variables[i]);
        wanted = value != NULL && value[0] != '\0' ? value : NULL;
    }
    bool french = wanted != NULL && strncmp(wanted, "fr", 2) == 0;
    atomic_store(&chosen, french ? PAL_LANG_FR : PAL_LANG_EN);
}

enum pal_lang
pal_lang(void)
{
    return (enum pal_lang)atomic_load_explicit(&chosen, memory_order_relaxed);
}
