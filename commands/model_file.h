#ifndef PAL_COMMANDS_MODEL_FILE_H
#define PAL_COMMANDS_MODEL_FILE_H
/*
 * From what a person calls a model to the file that holds it. Nothing is downloaded.
 */
#include <stdbool.h>

#include "util/err.h"

#define PAL_MODEL_FILE_STARTER "starter" /* how lists call the built-in model */

/*
 * `wanted`: a file's path; a name that 'palabre model pull' knows, or hf:user/repo:QUANT, if it has
 * been pulled; "" or "starter" for the built-in model: $PALABRE_STARTER, else beside the program,
 * where it is installed, or in the source tree. *path is the caller's, absolute. PAL_ERR_NOT_FOUND:
 * the text says what is missing and how to get it.
 */
enum pal_err pal_model_file_find(const char *wanted, char **path, bool *starter,
                                 struct pal_error *error) PAL_MUST_USE;

#endif
