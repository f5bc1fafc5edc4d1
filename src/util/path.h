#ifndef PAL_UTIL_PATH_H
#define PAL_UTIL_PATH_H
/*
 * Where files live: the user's folders by the XDG base directory rules, and this program itself.
 * Results are owned by the caller (free()). Any thread, as long as nobody changes the environment.
 */
#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

enum pal_user_dir {
    PAL_USER_DIR_CONFIG, /* $XDG_CONFIG_HOME/palabre, else ~/.config/palabre */
    PAL_USER_DIR_CACHE,  /* $XDG_CACHE_HOME/palabre, else ~/.cache/palabre */
    PAL_USER_DIR_DATA,   /* $XDG_DATA_HOME/palabre, else ~/.local/share/palabre */
    PAL_USER_DIR_STATE,  /* $XDG_STATE_HOME/palabre, else ~/.local/state/palabre */
};

/*
 * The folder's path; it need not exist. A variable that is empty or not absolute does not count.
 * Home is $HOME, else the password database's; NULL if there is none at all.
 */
char *pal_path_user_dir(enum pal_user_dir which);

/* "folder/name"; no double slash. */
char *pal_path_join(const char *folder, const char *name);
/* All before the last slash: "/" for "/x", "." for "x". */
char *pal_path_parent(const char *path);
/* A leading "~/" becomes the home folder; anything else is copied. */
char *pal_path_expand(const char *path);
/* The running program's own file, links resolved; NULL where the system won't say. */
char *pal_path_program(void);

bool pal_path_is_file(const char *path);
bool pal_path_is_dir(const char *path);

/* Makes the folder and its missing parents, each for its owner alone (0700). PAL_ERR_IO. */
enum pal_err pal_path_make_dirs(const char *path, struct pal_error *error) PAL_MUST_USE;

/*
 * Reads a whole file of at most max_bytes into *text (owned, NUL-terminated) and *len; waits if it
 * is a pipe. PAL_ERR_NOT_FOUND, PAL_ERR_IO, PAL_ERR_LIMIT (longer than max_bytes).
 */
enum pal_err pal_path_read(const char *path, size_t max_bytes, char **text, size_t *len,
                           struct pal_error *error) PAL_MUST_USE;

#endif
