#ifndef PAL_ACCESS_ASSETS_H
#define PAL_ACCESS_ASSETS_H
/*
 * The page's files, embedded in the program in the forms that web/build.mjs made: as they are,
 * gzip and Brotli. Which forms there are depends on the file; compressed ones are never unpacked
 * here.
 *
 * Loop thread only. The table is constant.
 */
#include <stddef.h>

struct pal_call; /* access/route.h */

enum pal_asset_form {
    PAL_ASSET_PLAIN,
    PAL_ASSET_GZIP,
    PAL_ASSET_BR,
    PAL_ASSET_FORMS,
};

struct pal_asset {
    const char *path; /* the whole path of its address */
    const char *type; /* Content-Type */
    const char *tag;  /* of the content; with the form's name it is the ETag */
    struct {
        const char *bytes; /* NULL = not kept in this form */
        size_t n_bytes;
    } forms[PAL_ASSET_FORMS];
};

/* Made by web/build.mjs; empty (pal_n_assets 0) in a program that was built without the page. */
extern const struct pal_asset pal_assets[];
extern const size_t pal_n_assets;

/* NULL if there is none at this path. */
const struct pal_asset *pal_asset_find(const char *path);
/*
 * The smallest form that a client takes who sent this Accept-Encoding (NULL = takes anything).
 * PAL_ASSET_FORMS if none is. Pure.
 */
enum pal_asset_form pal_asset_choose(const struct pal_asset *asset, const char *accept_encoding);

/* Answers with the asset, 304 if the client has it already, or 406; with the security fields. */
void pal_answer_asset(const struct pal_call *call, const struct pal_asset *asset);

#endif
