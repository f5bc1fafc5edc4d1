#include "util/clock.h"

#include <time.h>

int64_t
pal_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * PAL_US_PER_S + now.tv_nsec / 1000;
}

static int64_t
system_now_us(void *userdata)
{
    (void)userdata;
    return pal_now_us();
}

struct pal_clock
pal_clock_system(void)
{
    return (struct pal_clock){.now_us = system_now_us};
}

int64_t
pal_wall_seconds(void)
{
    return (int64_t)time(NULL);
}

int64_t
pal_wall_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * PAL_US_PER_S + now.tv_nsec / 1000;
}
