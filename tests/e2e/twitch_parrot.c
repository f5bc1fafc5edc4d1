/*
 * The chat connection with a parrot for a room: what is said behind "parrot " is said again, as a
 * reply. One line on standard output for each thing that it hears; it ends when its input does.
 *
 *     twitch_parrot HOST PORT plain|CA_FILE LOGIN TOKEN CHANNEL...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "access/twitch.h"
#include "chat/room.h"
#include "util/log.h"
#include "util/mem.h"

struct pal_room {
    const struct pal_voice_ops *ops;
    void *voice;
    uint64_t n_asked;
};

struct parrot {
    struct pal_room room;
    struct pal_twitch *twitch;
    uv_pipe_t input;
    char bytes[64];
};

void
pal_room_set_voice(struct pal_room *room, const char *platform, const char *login,
                   const struct pal_voice_ops *ops, void *self)
{
    room->ops = ops;
    room->voice = self;
    (void)printf("voice %s %s\n", platform, login != NULL ? login : "-");
    (void)fflush(stdout);
}

void
pal_room_line(struct pal_room *room, const struct pal_line *line)
{
    (void)printf("line %s %s %s %u %s\n", line->channel, line->login, line->user_id, line->roles,
                 line->text);
    (void)fflush(stdout);
    if (strncmp(line->text, "parrot ", 7) == 0) {
        room->ops->say(room->voice, line->channel, line->message_id, line->text + 7,
                       ++room->n_asked);
    }
}

void
pal_room_clear_user(struct pal_room *room, const char *platform, const char *channel,
                    const char *user_id)
{
    (void)room;
    (void)printf("clear %s %s user %s\n", platform, channel, user_id != NULL ? user_id : "-");
    (void)fflush(stdout);
}

void
pal_room_clear_message(struct pal_room *room, const char *platform, const char *channel,
                       const char *message_id)
{
    (void)room;
    (void)printf("clear %s %s message %s\n", platform, channel, message_id);
    (void)fflush(stdout);
}

void
pal_room_said(struct pal_room *room, uint64_t tag, bool delivered, const char *text)
{
    (void)room;
    (void)printf("said %d %s %s\n", (int)tag, delivered ? "yes" : "no", text != NULL ? text : "-");
    (void)fflush(stdout);
}

static void
on_news(void *userdata, enum pal_twitch_news news, const char *channel, const char *text)
{
    static const char *const names[] = {"in", "joined", "not-joined", "banned", "failed", "lost"};
    (void)userdata;
    (void)printf("news %s %s %s\n", names[news], channel, text);
    (void)fflush(stdout);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct parrot *parrot = handle->data;
    (void)suggested;
    *buf = uv_buf_init(parrot->bytes, sizeof(parrot->bytes));
}

static void
on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct parrot *parrot = stream->data;
    (void)buf;
    if (n < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        pal_twitch_close(parrot->twitch, NULL, NULL);
    }
}

int
main(int argc, char **argv)
{
    struct parrot parrot = {.twitch = NULL};
    struct pal_error error;
    uv_loop_t loop;
    if (argc < 7) {
        return 2;
    }
    pal_log_init(PAL_LOG_DEBUG, 2);
    bool is_plain = strcmp(argv[3], "plain") == 0;
    const struct pal_twitch_options options = {
        .host = argv[1],
        .port = (uint16_t)strtoul(argv[2], NULL, 10),
        .tls = !is_plain,
        .ca_file = is_plain || strcmp(argv[3], "system") == 0 ? NULL : argv[3],
        .login = argv[4],
        .token = argv[5],
        .channels = (const char *const *)argv + 6,
        .news = on_news,
    };
    PAL_ASSERT(uv_loop_init(&loop) == 0);
    if (pal_twitch_open(&loop, &options, &parrot.room, &parrot.twitch, &error) != PAL_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    (void)uv_pipe_init(&loop, &parrot.input, 0);
    parrot.input.data = &parrot;
    (void)uv_pipe_open(&parrot.input, 0);
    (void)uv_read_start((uv_stream_t *)&parrot.input, on_alloc, on_input);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop) == 0 ? 0 : 3;
}
