#ifndef PAL_COMMANDS_LLAMA_DIR_H
#define PAL_COMMANDS_LLAMA_DIR_H
/*
 * PALABRE_LLAMA_DIR: running with another build of llama.cpp than the one that the program was
 * built beside (a faster one, one for the graphics card). Same version only: the program is linked
 * to libllama by its file's name. Main thread, at the start.
 */
#include <stddef.h>

#include "util/err.h"

/*
 * The folder of the libraries: `dir` itself or its lib/. PAL_ERR_CONFIG if neither holds the file
 * that this program is linked to. *lib_dir is the caller's.
 */
enum pal_err pal_llama_dir_resolve(const char *dir, char **lib_dir,
                                   struct pal_error *error) PAL_MUST_USE;

/* Path of the libllama in use; "" if the program needs none. */
void pal_llama_dir_loaded(char *out, size_t size);

/*
 * If PALABRE_LLAMA_DIR names another folder than the one in use, starts the program again with
 * that one in front of LD_LIBRARY_PATH (once), and then doesn't return. *lib_dir (the caller's) is
 * the folder in use because of the variable, NULL if it isn't set.
 */
enum pal_err pal_llama_dir_apply(char **argv, char **lib_dir, struct pal_error *error) PAL_MUST_USE;

#endif
