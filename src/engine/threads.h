#ifndef PAL_ENGINE_THREADS_H
#define PAL_ENGINE_THREADS_H
/* How many threads to compute with. Reads the system; any thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Physical cores among the CPUs that this process may use (affinity, and the cgroup's CPU quota):
 * a core's second hardware thread only gets in the way of the first. At least 1.
 */
uint32_t pal_threads_default(void);

/*
 * Sets n of these, one logical CPU of each core, in mask[size]. False, and nothing is set: there
 * are not so many cores for this process.
 */
bool pal_threads_mask(uint32_t n, bool *mask, size_t size);

#endif
