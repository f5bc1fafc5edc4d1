#ifndef PAL_COMMANDS_DOWNLOAD_H
#define PAL_COMMANDS_DOWNLOAD_H
/*
 * Downloading a model while the companion runs: pal_fetch_pull() on a thread of its own, its
 * progress on the loop. One at a time.
 *
 * All functions on the loop thread. `changed` is called there, a few times a second.
 */
#include <uv.h>

#include "access/access.h"

struct pal_download;

typedef void (*pal_download_changed_fn)(void *self, const struct pal_access_download *download);

struct pal_download *pal_download_create(uv_loop_t *loop, pal_download_changed_fn changed,
                                         void *self);
/* Checks the name and begins. PAL_ERR_BUSY: one is running; PAL_ERR_ARGUMENT: no such name. */
enum pal_err pal_download_start(struct pal_download *download, const char *name,
                                struct pal_error *error) PAL_MUST_USE;
/* What is downloaded stays for next time; `changed` tells when it has ended. */
void pal_download_cancel(struct pal_download *download);
/* Cancels, waits for the thread (a second at most), and frees later from the loop; accepts NULL. */
void pal_download_close(struct pal_download *download);

#endif
