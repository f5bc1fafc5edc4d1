/* The servers of a comparison, and what makes a machine busy. */
#include "bench/side.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"

#define READY_LIMIT_US (120 * PAL_US_PER_S)
#define STOP_LIMIT_US  (10 * PAL_US_PER_S)
#define POLL_US        5000u

enum pal_err
side_server_spawn(struct side_server *server, struct pal_error *error)
{
    if (server->command == NULL) {
        return PAL_OK;
    }
    (void)fflush(NULL);
    server->pid = fork();
    if (server->pid == 0) {
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)execl("/bin/sh", "sh", "-c", server->command, (char *)NULL);
        _exit(127);
    }
    if (server->pid < 0) {
        server->pid = 0;
        return pal_error_set(error, PAL_ERR_IO, "cannot start %s: %s", server->label,
                             strerror(errno));
    }
    (void)setpgid(server->pid, server->pid);
    return PAL_OK;
}

enum pal_err
side_server_await(struct side_server *server, struct pal_error *error)
{
    int64_t end_us = pal_now_us() + READY_LIMIT_US;
    char why[SIDE_WHY_MAX] = "";
    json_t *messages = json_pack("[{s:s, s:s}]", "role", "user", "content", "Salut");
    bool is_ready = false;
    while (!is_ready && pal_now_us() < end_us) {
        const struct side_ask ask = {.server = server, .messages = messages, .max_tokens = 1};
        struct side_answer answer;
        side_request(&ask, &answer);
        is_ready = answer.ok;
        memcpy(why, answer.why, sizeof(why));
        side_answer_finish(&answer);
        if (!is_ready && server->pid > 0 && waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            break;
        }
        (void)usleep(is_ready ? 0 : POLL_US);
    }
    json_decref(messages);
    return is_ready ? PAL_OK
                    : pal_error_set(error, PAL_ERR_TIMEOUT, "%s does not answer: %s", server->label,
                                    why);
}

void
side_server_stop(struct side_server *server)
{
    int64_t end_us = pal_now_us() + STOP_LIMIT_US;
    pid_t pid = server->pid;
    if (pid <= 0) {
        return;
    }
    server->pid = 0;
    (void)kill(-pid, SIGTERM);
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (pal_now_us() > end_us) {
            (void)kill(-pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            return;
        }
        (void)usleep(POLL_US);
    }
}

void
side_busy_start(struct side_busy *busy, unsigned n)
{
    *busy = (struct side_busy){0};
    (void)fflush(NULL);
    for (; busy->n < n && busy->n < PAL_COUNT_OF(busy->pids); busy->n++) {
        pid_t pid = fork();
        if (pid == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (volatile unsigned i = 0;; i++) {
            }
        }
        busy->pids[busy->n] = pid;
    }
}

void
side_busy_stop(struct side_busy *busy)
{
    for (unsigned i = 0; i < busy->n; i++) {
        if (busy->pids[i] > 0) {
            (void)kill(busy->pids[i], SIGKILL);
            (void)waitpid(busy->pids[i], NULL, 0);
        }
    }
    busy->n = 0;
}
