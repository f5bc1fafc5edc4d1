#ifndef PAL_UTIL_PROC_H
#define PAL_UTIL_PROC_H
/*
 * What the system says of memory at this moment, in bytes (0 where it does not tell), and what we
 * ask of it. Any thread.
 */
#include <stdbool.h>
#include <stdint.h>

/* What a process holds in RAM by itself: without files that are only mapped. pid 0 = this one. */
uint64_t pal_proc_memory_bytes(int pid);
/* What a process of this machine could still get without swapping. */
uint64_t pal_proc_available_bytes(void);
/*
 * Whether this process may have huge pages. Those that it has stay. Without them the kernel makes
 * none behind its back either, out of memory of which a page is used here and there: that would be
 * growth without end in sight. Inherited by children, also through execve(). Where the system has
 * no such switch, nothing changes.
 */
void pal_proc_allow_huge_pages(bool may_have);

#endif
