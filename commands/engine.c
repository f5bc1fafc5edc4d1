/*
 * palabre engine: the engine's process. Started by the front with its socket; not for people.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "commands/command.h"
#include "engine/engine.h"
#include "util/log.h"
#include "util/text.h"

static int
usage(void)
{
    (void)fprintf(
        stderr, "%s",
        PAL_T("palabre engine is started by palabre itself: try 'palabre run'\n",
              "palabre engine est lancé par palabre lui-même : essayez « palabre run »\n"));
    return PAL_EXIT_USAGE;
}

static int
parse_fd(const char *text)
{
    char *end = NULL;
    errno = 0;
    long fd = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && fd >= 0 && fd < 1024 ? (int)fd : -1;
}

int
pal_command_engine(int argc, char **argv)
{
    static const struct option options[] = {
        {"fd", required_argument, NULL, 'f'},
        {"log-level", required_argument, NULL, 'l'},
        {0},
    };
    enum pal_log_level level = PAL_LOG_INFO;
    int fd = -1;
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'f') {
            fd = parse_fd(optarg);
        } else if (option != 'l' || pal_log_level_parse(optarg, &level) != PAL_OK) {
            return usage();
        }
    }
    if (fd < 0 || optind != argc) {
        return usage();
    }
    /* The front's death is ours, also in the middle of a step; Ctrl-C in its terminal is its
     * business alone, and it tells us by the socket. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    pal_log_init(level, STDERR_FILENO);
    return pal_engine_serve(fd, true) == 0 ? PAL_EXIT_OK : PAL_EXIT_FAILED;
}
