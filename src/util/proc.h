#ifndef PAL_UTIL_PROC_H
#define PAL_UTIL_PROC_H
/*
 * What the system says of memory at this moment, in bytes; 0 where it does not tell. Any thread.
 */
#include <stdint.h>

/* What a process holds in RAM by itself: without files that are only mapped. pid 0 = this one. */
uint64_t pal_proc_memory_bytes(int pid);
/* What a process of this machine could still get without swapping. */
uint64_t pal_proc_available_bytes(void);

#endif
