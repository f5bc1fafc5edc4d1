/*
 * Lets a program's time run faster: LD_PRELOAD=clock_rate.so CLOCK_RATE=6 program. Its monotonic
 * clock gains so many seconds a second, and its waits end so much sooner; the program itself is
 * unchanged and knows nothing of it. The children of one run share the same clock, as they do
 * without it. Wall-clock time stays as it is. For the simulated stream alone.
 */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

typedef int (*gettime_fn)(clockid_t, struct timespec *);

static double
rate(void)
{
    static double known;
    if (known == 0.0) {
        const char *text = getenv("CLOCK_RATE");
        double read = text != NULL ? strtod(text, NULL) : 1.0;
        known = read > 0.0 ? read : 1.0;
    }
    return known;
}

/* dlsym() returns an object's pointer where a function's is wanted. */
static void *
next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    static gettime_fn real;
    if (real == NULL) {
        *(void **)&real = next("clock_gettime");
    }
    int status = real(clock, now);
    if (status == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)) {
        double ns = ((double)now->tv_sec * (double)NS_PER_S + (double)now->tv_nsec) * rate();
        int64_t whole = (int64_t)ns;
        now->tv_sec = (time_t)(whole / NS_PER_S);
        now->tv_nsec = (long)(whole % NS_PER_S);
    }
    return status;
}

/* Rounded up, so that a wait does not end before its time. */
static int
shorter_ms(int timeout_ms)
{
    return timeout_ms <= 0 ? timeout_ms : (int)((double)timeout_ms / rate()) + 1;
}

int
epoll_wait(int epoll, struct epoll_event *events, int max, int timeout_ms)
{
    static int (*real)(int, struct epoll_event *, int, int);
    if (real == NULL) {
        *(void **)&real = next("epoll_wait");
    }
    return real(epoll, events, max, shorter_ms(timeout_ms));
}

int
epoll_pwait(int epoll, struct epoll_event *events, int max, int timeout_ms, const sigset_t *set)
{
    static int (*real)(int, struct epoll_event *, int, int, const sigset_t *);
    if (real == NULL) {
        *(void **)&real = next("epoll_pwait");
    }
    return real(epoll, events, max, shorter_ms(timeout_ms), set);
}

int
poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    static int (*real)(struct pollfd *, nfds_t, int);
    if (real == NULL) {
        *(void **)&real = next("poll");
    }
    return real(fds, n, shorter_ms(timeout_ms));
}

int
nanosleep(const struct timespec *wanted, struct timespec *left)
{
    static int (*real)(const struct timespec *, struct timespec *);
    if (real == NULL) {
        *(void **)&real = next("nanosleep");
    }
    double ns = ((double)wanted->tv_sec * (double)NS_PER_S + (double)wanted->tv_nsec) / rate();
    struct timespec shorter = {.tv_sec = (time_t)((int64_t)ns / NS_PER_S),
                               .tv_nsec = (long)((int64_t)ns % NS_PER_S)};
    return real(&shorter, left);
}

/* A point in monotonic time, as all waits of the program's are; a point in wall-clock time is
 * decades away from that, and stays as it is. */
int
pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    struct timespec now;
    struct timespec point = *until;
    if (real == NULL) {
        *(void **)&real = next("pthread_cond_timedwait");
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (until->tv_sec < now.tv_sec + 7 * 24 * 3600) {
        double ns = ((double)until->tv_sec * (double)NS_PER_S + (double)until->tv_nsec) / rate();
        point.tv_sec = (time_t)((int64_t)ns / NS_PER_S);
        point.tv_nsec = (long)((int64_t)ns % NS_PER_S);
    }
    return real(cond, mutex, &point);
}
