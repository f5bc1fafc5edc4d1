#ifndef PAL_UTIL_TEXT_H
#define PAL_UTIL_TEXT_H
/*
 * What people read, in English and French.
 *
 * A text stands where it is used, both languages side by side, so that neither is forgotten:
 *
 *     printf(PAL_T("cannot listen on %s:%d\n", "impossible d'écouter sur %s:%d\n"), host, port);
 *
 * Both must have the same printf conversions in the same order; tools/check-texts holds that.
 * Logs, metrics, keys and API errors are English only and don't come through here.
 */

enum pal_lang {
    PAL_LANG_EN,
    PAL_LANG_FR,
};

/*
 * Chooses the language once at start: `wanted` ("en", "fr", NULL = ask the environment: LC_ALL,
 * then LC_MESSAGES, then LANG; French if it begins with "fr"). Main thread, before others start.
 */
void pal_lang_init(const char *wanted);
enum pal_lang pal_lang(void);

/* The text in the chosen language. A conditional of literals, so the compiler checks both formats.
 */
#define PAL_T(english, french) (pal_lang() == PAL_LANG_FR ? (french) : (english))

#endif
