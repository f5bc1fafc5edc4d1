#ifndef PAL_OUTPUT_PROMPTNESS_H
#define PAL_OUTPUT_PROMPTNESS_H
#include <stdbool.h>

/*
 * Asks the kernel to let the calling thread run soon after it wakes, also when every core is busy:
 * a short slice (Linux 6.12 and later), which needs no privilege and takes nothing from anybody,
 * since the thread's share of the CPU stays what it is. For a loop that sleeps most of the time.
 * False where the kernel can't; nothing has changed then.
 */
bool pal_prompt_thread(void);

#endif
