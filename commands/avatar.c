/*
 * palabre avatar: a face without a drawing, at the other end of the avatar link. What other
 * programs would show, it keeps as numbers: for people who want to see what the companion sends,
 * and as the peer of the tests and benches.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "commands/command.h"
#include "output/avatar_decode.h"
#include "output/puppet_view.h"
#include "output/stage.h"
#include "util/log.h"
#include "util/text.h"

#define LOG_TOPIC "avatar"

struct avatar_flags {
    const char *host;
    unsigned port;
    unsigned frame_clock_hz;
    unsigned max_clients;
    unsigned idle_s;
    bool draws;
    const char *state; /* "json", "draw" or NULL: be the avatar */
};

struct avatar_run {
    struct pal_stage *stage;
    uv_signal_t signals[2];
    uv_timer_t redraw;
    bool draws;
};

static void
print_help(void)
{
    (void)printf(
        PAL_T(
            "usage: palabre avatar [options]\n"
            "A headless avatar: listens for the companion and keeps the face that it is sent.\n\n"
            "  --host ADDRESS     where it listens (127.0.0.1)\n"
            "  --port N           TCP port; 0 = any free one (%d)\n"
            "  --frame-clock HZ   answer once a frame, as Unity does; 0 = at once (0)\n"
            "  --max-clients N    clients at a time (16)\n"
            "  --idle SECONDS     close a client that is silent for so long; 0 = never (0)\n"
            "  --draw             draw the face in the terminal while it runs\n"
            "  --state json|draw  ask a running avatar for its face, print it and end\n"
            "  --help             this text\n",
            "usage : palabre avatar [options]\n"
            "Un avatar sans image : il attend le compagnon et garde le visage qu'on lui envoie.\n\n"
            "  --host ADRESSE     où il écoute (127.0.0.1)\n"
            "  --port N           port TCP ; 0 = n'importe lequel (%d)\n"
            "  --frame-clock HZ   répond une fois par image, comme Unity ; 0 = tout de suite (0)\n"
            "  --max-clients N    clients à la fois (16)\n"
            "  --idle SECONDES    ferme un client muet depuis ce temps ; 0 = jamais (0)\n"
            "  --draw             dessine le visage dans le terminal\n"
            "  --state json|draw  demande son visage à un avatar lancé, l'affiche et finit\n"
            "  --help             ce texte\n"),
        PAL_STAGE_PORT);
}

static bool
parse_count(const char *name, const char *text, unsigned max, unsigned *value)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text == '\0' || *text == '-' || *end != '\0' || number > max) {
        (void)fprintf(stderr,
                      PAL_T("palabre avatar: --%s must be a number from 0 to %u, not '%s'\n",
                            "palabre avatar : --%s doit être un nombre de 0 à %u, pas '%s'\n"),
                      name, max, text);
        return false;
    }
    *value = (unsigned)number;
    return true;
}

enum { FLAG_HOST = 256, FLAG_PORT, FLAG_CLOCK, FLAG_CLIENTS, FLAG_IDLE, FLAG_DRAW, FLAG_STATE };

static const struct option long_options[] = {
    {"host", required_argument, NULL, FLAG_HOST},
    {"port", required_argument, NULL, FLAG_PORT},
    {"frame-clock", required_argument, NULL, FLAG_CLOCK},
    {"max-clients", required_argument, NULL, FLAG_CLIENTS},
    {"idle", required_argument, NULL, FLAG_IDLE},
    {"draw", no_argument, NULL, FLAG_DRAW},
    {"state", required_argument, NULL, FLAG_STATE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Returns -1 to go on, else the exit status. */
static int
parse_flags(int argc, char **argv, struct avatar_flags *flags)
{
    int flag;
    bool good = true;
    optind = 1;
    while (good && (flag = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (flag) {
        case FLAG_HOST:
            flags->host = optarg;
            break;
        case FLAG_PORT:
            good = parse_count("port", optarg, 65535, &flags->port);
            break;
        case FLAG_CLOCK:
            good = parse_count("frame-clock", optarg, 1000, &flags->frame_clock_hz);
            break;
        case FLAG_CLIENTS:
            good = parse_count("max-clients", optarg, 1000, &flags->max_clients);
            break;
        case FLAG_IDLE:
            good = parse_count("idle", optarg, 86400, &flags->idle_s);
            break;
        case FLAG_DRAW:
            flags->draws = true;
            break;
        case FLAG_STATE:
            flags->state = optarg;
            good = strcmp(optarg, "json") == 0 || strcmp(optarg, "draw") == 0;
            if (!good) {
                (void)fprintf(stderr,
                              PAL_T("palabre avatar: --state takes json or draw, not '%s'\n",
                                    "palabre avatar : --state veut json ou draw, pas '%s'\n"),
                              optarg);
            }
            break;
        case 'h':
            print_help();
            return PAL_EXIT_OK;
        default:
            good = false;
        }
    }
    if (good && optind < argc) {
        (void)fprintf(stderr,
                      PAL_T("palabre avatar: what is '%s'? see --help\n",
                            "palabre avatar : que veut dire '%s' ? voir --help\n"),
                      argv[optind]);
        good = false;
    }
    return good ? -1 : PAL_EXIT_USAGE;
}

static void
on_signal(uv_signal_t *handle, int number)
{
    struct avatar_run *run = handle->data;
    pal_log_info("avatar stops", "signal=%d", number);
    pal_stage_close(run->stage);
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&run->signals[i], NULL);
    }
    uv_close((uv_handle_t *)&run->redraw, NULL);
}

static void
on_redraw(uv_timer_t *timer)
{
    struct avatar_run *run = timer->data;
    struct pal_buf buf;
    pal_buf_init(&buf, 4096);
    if (pal_buf_append_text(&buf, "\x1b[H\x1b[2J") == PAL_OK &&
        pal_puppet_draw(pal_stage_puppet(run->stage), &buf) == PAL_OK) {
        (void)fwrite(buf.data, 1, buf.len, stdout);
        (void)fflush(stdout);
    }
    pal_buf_finish(&buf);
}

static int
be_the_avatar(const struct avatar_flags *flags)
{
    uv_loop_t loop;
    struct avatar_run run = {.draws = flags->draws};
    struct pal_error error;
    struct pal_stage_options options = {
        .host = flags->host,
        .port = flags->port,
        .frame_clock_hz = flags->frame_clock_hz,
        .max_clients = flags->max_clients,
        .idle_us = (int64_t)flags->idle_s * 1000000,
    };
    (void)signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&loop) < 0) {
        return PAL_EXIT_FAILED;
    }
    int status = PAL_EXIT_OK;
    if (pal_stage_create(&loop, &options, &run.stage, &error) != PAL_OK) {
        (void)fprintf(stderr, "palabre avatar: %s\n", error.text);
        status = PAL_EXIT_CONFIG;
    } else {
        static const int numbers[2] = {SIGINT, SIGTERM};
        for (size_t i = 0; i < 2; i++) {
            (void)uv_signal_init(&loop, &run.signals[i]);
            run.signals[i].data = &run;
            (void)uv_signal_start(&run.signals[i], on_signal, numbers[i]);
        }
        (void)uv_timer_init(&loop, &run.redraw);
        run.redraw.data = &run;
        if (flags->draws) {
            (void)uv_timer_start(&run.redraw, on_redraw, 0, 100);
        }
        (void)printf(PAL_T("avatar listens on %s:%u\n", "l'avatar écoute sur %s:%u\n"), flags->host,
                     pal_stage_port(run.stage));
        (void)fflush(stdout);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    return status;
}

/* The face as the avatar told it, as far as a drawing needs it. */
static void
puppet_from_state(const struct pal_frame *frame, char *texts, struct pal_puppet *puppet)
{
    struct pal_wire wire;
    struct pal_wire_level levels[4];
    struct pal_slice key;
    pal_puppet_init(puppet, 1);
    pal_wire_init(&wire, frame->encoding, frame->at, frame->len, texts);
    /* {"state":{"expressions":{"Joy":{"value":0.5}}}}: anything else is passed over. */
    static const char *const path[2] = {"state", "expressions"};
    for (size_t depth = 0; depth < 2; depth++) {
        bool found = false;
        if (!pal_wire_enter(&wire, &levels[depth])) {
            return;
        }
        while (!found && pal_wire_next(&wire, &levels[depth]) > 0 && pal_wire_key(&wire, &key)) {
            found = key.len == strlen(path[depth]) && memcmp(key.at, path[depth], key.len) == 0;
            if (!found && !pal_wire_skip(&wire)) {
                return;
            }
        }
        if (!found) {
            return;
        }
    }
    if (!pal_wire_enter(&wire, &levels[2])) {
        return;
    }
    while (pal_wire_next(&wire, &levels[2]) > 0 && pal_wire_key(&wire, &key)) {
        enum pal_expression expression = pal_expression_find(key.at, key.len);
        if (!pal_wire_enter(&wire, &levels[3])) {
            return;
        }
        while (pal_wire_next(&wire, &levels[3]) > 0 && pal_wire_key(&wire, &key)) {
            double value;
            if (!pal_wire_number(&wire, &value, NULL)) {
                return;
            }
            if (expression < PAL_N_EXPRESSIONS && key.len == 5) {
                puppet->expressions[expression].value = (float)value;
            }
        }
    }
}

static int
print_state(const struct avatar_flags *flags, const struct pal_frame *frame)
{
    int status = PAL_EXIT_OK;
    if (strcmp(flags->state, "json") == 0) {
        (void)printf("%.*s\n", (int)frame->len, (const char *)frame->at);
        return status;
    }
    struct pal_puppet puppet;
    struct pal_buf buf;
    char *texts = malloc(frame->len + 1);
    pal_buf_init(&buf, 4096);
    if (texts != NULL) {
        puppet_from_state(frame, texts, &puppet);
        if (pal_puppet_draw(&puppet, &buf) == PAL_OK) {
            (void)fwrite(buf.data, 1, buf.len, stdout);
        }
    }
    pal_buf_finish(&buf);
    free(texts);
    return status;
}

/* Asks a running avatar; a second of patience at each step. */
static int
ask_state(const struct avatar_flags *flags)
{
    static const char request[] = "{\"command\":\"get_state\",\"data\":{}}\n";
    struct sockaddr_storage address = {0};
    socklen_t address_len = sizeof(struct sockaddr_in);
    if (uv_ip4_addr(flags->host, (int)flags->port, (struct sockaddr_in *)&address) < 0) {
        address_len = sizeof(struct sockaddr_in6);
        if (uv_ip6_addr(flags->host, (int)flags->port, (struct sockaddr_in6 *)&address) < 0) {
            address_len = 0;
        }
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 1};
    struct pal_frames frames;
    struct pal_frame frame;
    bool found = false;
    pal_frames_init(&frames);
    if (fd >= 0 && address_len > 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(fd, (struct sockaddr *)&address, address_len) == 0 &&
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(request) - 1) {
        for (;;) {
            unsigned char *room;
            size_t room_len;
            enum pal_err err = pal_frames_next(&frames, &frame);
            struct pal_avatar_reply reply;
            if (err == PAL_OK && pal_avatar_reply_decode(&frame, &reply) == PAL_OK &&
                reply.verb == PAL_AVATAR_GET_STATE) {
                found = true;
                break;
            }
            pal_frames_room(&frames, &room, &room_len);
            ssize_t n = err == PAL_ERR_AGAIN ? recv(fd, room, room_len, 0) : 0;
            if (n <= 0 && err != PAL_OK) {
                break;
            }
            pal_frames_filled(&frames, n > 0 ? (size_t)n : 0);
        }
    }
    int status = PAL_EXIT_FAILED;
    if (found) {
        status = print_state(flags, &frame);
    } else {
        (void)fprintf(stderr,
                      PAL_T("palabre avatar: no avatar answers on %s:%u\n",
                            "palabre avatar : aucun avatar ne répond sur %s:%u\n"),
                      flags->host, flags->port);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    pal_frames_finish(&frames);
    return status;
}

int
pal_command_avatar(int argc, char **argv)
{
    struct avatar_flags flags = {.host = "127.0.0.1", .port = PAL_STAGE_PORT};
    int status = parse_flags(argc, argv, &flags);
    if (status >= 0) {
        return status;
    }
    return flags.state != NULL ? ask_state(&flags) : be_the_avatar(&flags);
}
