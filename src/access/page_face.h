#ifndef PAL_ACCESS_PAGE_FACE_H
#define PAL_ACCESS_PAGE_FACE_H
/*
 * The pages' link: the one face, and the words that it says, to every page that watches it
 * (docs/page-protocol.md: "face", "say"). Loop thread only.
 */
#include <stddef.h>

#include "output/link.h"

struct pal_pages; /* access/page.h */

/* `pages` is the link's self and must outlive it. */
struct pal_link pal_page_face_link(struct pal_pages *pages);

#endif
