#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/ipc.h"

static void
stop_process(pid_t *pid)
{
    if (*pid > 0) {
        (void)kill(*pid, SIGTERM);
        (void)waitpid(*pid, NULL, 0);
        *pid = 0;
    }
}

bool
ipc_avatar_start(struct ipc_avatar *avatar, unsigned frame_clock_hz)
{
    int ends[2];
    char clock[16];
    (void)snprintf(clock, sizeof(clock), "%u", frame_clock_hz);
    if (pipe(ends) < 0) {
        return false;
    }
    avatar->port = 0;
    avatar->pid = fork();
    if (avatar->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execl("/proc/self/exe", "palabre", "avatar", "--port", "0", "--frame-clock", clock,
                    (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    char line[256];
    if (avatar->pid > 0 && output != NULL && fgets(line, sizeof(line), output) != NULL) {
        char *colon = strrchr(line, ':');
        avatar->port = colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
    }
    if (output != NULL) {
        (void)fclose(output);
    }
    return avatar->port != 0;
}

void
ipc_avatar_stop(struct ipc_avatar *avatar)
{
    stop_process(&avatar->pid);
}

static void
echo_for_ever(int fd, size_t n_request, size_t n_reply)
{
    char *bytes = calloc(1, n_request > n_reply ? n_request : n_reply);
    while (bytes != NULL && ipc_receive(fd, bytes, n_request) && ipc_send(fd, bytes, n_reply)) {
    }
    _exit(0);
}

bool
ipc_echo_start(struct ipc_echo *echo, size_t n_request, size_t n_reply)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_len = sizeof(address);
    int one = 1;
    *echo = (struct ipc_echo){.fd = -1};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &address_len) < 0) {
        return false;
    }
    echo->pid = fork();
    if (echo->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        int fd = accept(listener, NULL, NULL);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        echo_for_ever(fd, n_request, n_reply);
    }
    echo->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = echo->pid > 0 && echo->fd >= 0 &&
                     connect(echo->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                     setsockopt(echo->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0;
    (void)close(listener);
    return connected;
}

void
ipc_echo_stop(struct ipc_echo *echo)
{
    if (echo->fd >= 0) {
        (void)close(echo->fd);
    }
    stop_process(&echo->pid);
}
