#ifndef PAL_ENGINE_LIBRARY_H
#define PAL_ENGINE_LIBRARY_H
/*
 * libllama and ggml as libraries: their backends, their log. Any thread; the work is done once a
 * process, by the first caller, whose folder wins.
 */
#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

/* What needs to know neither the folder nor the model; before the rest, or not at all. */
void pal_library_prepare(void);

/*
 * Loads ggml's backends from `dir`; NULL = as built, or beside an installed program
 * (../lib/palabre). `variant` is the CPU build to take ("zen4"); NULL, or one that is not there or
 * can't run here: the fastest that can. Drivers of graphics cards take long to load, and are only
 * where `wants_cards` (a later call may still want them) and there is a card. PAL_ERR_MODEL if
 * there is no CPU backend.
 */
enum pal_err pal_library_init(const char *dir, const char *variant, bool wants_cards,
                              struct pal_error *error) PAL_MUST_USE;

/* The CPU variant in use, by its file's name ("sapphirerapids"); "system" for a plain build. */
void pal_library_variant(char *text, size_t size);
/* llama.cpp's version. Static storage. */
const char *pal_library_version(void);

#endif
