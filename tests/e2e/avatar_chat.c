/*
 * A companion that talks for ever, without a model: a scripted reply, a piece each 20 ms, performed
 * on one link. For the tests that look at the link from outside.
 *
 *     avatar_chat tcp PORT        the avatar link
 *     avatar_chat vmc PORT NAMES  VMC; NAMES is vrm0, vrm1 or both, with a '-' behind: no bundles
 *
 * Ends when its standard input does, and prints the number of pieces said and read.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "output/link_tcp.h"
#include "output/link_vmc.h"
#include "output/performance.h"
#include "util/log.h"

static const char *const script[] = {"[jo", "y:0.75] Tu", " as", " raison", ", on",   " y",
                                     " va", " !",         " Et", " puis",   " voila", ".\n"};

#define N_PIECES (sizeof(script) / sizeof(script[0]))

struct chat {
    uv_loop_t loop;
    uv_timer_t timer;
    uv_pipe_t input;
    struct pal_performance *performance;
    struct pal_sink reply;
    size_t next;
    unsigned n_replies;
    unsigned n_right; /* replies that were read as they should */
    char text[256];
};

static void
on_text(void *self, const char *text, size_t len)
{
    struct chat *chat = self;
    size_t at = strlen(chat->text);
    (void)snprintf(chat->text + at, sizeof(chat->text) - at, "%.*s", (int)len, text);
}

static void
on_end(void *self, const struct pal_turn_end *ended)
{
    struct chat *chat = self;
    chat->n_replies++;
    if (ended->outcome == PAL_OUTCOME_DONE &&
        strcmp(chat->text, "Tu as raison, on y va ! Et puis voila.\n") == 0) {
        chat->n_right++;
    }
}

static void
say_next(struct chat *chat)
{
    static const struct pal_sink_ops reader_ops = {NULL, on_text, on_end};
    static const struct pal_turn_end done = {.outcome = PAL_OUTCOME_DONE, .finish_reason = "stop"};
    if (chat->next == 0) {
        chat->text[0] = '\0';
        chat->reply = pal_performance_wrap(chat->performance, "terminal:me", "hm", 2,
                                           (struct pal_sink){&reader_ops, chat});
    }
    const char *piece = script[chat->next];
    chat->reply.ops->text(chat->reply.self, piece, strlen(piece));
    chat->next = (chat->next + 1) % N_PIECES;
    if (chat->next == 0) {
        chat->reply.ops->end(chat->reply.self, &done);
    }
}

static void
on_tick(uv_timer_t *timer)
{
    say_next(timer->data);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char bytes[64];
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(bytes, sizeof(bytes));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct chat *chat = stream->data;
    (void)buf;
    if (n < 0) {
        while (chat->next != 0) {
            say_next(chat);
        }
        uv_close((uv_handle_t *)&chat->timer, NULL);
        uv_close((uv_handle_t *)&chat->input, NULL);
        pal_performance_close(chat->performance);
    }
}

static bool
open_link(struct chat *chat, int argc, char **argv)
{
    struct pal_error error = {.text = ""};
    unsigned port = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (argc == 3 && strcmp(argv[1], "tcp") == 0) {
        struct pal_link_tcp *link;
        struct pal_link_tcp_options options = {.port = port};
        return pal_link_tcp_create(&chat->loop, &options, &link, &error) == PAL_OK &&
               pal_performance_add_link(chat->performance, pal_link_tcp_link(link));
    }
    if (argc == 4 && strcmp(argv[1], "vmc") == 0) {
        struct pal_link_vmc *link;
        struct pal_link_vmc_options options = {
            .port = port,
            .names = strncmp(argv[3], "vrm0", 4) == 0   ? PAL_VMC_VRM0
                     : strncmp(argv[3], "vrm1", 4) == 0 ? PAL_VMC_VRM1
                                                        : PAL_VMC_BOTH,
            .no_bundles = argv[3][strlen(argv[3]) - 1] == '-',
        };
        return pal_link_vmc_create(&chat->loop, &options, &link, &error) == PAL_OK &&
               pal_performance_add_link(chat->performance, pal_link_vmc_link(link));
    }
    return false;
}

int
main(int argc, char **argv)
{
    static struct chat chat;
    struct pal_performance_options options = {
        .hold_us = INT64_C(3600) * 1000000, .auto_blink = true, .auto_head = true};
    (void)signal(SIGPIPE, SIG_IGN);
    pal_log_init(PAL_LOG_WARN, 2);
    (void)uv_loop_init(&chat.loop);
    chat.performance = pal_performance_create(&chat.loop, &options);
    if (!open_link(&chat, argc, argv)) {
        return 2;
    }
    (void)uv_timer_init(&chat.loop, &chat.timer);
    chat.timer.data = &chat;
    (void)uv_timer_start(&chat.timer, on_tick, 0, 20);
    (void)uv_pipe_init(&chat.loop, &chat.input, 0);
    chat.input.data = &chat;
    (void)uv_pipe_open(&chat.input, 0);
    (void)uv_read_start((uv_stream_t *)&chat.input, on_alloc, on_read);
    (void)uv_run(&chat.loop, UV_RUN_DEFAULT);
    (void)printf("%u replies, %u read right\n", chat.n_replies, chat.n_right);
    return uv_loop_close(&chat.loop) == 0 && chat.n_right == chat.n_replies ? 0 : 1;
}
