#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/ipc.h"
#include "util/clock.h"

/* Nothing in the bench may take longer than this; a bench that hangs tells nothing. */
#define PATIENCE_S 5

bool
ipc_send(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool
ipc_receive(int fd, void *bytes, size_t len)
{
    char *at = bytes;
    while (len > 0) {
        ssize_t n = recv(fd, at, len, 0);
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

size_t
ipc_receive_line(int fd, char *line, size_t room)
{
    size_t len = 0;
    while (len < room) {
        ssize_t n = recv(fd, line + len, room - len, 0);
        if (n <= 0) {
            return 0;
        }
        len += (size_t)n;
        if (line[len - 1] == '\n') {
            return len;
        }
    }
    return 0;
}

int
ipc_connect(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int one = 1;
    char greeting[1024];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
        ipc_receive_line(fd, greeting, sizeof(greeting)) > 0) {
        return fd;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

int64_t
ipc_applied(int fd)
{
    static const char request[] = "{\"command\":\"get_state\",\"data\":{}}\n";
    char line[16384];
    size_t len = ipc_send(fd, request, sizeof(request) - 1)
                     ? ipc_receive_line(fd, line, sizeof(line) - 1)
                     : 0;
    line[len] = '\0';
    const char *applied = strstr(line, "\"applied\":");
    return applied != NULL ? strtoll(applied + strlen("\"applied\":"), NULL, 10) : -1;
}

bool
ipc_ping_pong(int fd, const void *request, size_t n_request, size_t n_reply, size_t n,
              double *samples_us)
{
    char *reply = malloc(n_reply);
    bool good = reply != NULL;
    for (size_t i = 0; good && i < n; i++) {
        struct timespec begin;
        struct timespec end;
        (void)clock_gettime(CLOCK_MONOTONIC, &begin);
        good = ipc_send(fd, request, n_request) && ipc_receive(fd, reply, n_reply);
        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        samples_us[i] =
            (double)(end.tv_sec - begin.tv_sec) * 1e6 + (double)(end.tv_nsec - begin.tv_nsec) / 1e3;
    }
    free(reply);
    return good;
}

void
ipc_fill_commands(struct pal_avatar_command *commands, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        commands[i] = (struct pal_avatar_command){
            .verb = PAL_AVATAR_SET_EXPRESSION,
            .expression = (enum pal_expression)(i % PAL_N_MOOD_EXPRESSIONS),
            .value = (float)(i % 1000) / 1000.0F,
        };
    }
}
