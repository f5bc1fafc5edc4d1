/*
 * libpalabre-avatar, the playing half: one thread that polls the listener and the clients, answers
 * them as `palabre avatar` does, and hands each command to the program.
 */
#include "palabre/avatar.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output/client/address.h"
#include "output/stage_act.h"
#include "util/clock.h"
#include "util/mem.h"

#define CLIENTS_MAX 64
/* A client that leaves so many bytes of answers unread is closed. */
#define ANSWERS_MAX ((size_t)256 * 1024)

struct client {
    int fd;
    bool is_last; /* only its answers are left to send */
    struct pal_frames frames;
    struct pal_buf answers;
};

struct palabre_stage {
    pthread_t thread;
    struct palabre_stage_options options;
    int listener;
    int stop_fd;
    uint16_t port;
    struct client clients[CLIENTS_MAX];
    size_t n_clients;
    struct pal_puppet puppet;
    int64_t puppet_at_us;
    struct pal_avatar_message message;
};

static void
client_free(struct client *client)
{
    (void)close(client->fd);
    pal_frames_finish(&client->frames);
    pal_buf_finish(&client->answers);
}

static void
tell_one(struct palabre_stage *stage, const struct pal_avatar_command *command)
{
    char name[PAL_AVATAR_TEXT_MAX];
    struct palabre_stage_event event = {
        .kind = (int)command->verb, .value = command->value, .enabled = command->enabled};
    bool is_face =
        command->verb == PAL_AVATAR_SET_EXPRESSION || command->verb == PAL_AVATAR_SET_BLENDSHAPE;
    if (command->verb > PAL_AVATAR_MOVE || command->verb == PAL_AVATAR_TEST ||
        command->verb == PAL_AVATAR_PING) {
        return;
    }
    memcpy(event.numbers, command->numbers, sizeof(event.numbers));
    if (is_face && command->expression != PAL_EXPRESSION_CUSTOM) {
        event.name = pal_expression_wire(command->expression);
    } else if (command->text != NULL && command->text_len < sizeof(name)) {
        memcpy(name, command->text, command->text_len);
        name[command->text_len] = '\0';
        event.name = name;
    }
    stage->options.on_event(&event, stage->options.userdata);
}

/* False: the client has to go. */
static bool
handle(struct palabre_stage *stage, struct client *client, const struct pal_frame *frame)
{
    struct pal_error error;
    enum pal_err refused = pal_avatar_decode(frame, &stage->message, &error);
    int64_t now_us = pal_now_us();
    pal_puppet_advance(&stage->puppet, (float)((double)(now_us - stage->puppet_at_us) / 1e6));
    stage->puppet_at_us = now_us;
    if (pal_stage_act(&stage->puppet, &stage->message, refused, &error, &client->answers) !=
        PAL_OK) {
        return false;
    }
    for (size_t i = 0; refused == PAL_OK && i < stage->message.n_commands; i++) {
        tell_one(stage, &stage->message.commands[i]);
    }
    client->is_last = refused == PAL_ERR_PROTO && frame->encoding == PAL_ENCODING_MSGPACK;
    return true;
}

static bool
handle_all(struct palabre_stage *stage, struct client *client)
{
    struct pal_frame frame;
    enum pal_err err = PAL_OK;
    while (!client->is_last && (err = pal_frames_next(&client->frames, &frame)) == PAL_OK) {
        if (!handle(stage, client, &frame)) {
            return false;
        }
    }
    if (err == PAL_OK || err == PAL_ERR_AGAIN) {
        return true;
    }
    client->is_last = true;
    return pal_stage_refuse(&client->answers, PAL_ENCODING_JSON,
                            err == PAL_ERR_LIMIT ? "message too long or nested too deeply"
                                                 : "neither JSON nor MessagePack") == PAL_OK;
}

static bool
receive(struct palabre_stage *stage, struct client *client)
{
    unsigned char *room;
    size_t len;
    pal_frames_room(&client->frames, &room, &len);
    ssize_t n = recv(client->fd, room, len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (n <= 0) {
        return false;
    }
    pal_frames_filled(&client->frames, (size_t)n);
    return handle_all(stage, client);
}

static bool
send_answers(struct client *client)
{
    if (client->answers.len > 0) {
        ssize_t n = send(client->fd, client->answers.data, client->answers.len,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        pal_buf_consume(&client->answers, n > 0 ? (size_t)n : 0);
    }
    return !client->is_last || client->answers.len > 0;
}

static void
accept_client(struct palabre_stage *stage)
{
    int one = 1;
    int fd = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (stage->n_clients == stage->options.max_clients) {
        static const char text[] = "{\"type\":\"response\",\"status\":\"error\",\"message\":"
                                   "\"too many clients\"}\n";
        ssize_t n = send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)n; /* it is closed either way */
        (void)close(fd);
        return;
    }
    struct client *client = &stage->clients[stage->n_clients++];
    *client = (struct client){.fd = fd};
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    pal_frames_init(&client->frames);
    pal_buf_init(&client->answers, ANSWERS_MAX);
    client->is_last = pal_stage_greet(&client->answers) != PAL_OK;
    (void)send_answers(client);
}

static void
serve(struct palabre_stage *stage, const struct pollfd *fds, size_t n_fds)
{
    /* From the last on, so that the one who goes can be replaced by one who was seen. */
    for (size_t i = n_fds; i > 0; i--) {
        struct client *client = &stage->clients[i - 1];
        bool stays = true;
        if ((fds[i - 1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            stays = receive(stage, client);
        }
        if (!stays || !send_answers(client)) {
            client_free(client);
            *client = stage->clients[--stage->n_clients];
        }
    }
}

static void *
run(void *userdata)
{
    struct palabre_stage *stage = userdata;
    for (;;) {
        struct pollfd fds[CLIENTS_MAX + 2];
        size_t n = stage->n_clients;
        for (size_t i = 0; i < n; i++) {
            bool waits = stage->clients[i].answers.len > 0;
            fds[i] =
                (struct pollfd){.fd = stage->clients[i].fd, .events = waits ? POLLOUT : POLLIN};
        }
        fds[n] = (struct pollfd){.fd = stage->listener, .events = POLLIN};
        fds[n + 1] = (struct pollfd){.fd = stage->stop_fd, .events = POLLIN};
        (void)poll(fds, n + 2, -1);
        if (fds[n + 1].revents != 0) {
            return NULL;
        }
        serve(stage, fds, n);
        if (fds[n].revents != 0) {
            accept_client(stage);
        }
    }
}

static void
stage_free(struct palabre_stage *stage)
{
    for (size_t i = 0; i < stage->n_clients; i++) {
        client_free(&stage->clients[i]);
    }
    if (stage->listener >= 0) {
        (void)close(stage->listener);
    }
    if (stage->stop_fd >= 0) {
        (void)close(stage->stop_fd);
    }
    pal_avatar_message_finish(&stage->message);
    free(stage);
}

static bool
listen_on(struct palabre_stage *stage, const struct sockaddr_storage *address, socklen_t len)
{
    struct sockaddr_storage bound = {.ss_family = AF_UNSPEC};
    socklen_t bound_len = sizeof(bound);
    int one = 1;
    stage->listener = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (stage->listener < 0 ||
        setsockopt(stage->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(stage->listener, (const struct sockaddr *)address, len) < 0 ||
        listen(stage->listener, 16) < 0 ||
        getsockname(stage->listener, (struct sockaddr *)&bound, &bound_len) < 0) {
        return false;
    }
    /* The two lie at the same place, also for the analyser, which does not see getsockname() fill
     * it. */
    in_port_t port;
    memcpy(&port, (const char *)&bound + offsetof(struct sockaddr_in, sin_port), sizeof(port));
    stage->port = ntohs(port);
    return true;
}

int
palabre_stage_open(const struct palabre_stage_options *options, struct palabre_stage **created)
{
    struct sockaddr_storage address;
    if (options == NULL || created == NULL || options->size < sizeof(*options) ||
        options->on_event == NULL || options->max_clients > CLIENTS_MAX) {
        return PALABRE_AVATAR_BAD_ARGUMENT;
    }
    socklen_t len = palabre_address(options->host, options->port, &address);
    if (len == 0) {
        return PALABRE_AVATAR_BAD_ARGUMENT;
    }
    struct palabre_stage *stage = pal_calloc(1, sizeof(*stage));
    stage->options = *options;
    if (stage->options.max_clients == 0) {
        stage->options.max_clients = 8;
    }
    stage->puppet_at_us = pal_now_us();
    pal_puppet_init(&stage->puppet, (uint64_t)stage->puppet_at_us);
    stage->stop_fd = eventfd(0, EFD_CLOEXEC);
    stage->listener = -1;
    if (stage->stop_fd < 0 || !listen_on(stage, &address, len) ||
        pthread_create(&stage->thread, NULL, run, stage) != 0) {
        stage_free(stage);
        return PALABRE_AVATAR_SYSTEM;
    }
    *created = stage;
    return PALABRE_AVATAR_OK;
}

uint16_t
palabre_stage_port(const struct palabre_stage *stage)
{
    return stage->port;
}

void
palabre_stage_close(struct palabre_stage *stage)
{
    if (stage == NULL) {
        return;
    }
    uint64_t one = 1;
    ssize_t n = write(stage->stop_fd, &one, sizeof(one));
    (void)n; /* an event counter takes it */
    (void)pthread_join(stage->thread, NULL);
    stage_free(stage);
}
