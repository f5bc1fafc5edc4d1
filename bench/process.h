#ifndef PAL_BENCH_PROCESS_H
#define PAL_BENCH_PROCESS_H
/* What /proc says of a process. Zeros where it says nothing. Any thread. */
#include <stdint.h>

/* Of all its threads, nanoseconds. */
struct pal_process_schedule {
    int64_t ran_ns;
    int64_t waited_ns; /* ready to run, while others had the processors */
};
struct pal_process_schedule pal_process_schedule(int pid);

/* User and system time, microseconds. */
int64_t pal_process_cpu_us(int pid);
/* Resident memory. */
uint64_t pal_process_rss_bytes(int pid);

#endif
