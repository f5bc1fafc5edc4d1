#ifndef PAL_FETCH_SPEC_H
#define PAL_FETCH_SPEC_H
/*
 * How people name a model to download, and which file of a repository they mean. Pure; any thread.
 *
 *     qwen2.5-3b-instruct          a name of the built-in list
 *     hf:user/repo                 that repository's Q4_K_M file
 *     hf:user/repo:q8_0            another quantisation, upper or lower case
 */
#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

#define PAL_FETCH_FILE_MAX 256

struct pal_fetch_spec {
    char user[96];
    char repo[128];
    char quant[32];
    char file[PAL_FETCH_FILE_MAX]; /* known beforehand, else "" */
};

/* One model of the built-in list. */
struct pal_fetch_entry {
    const char *name;
    const char *user;
    const char *repo;
    const char *file; /* the first part, if there are several */
    const char *quant;
};

/* NULL beyond the end. */
const struct pal_fetch_entry *pal_fetch_catalogue_at(size_t i);

/* PAL_ERR_ARGUMENT with the list's nearest name, or what is wrong with an "hf:". */
enum pal_err pal_fetch_spec_parse(const char *name, struct pal_fetch_spec *spec,
                                  struct pal_error *error) PAL_MUST_USE;

/*
 * The index of the file that the spec means, among a repository's n file names: a GGUF of that
 * quantisation, the first part if there are several; no projector or draft model. -1 if none fits.
 */
int pal_fetch_choose(const struct pal_fetch_spec *spec, const char *const *files, size_t n);

/* A name that is safe as a path below a folder: relative, no "..", nothing unprintable. */
bool pal_fetch_file_is_safe(const char *file);

/* 3 for "x-00001-of-00003.gguf", 1 for any other name. */
unsigned pal_fetch_n_parts(const char *file);
/* Part i (from 0) of such a name; false if it does not fit. */
bool pal_fetch_part_name(const char *file, unsigned i, char *out, size_t room);

/* "Q4_K_M" of ".../Some-Model-Q4_K_M-00001-of-00002.gguf"; "" if the name has none. */
void pal_fetch_quant_of(const char *file, char *out, size_t room);

#endif
