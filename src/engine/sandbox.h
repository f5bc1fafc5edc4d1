#ifndef PAL_ENGINE_SANDBOX_H
#define PAL_ENGINE_SANDBOX_H
/*
 * What the engine's process may not do once its model is loaded. It reads files that strangers
 * made, with a library that trusts them; it needs no network, no other program and no end of
 * memory, so a file that takes it over finds none of these. For a process of its own only: nothing
 * here can be taken back. Any thread; each call counts for all threads.
 */
#include <stdint.h>

#include "util/err.h"

/*
 * No new sockets, no execve, no debugging of others, no mounts, no kernel modules: such a call
 * fails with EACCES. Files, threads, and the ioctls of a card's driver go on. PAL_ERR_UNSUPPORTED
 * where the kernel has no seccomp.
 */
enum pal_err pal_sandbox_close(struct pal_error *error) PAL_MUST_USE;

/*
 * Private memory may grow by so many bytes from now on; then allocations fail, which ends this
 * process and not the machine's other programs. Does nothing under a sanitizer, whose own memory is
 * no measure of anything.
 */
enum pal_err pal_sandbox_limit_memory(uint64_t growth_bytes, struct pal_error *error) PAL_MUST_USE;

/* No core file: it would hold what people said. */
void pal_sandbox_keep_private(void);

#endif
