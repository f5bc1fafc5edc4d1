#include "engine/priority.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/cpus.h"

#define LOG_TOPIC "priority"
#include "util/log.h"

/* A tenth of the weight of a program that nobody has been nice to, */
#define NICE_LOW 10
/* and a seventieth. */
#define NICE_IDLE 19

/* The weight of this session against the others. Not every kernel groups by sessions. */
static void
lower_session(int nice)
{
    char text[16];
    int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int len = snprintf(text, sizeof(text), "%d", nice);
    if (write(fd, text, (size_t)len) != len) {
        pal_log_debug("the session's weight stays as it is", "errno=%d", errno);
    }
    (void)close(fd);
}

static void
lower(int nice, int policy)
{
    const struct sched_param param = {.sched_priority = 0};
    if (setpriority(PRIO_PROCESS, 0, nice) != 0 || sched_setscheduler(0, policy, &param) != 0) {
        pal_log_warn("the engine's priority can't be lowered", "reason=" PAL_LOG_STR,
                     strerror(errno));
    }
    lower_session(nice);
}

void
pal_priority_apply(const struct pal_settings *settings)
{
    cpu_set_t cpus;
    struct pal_error error;
    /* Fails for the leader of a process group, which we have not started: it has its own then. */
    (void)setsid();
    if (settings->priority == PAL_ENGINE_PRIORITY_LOW) {
        lower(NICE_LOW, SCHED_OTHER);
    } else if (settings->priority == PAL_ENGINE_PRIORITY_IDLE) {
        lower(NICE_IDLE, SCHED_IDLE);
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
