/*
 * libpalabre-avatar, the driving half: the dialogue under a lock, a thread that waits for the
 * socket. What can be sent is sent by the caller's own thread, without blocking; only what the
 * socket does not take is left to ours.
 */
#include "palabre/avatar.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "output/client/address.h"
#include "output/dialogue.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/utf8.h"

#define RETRY_FIRST_US (50 * PAL_US_PER_MS)
#define RETRY_MAX_US   (250 * PAL_US_PER_MS)

/* Room for the texts of a batch in the making: names and paths. */
#define BATCH_TEXTS_MAX ((size_t)128 * 1024)

struct palabre_avatar {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* connected, settled, gone, or a request has ended */
    pthread_t thread;
    int wake_fd;
    bool is_closing;
    struct sockaddr_storage address;
    socklen_t address_len;

    int fd; /* -1 = none */
    bool is_connecting;
    int64_t retry_us;      /* when to try again */
    int64_t retry_wait_us; /* how long the next wait is */
    struct pal_dialogue *dialogue;
    struct pal_buf sending;
    size_t n_sent;

    bool is_batching;
    struct pal_avatar_command *batch;
    size_t n_batch;
    char *texts; /* of the batch's commands */
    size_t n_texts;
};

/* A call that waits for its answer. */
struct wait {
    struct palabre_avatar *avatar;
    bool is_over;
    int result;
};

const char *
palabre_avatar_describe(int result)
{
    static const char *const texts[] = {
        "all is well",
        "no avatar is there",
        "too much waits to be sent",
        "a value or text that can't be sent",
        "the avatar did not answer in time",
        "the avatar answered that it can't",
        "this avatar never answers that",
        "the system refused a thread, a socket or the port",
    };
    return result <= 0 && result > -(int)PAL_COUNT_OF(texts) ? texts[-result] : "unknown result";
}

static int
result_of(enum pal_err err)
{
    switch (err) {
    case PAL_OK:
        return PALABRE_AVATAR_OK;
    case PAL_ERR_CLOSED:
        return PALABRE_AVATAR_NOT_CONNECTED;
    case PAL_ERR_BUSY:
        return PALABRE_AVATAR_BUSY;
    case PAL_ERR_TIMEOUT:
        return PALABRE_AVATAR_TIMEOUT;
    case PAL_ERR_UNSUPPORTED:
        return PALABRE_AVATAR_UNSUPPORTED;
    default:
        return PALABRE_AVATAR_BAD_ARGUMENT;
    }
}

/* --- the connection; called with the lock held --- */

static void
hang_up_locked(struct palabre_avatar *avatar)
{
    if (avatar->fd >= 0) {
        (void)close(avatar->fd);
        avatar->fd = -1;
    }
    avatar->is_connecting = false;
    pal_buf_clear(&avatar->sending);
    avatar->n_sent = 0;
    pal_dialogue_disconnected(avatar->dialogue);
    int64_t wait_us = avatar->retry_wait_us * 2;
    avatar->retry_wait_us = wait_us < RETRY_FIRST_US ? RETRY_FIRST_US
                            : wait_us > RETRY_MAX_US ? RETRY_MAX_US
                                                     : wait_us;
    avatar->retry_us = pal_now_us() + avatar->retry_wait_us;
    (void)pthread_cond_broadcast(&avatar->changed);
}

/* True if all that was due has gone. */
static bool
send_locked(struct palabre_avatar *avatar)
{
    for (;;) {
        if (avatar->fd < 0 || avatar->is_connecting) {
            return true;
        }
        if (avatar->sending.len == 0) {
            if (!pal_dialogue_has_output(avatar->dialogue)) {
                return true;
            }
            pal_dialogue_output(avatar->dialogue, &avatar->sending);
            avatar->n_sent = 0;
        }
        ssize_t n = send(avatar->fd, avatar->sending.data + avatar->n_sent,
                         avatar->sending.len - avatar->n_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return false;
        }
        if (n < 0) {
            hang_up_locked(avatar);
            return true;
        }
        avatar->n_sent += (size_t)n;
        if (avatar->n_sent == avatar->sending.len) {
            pal_buf_clear(&avatar->sending);
        }
    }
}

static void
wake(struct palabre_avatar *avatar)
{
    uint64_t one = 1;
    ssize_t n = write(avatar->wake_fd, &one, sizeof(one));
    (void)n; /* full: it is awake already */
}

static void
connect_locked(struct palabre_avatar *avatar)
{
    avatar->fd = socket(avatar->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (avatar->fd < 0) {
        hang_up_locked(avatar);
        return;
    }
    avatar->is_connecting = true;
    if (connect(avatar->fd, (struct sockaddr *)&avatar->address, avatar->address_len) < 0 &&
        errno != EINPROGRESS) {
        hang_up_locked(avatar);
    }
}

static void
connected_locked(struct palabre_avatar *avatar)
{
    int error = 0;
    int one = 1;
    socklen_t error_len = sizeof(error);
    struct sockaddr_storage here = {0};
    socklen_t here_len = sizeof(here);
    if (getsockopt(avatar->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0 || error != 0 ||
        getsockname(avatar->fd, (struct sockaddr *)&here, &here_len) < 0 ||
        memcmp(&here, &avatar->address, avatar->address_len) == 0) { /* connected to itself */
        hang_up_locked(avatar);
        return;
    }
    (void)setsockopt(avatar->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    avatar->is_connecting = false;
    avatar->retry_wait_us = 0;
    pal_dialogue_connected(avatar->dialogue, pal_now_us());
    (void)send_locked(avatar);
}

static void
receive_locked(struct palabre_avatar *avatar)
{
    unsigned char *bytes;
    size_t len;
    pal_dialogue_room(avatar->dialogue, &bytes, &len);
    ssize_t n = recv(avatar->fd, bytes, len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0 || pal_dialogue_input(avatar->dialogue, (size_t)n, pal_now_us()) != PAL_OK) {
        hang_up_locked(avatar);
        return;
    }
    (void)pthread_cond_broadcast(&avatar->changed);
    (void)send_locked(avatar);
}

static int
poll_wait_ms(const struct palabre_avatar *avatar)
{
    int64_t due_us = avatar->fd < 0 ? avatar->retry_us : pal_dialogue_tick_due_us(avatar->dialogue);
    if (due_us == INT64_MAX) {
        return -1;
    }
    int64_t wait_us = due_us - pal_now_us();
    return wait_us <= 0 ? 0 : (int)(wait_us / 1000 + 1);
}

static void *
run(void *userdata)
{
    struct palabre_avatar *avatar = userdata;
    (void)pthread_mutex_lock(&avatar->lock);
    while (!avatar->is_closing) {
        if (avatar->fd < 0 && pal_now_us() >= avatar->retry_us) {
            connect_locked(avatar);
        }
        if (avatar->fd >= 0 && pal_dialogue_tick(avatar->dialogue, pal_now_us()) != PAL_OK) {
            hang_up_locked(avatar);
        }
        (void)pthread_cond_broadcast(&avatar->changed); /* settled, or a request was too late */
        bool is_all_sent = send_locked(avatar);
        struct pollfd fds[2] = {{.fd = avatar->wake_fd, .events = POLLIN},
                                {.fd = avatar->fd, .events = POLLIN}};
        if (avatar->is_connecting || !is_all_sent) {
            fds[1].events |= POLLOUT;
        }
        int wait_ms = poll_wait_ms(avatar);
        (void)pthread_mutex_unlock(&avatar->lock);
        (void)poll(fds, fds[1].fd >= 0 ? 2 : 1, wait_ms);
        (void)pthread_mutex_lock(&avatar->lock);
        if (fds[0].revents != 0) {
            uint64_t count;
            ssize_t n = read(avatar->wake_fd, &count, sizeof(count));
            (void)n;
        }
        if (fds[1].fd < 0 || fds[1].fd != avatar->fd || fds[1].revents == 0) {
            continue;
        }
        if (avatar->is_connecting) {
            connected_locked(avatar);
        } else if ((fds[1].revents & ~POLLOUT) != 0) {
            receive_locked(avatar);
        }
    }
    (void)pthread_mutex_unlock(&avatar->lock);
    return NULL;
}

/* --- opening and closing --- */

static void
avatar_free(struct palabre_avatar *avatar)
{
    if (avatar->fd >= 0) {
        (void)close(avatar->fd);
    }
    if (avatar->wake_fd >= 0) {
        (void)close(avatar->wake_fd);
    }
    pal_dialogue_destroy(avatar->dialogue);
    pal_buf_finish(&avatar->sending);
    (void)pthread_cond_destroy(&avatar->changed);
    (void)pthread_mutex_destroy(&avatar->lock);
    free(avatar->batch);
    free(avatar->texts);
    free(avatar);
}

int
palabre_avatar_connect(const struct palabre_avatar_options *options,
                       struct palabre_avatar **created)
{
    pthread_condattr_t clock;
    struct palabre_avatar_options given = {.size = sizeof(given)};
    if (created == NULL || (options != NULL && options->size < sizeof(given))) {
        return PALABRE_AVATAR_BAD_ARGUMENT;
    }
    if (options != NULL) {
        given = *options;
    }
    struct palabre_avatar *avatar = pal_calloc(1, sizeof(*avatar));
    avatar->fd = -1;
    avatar->dialogue = pal_dialogue_create(given.plain != 0);
    pal_buf_init(&avatar->sending, PAL_DIALOGUE_OUT_MAX);
    (void)pthread_mutex_init(&avatar->lock, NULL);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&avatar->changed, &clock);
    (void)pthread_condattr_destroy(&clock);
    avatar->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    avatar->address_len =
        palabre_address(given.host, given.port != 0 ? given.port : 5555, &avatar->address);
    int result = PALABRE_AVATAR_OK;
    if (avatar->address_len == 0) {
        result = PALABRE_AVATAR_BAD_ARGUMENT;
    } else if (avatar->wake_fd < 0 || pthread_create(&avatar->thread, NULL, run, avatar) != 0) {
        result = PALABRE_AVATAR_SYSTEM;
    }
    if (result != PALABRE_AVATAR_OK) {
        avatar_free(avatar);
        return result;
    }
    *created = avatar;
    return PALABRE_AVATAR_OK;
}

void
palabre_avatar_close(struct palabre_avatar *avatar)
{
    if (avatar == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&avatar->lock);
    avatar->is_closing = true;
    (void)pthread_mutex_unlock(&avatar->lock);
    wake(avatar);
    (void)pthread_join(avatar->thread, NULL);
    avatar_free(avatar);
}

/* Waits for `changed`; false when the time is up. */
static bool
wait_locked(struct palabre_avatar *avatar, int64_t until_us)
{
    struct timespec until = {.tv_sec = (time_t)(until_us / PAL_US_PER_S),
                             .tv_nsec = (long)(until_us % PAL_US_PER_S) * 1000};
    return pthread_cond_timedwait(&avatar->changed, &avatar->lock, &until) != ETIMEDOUT;
}

static int
wait_settled_locked(struct palabre_avatar *avatar, int64_t until_us)
{
    while (!pal_dialogue_is_settled(avatar->dialogue)) {
        if (!wait_locked(avatar, until_us)) {
            return PALABRE_AVATAR_TIMEOUT;
        }
    }
    return PALABRE_AVATAR_OK;
}

int
palabre_avatar_wait(struct palabre_avatar *avatar, int timeout_ms)
{
    (void)pthread_mutex_lock(&avatar->lock);
    int result = wait_settled_locked(avatar, pal_now_us() + (int64_t)timeout_ms * PAL_US_PER_MS);
    (void)pthread_mutex_unlock(&avatar->lock);
    return result;
}

int
palabre_avatar_is_connected(struct palabre_avatar *avatar)
{
    (void)pthread_mutex_lock(&avatar->lock);
    int state = !pal_dialogue_is_settled(avatar->dialogue) ? 0
                : pal_dialogue_is_modern(avatar->dialogue) ? 2
                                                           : 1;
    (void)pthread_mutex_unlock(&avatar->lock);
    return state;
}

/* --- commands --- */

static void
on_answer(enum pal_err err, const struct pal_avatar_reply *reply, void *userdata)
{
    struct wait *wait = userdata;
    wait->is_over = true;
    wait->result = err != PAL_OK  ? result_of(err)
                   : reply->is_ok ? PALABRE_AVATAR_OK
                                  : PALABRE_AVATAR_REFUSED;
    (void)pthread_cond_broadcast(&wait->avatar->changed);
}

/* The dialogue ends every request, at its deadline at the latest; the thread sees to that. */
static int
answer_locked(struct palabre_avatar *avatar, struct wait *wait)
{
    (void)send_locked(avatar);
    wake(avatar); /* it has a deadline to watch now */
    while (!wait->is_over) {
        (void)pthread_cond_wait(&avatar->changed, &avatar->lock);
    }
    return wait->result;
}

/* A batch's texts are copied to where they stay until it is sent. */
static int
collect_locked(struct palabre_avatar *avatar, const struct pal_avatar_command *command)
{
    if (avatar->n_batch == PAL_AVATAR_BATCH_MAX ||
        command->text_len > BATCH_TEXTS_MAX - avatar->n_texts) {
        return PALABRE_AVATAR_BUSY;
    }
    struct pal_avatar_command *kept = &avatar->batch[avatar->n_batch++];
    *kept = *command;
    if (command->text != NULL) {
        kept->text = avatar->texts + avatar->n_texts;
        memcpy(avatar->texts + avatar->n_texts, command->text, command->text_len);
        avatar->n_texts += command->text_len;
    }
    return PALABRE_AVATAR_OK;
}

static int
give(struct palabre_avatar *avatar, const struct pal_avatar_command *command, int timeout_ms)
{
    int result;
    int64_t deadline_us = pal_now_us() + (int64_t)timeout_ms * PAL_US_PER_MS;
    struct wait wait = {.avatar = avatar};
    (void)pthread_mutex_lock(&avatar->lock);
    if (avatar->is_batching) {
        result = timeout_ms > 0 ? PALABRE_AVATAR_BAD_ARGUMENT : collect_locked(avatar, command);
    } else if (timeout_ms > 0) {
        result = pal_dialogue_is_connected(avatar->dialogue)
                     ? wait_settled_locked(avatar, deadline_us)
                     : PALABRE_AVATAR_NOT_CONNECTED;
        if (result == PALABRE_AVATAR_OK) {
            result = result_of(
                pal_dialogue_request(avatar->dialogue, command, deadline_us, on_answer, &wait));
        }
        if (result == PALABRE_AVATAR_OK) {
            result = answer_locked(avatar, &wait);
        }
    } else {
        result = result_of(pal_dialogue_post(avatar->dialogue, command));
        if (result == PALABRE_AVATAR_OK && !send_locked(avatar)) {
            wake(avatar);
        }
    }
    (void)pthread_mutex_unlock(&avatar->lock);
    return result;
}

/* Sets the command's text if it is one. */
static bool
set_text(struct pal_avatar_command *command, const char *text, size_t max_bytes)
{
    size_t len = text != NULL ? strnlen(text, max_bytes + 1) : 0;
    if (len == 0 || len > max_bytes || !pal_utf8_valid(text, len)) {
        return false;
    }
    command->expression = PAL_EXPRESSION_CUSTOM;
    command->text = text;
    command->text_len = len;
    return true;
}

static float
clamped(float value, float low, float high)
{
    return fminf(fmaxf(value, low), high);
}

int
palabre_avatar_set_expression(struct palabre_avatar *avatar, const char *name, float weight)
{
    struct pal_avatar_command command = {.verb = PAL_AVATAR_SET_EXPRESSION,
                                         .value = clamped(weight, 0.0F, 1.0F)};
    if (!isfinite(weight) || !set_text(&command, name, PAL_EXPRESSION_NAME_MAX)) {
        return PALABRE_AVATAR_BAD_ARGUMENT;
    }
    command.expression = pal_expression_find(name, command.text_len);
    if (command.expression == PAL_EXPRESSION_NEUTRAL) {
        return palabre_avatar_reset_expressions(avatar);
    }
    if (command.expression != PAL_EXPRESSION_CUSTOM) {
        command.text = NULL;
        command.text_len = 0;
    }
    return give(avatar, &command, 0);
}

int
palabre_avatar_reset_expressions(struct palabre_avatar *avatar)
{
    return give(avatar, &(struct pal_avatar_command){.verb = PAL_AVATAR_RESET_EXPRESSIONS}, 0);
}

int
palabre_avatar_set_speed(struct palabre_avatar *avatar, float speed)
{
    struct pal_avatar_command command = {.verb = PAL_AVATAR_SET_TRANSITION_SPEED,
                                         .value = clamped(speed, 0.1F, 10.0F)};
    return isfinite(speed) ? give(avatar, &command, 0) : PALABRE_AVATAR_BAD_ARGUMENT;
}

int
palabre_avatar_set_blink(struct palabre_avatar *avatar, int enabled)
{
    struct pal_avatar_command command = {.verb = PAL_AVATAR_SET_AUTO_BLINK,
                                         .enabled = enabled != 0};
    return give(avatar, &command, 0);
}

int
palabre_avatar_set_head_movement(struct palabre_avatar *avatar, int enabled, float min_interval_s,
                                 float max_interval_s, float max_angle_deg)
{
    struct pal_avatar_command command = {.verb = PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT,
                                         .enabled = enabled != 0,
                                         .numbers = {clamped(min_interval_s, 2.0F, 10.0F),
                                                     clamped(max_interval_s, 3.0F, 15.0F),
                                                     clamped(max_angle_deg, 2.0F, 15.0F)}};
    if (!isfinite(min_interval_s) || !isfinite(max_interval_s) || !isfinite(max_angle_deg)) {
        return PALABRE_AVATAR_BAD_ARGUMENT;
    }
    return give(avatar, &command, 0);
}

int
palabre_avatar_set_head(struct palabre_avatar *avatar, float yaw_deg, float pitch_deg,
                        float roll_deg)
{
    struct pal_avatar_command command = {.verb = PAL_AVATAR_SET_HEAD,
                                         .numbers = {clamped(yaw_deg, -60.0F, 60.0F),
                                                     clamped(pitch_deg, -45.0F, 45.0F),
                                                     clamped(roll_deg, -45.0F, 45.0F)}};
    if (!isfinite(yaw_deg) || !isfinite(pitch_deg) || !isfinite(roll_deg)) {
        return PALABRE_AVATAR_BAD_ARGUMENT;
    }
    return give(avatar, &command, 0);
}

int
palabre_avatar_load_model(struct palabre_avatar *avatar, const char *path, int timeout_ms)
{
    struct pal_avatar_command command = {.verb = PAL_AVATAR_LOAD_MODEL};
    return set_text(&command, path, PAL_AVATAR_TEXT_MAX - 1) ? give(avatar, &command, timeout_ms)
                                                             : PALABRE_AVATAR_BAD_ARGUMENT;
}

int
palabre_avatar_unload_model(struct palabre_avatar *avatar, int timeout_ms)
{
    return give(avatar, &(struct pal_avatar_command){.verb = PAL_AVATAR_UNLOAD_MODEL}, timeout_ms);
}

int
palabre_avatar_animate(struct palabre_avatar *avatar, const char *name, int timeout_ms)
{
    struct pal_avatar_command command = {.verb = PAL_AVATAR_ANIMATION};
    return set_text(&command, name, PAL_EXPRESSION_NAME_MAX) ? give(avatar, &command, timeout_ms)
                                                             : PALABRE_AVATAR_BAD_ARGUMENT;
}

int
palabre_avatar_await(struct palabre_avatar *avatar, int timeout_ms)
{
    return give(avatar, &(struct pal_avatar_command){.verb = PAL_AVATAR_PING},
                timeout_ms > 0 ? timeout_ms : 1);
}

int
palabre_avatar_begin(struct palabre_avatar *avatar)
{
    (void)pthread_mutex_lock(&avatar->lock);
    if (avatar->batch == NULL) {
        avatar->batch = pal_calloc(PAL_AVATAR_BATCH_MAX, sizeof(*avatar->batch));
        avatar->texts = pal_calloc(BATCH_TEXTS_MAX, 1);
    }
    avatar->is_batching = true;
    avatar->n_batch = 0;
    avatar->n_texts = 0;
    (void)pthread_mutex_unlock(&avatar->lock);
    return PALABRE_AVATAR_OK;
}

int
palabre_avatar_send(struct palabre_avatar *avatar, int timeout_ms)
{
    int64_t deadline_us = pal_now_us() + (int64_t)timeout_ms * PAL_US_PER_MS;
    struct wait wait = {.avatar = avatar};
    int result = PALABRE_AVATAR_OK;
    (void)pthread_mutex_lock(&avatar->lock);
    if (!avatar->is_batching || avatar->n_batch == 0) {
        result = PALABRE_AVATAR_BAD_ARGUMENT;
    } else if (!pal_dialogue_is_connected(avatar->dialogue)) {
        result = PALABRE_AVATAR_NOT_CONNECTED;
    } else if (timeout_ms > 0) {
        result = wait_settled_locked(avatar, deadline_us);
    }
    if (result == PALABRE_AVATAR_OK) {
        result =
            result_of(pal_dialogue_batch(avatar->dialogue, avatar->batch, avatar->n_batch,
                                         deadline_us, timeout_ms > 0 ? on_answer : NULL, &wait));
    }
    avatar->is_batching = false;
    if (result == PALABRE_AVATAR_OK && timeout_ms > 0) {
        result = answer_locked(avatar, &wait);
    } else if (result == PALABRE_AVATAR_OK && !send_locked(avatar)) {
        wake(avatar);
    }
    (void)pthread_mutex_unlock(&avatar->lock);
    return result;
}
