#include "engine/priority.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "util/cpus.h"

#define LOG_TOPIC "priority"
#include "util/log.h"

/* A tenth of the weight of a program that nobody has been nice to, */
#define NICE_LOW 10
/* and a seventieth. */
#define NICE_IDLE 19
/* Loading goes on beside turns that never end, too, but ten times as slowly. */
#define NICE_BESIDE 10
/* The kernel lets all sessions together be weighed ten times a second. */
#define TRIES        20
#define TRY_PAUSE_NS 20000000

/* The weight of this session against the others. Not every kernel groups by sessions. */
static void
weigh_session(int nice)
{
    char text[16];
    const struct timespec pause = {.tv_nsec = TRY_PAUSE_NS};
    int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int len = snprintf(text, sizeof(text), "%d", nice);
    bool is_done = write(fd, text, (size_t)len) == len;
    for (int i = 0; !is_done && errno == EAGAIN && i < TRIES; i++) {
        (void)nanosleep(&pause, NULL);
        is_done = write(fd, text, (size_t)len) == len;
    }
    if (!is_done) {
        pal_log_debug("the session's weight stays as it is", "errno=%d", errno);
    }
    (void)close(fd);
}

static int
nice_of(const struct pal_settings *settings)
{
    return settings->priority == PAL_ENGINE_PRIORITY_IDLE  ? NICE_IDLE
           : settings->priority == PAL_ENGINE_PRIORITY_LOW ? NICE_LOW
                                                           : 0;
}

static void
lower(int nice, int policy)
{
    const struct sched_param param = {.sched_priority = 0};
    if (setpriority(PRIO_PROCESS, 0, nice) != 0 || sched_setscheduler(0, policy, &param) != 0) {
        pal_log_warn("the engine's priority can't be lowered", "reason=" PAL_LOG_STR,
                     strerror(errno));
    }
}

void
pal_priority_apply(const struct pal_settings *settings)
{
    cpu_set_t cpus;
    struct pal_error error;
    /* Fails for the leader of a process group, which we have not started: it has its own then. */
    (void)setsid();
    if (settings->priority == PAL_ENGINE_PRIORITY_LOW) {
        lower(nice_of(settings), SCHED_OTHER);
    } else if (settings->priority == PAL_ENGINE_PRIORITY_IDLE) {
        lower(nice_of(settings), SCHED_IDLE);
    }
    bool is_beside = (settings->ways & PAL_ENGINE_BESIDE) != 0;
    if (is_beside || settings->priority != PAL_ENGINE_PRIORITY_NORMAL) {
        /* Unlike a thread's, this can be raised again. */
        weigh_session(is_beside && nice_of(settings) < NICE_BESIDE ? NICE_BESIDE
                                                                   : nice_of(settings));
    }
    if (settings->cpus == NULL) {
        return;
    }
    /* The front has checked them; they may have been taken away since. */
    if (pal_cpus_choose(settings->cpus, &cpus, &error) != PAL_OK) {
        pal_log_warn("the engine runs on every processor", "reason=" PAL_LOG_STR, error.text);
    } else if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0) {
        pal_log_warn("the engine runs on every processor", "reason=" PAL_LOG_STR, strerror(errno));
    }
}

void
pal_priority_take_place(const struct pal_settings *settings)
{
    weigh_session(nice_of(settings));
}

struct aside {
    void (*run)(void *userdata);
    void *userdata;
};

static void *
run_aside(void *userdata)
{
    const struct aside *aside = userdata;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_BESIDE); /* of this thread alone */
    aside->run(aside->userdata);
    return NULL;
}

void
pal_priority_run_aside(void (*run)(void *userdata), void *userdata)
{
    struct aside aside = {.run = run, .userdata = userdata};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_aside, &aside) == 0) {
        (void)pthread_join(thread, NULL);
    } else {
        run(userdata);
    }
}
