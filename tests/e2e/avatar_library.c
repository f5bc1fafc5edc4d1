/*
 * libpalabre-avatar from outside: this program includes nothing but its header. Plays an avatar,
 * drives it, and says what went wrong with an exit status that is the line.
 *
 *     avatar_library PORT    PORT: a `palabre avatar` to drive as well
 */
#include <math.h>
#include <palabre/avatar.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(condition)                                         \
    do {                                                         \
        if (!(condition)) {                                      \
            (void)printf("line %d: %s\n", __LINE__, #condition); \
            exit(1);                                             \
        }                                                        \
    } while (0)

struct seen {
    pthread_mutex_t lock;
    float joy;
    int n_resets;
    int n_events;
    char path[64];
    float yaw;
};

static void
on_event(const struct palabre_stage_event *event, void *userdata)
{
    struct seen *seen = userdata;
    (void)pthread_mutex_lock(&seen->lock);
    seen->n_events++;
    if (event->kind == PALABRE_STAGE_EXPRESSION && strcmp(event->name, "joy") == 0) {
        seen->joy = event->value;
    } else if (event->kind == PALABRE_STAGE_RESET) {
        seen->n_resets++;
    } else if (event->kind == PALABRE_STAGE_LOAD_MODEL) {
        (void)snprintf(seen->path, sizeof(seen->path), "%s", event->name);
    } else if (event->kind == PALABRE_STAGE_HEAD) {
        seen->yaw = event->numbers[0];
    }
    (void)pthread_mutex_unlock(&seen->lock);
}

static struct palabre_avatar *
connect_to(unsigned port)
{
    struct palabre_avatar *avatar = NULL;
    struct palabre_avatar_options options = {.size = sizeof(options), .port = (uint16_t)port};
    CHECK(palabre_avatar_connect(&options, &avatar) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_wait(avatar, 20000) == PALABRE_AVATAR_OK);
    /* On a slow machine it may know of the other side's hello only later. */
    for (int ms = 0; palabre_avatar_is_connected(avatar) != 2 && ms < 60000; ms++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    CHECK(palabre_avatar_is_connected(avatar) == 2);
    return avatar;
}

static void
play_and_drive(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct palabre_stage *stage = NULL;
    struct palabre_stage_options options = {
        .size = sizeof(options), .on_event = on_event, .userdata = &seen};
    CHECK(palabre_stage_open(&options, &stage) == PALABRE_AVATAR_OK);
    struct palabre_avatar *avatar = connect_to(palabre_stage_port(stage));
    CHECK(palabre_avatar_set_expression(avatar, "happy", 0.25F) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_set_head(avatar, 500.0F, 0.0F, 0.0F) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_await(avatar, 20000) == PALABRE_AVATAR_OK);
    CHECK(seen.joy == 0.25F);
    CHECK(seen.yaw == 60.0F);
    CHECK(palabre_avatar_load_model(avatar, "modèle \"x\".vrm", 20000) == PALABRE_AVATAR_OK);
    CHECK(strcmp(seen.path, "modèle \"x\".vrm") == 0);

    CHECK(palabre_avatar_begin(avatar) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_reset_expressions(avatar) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_set_expression(avatar, "joy", 0.75F) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_await(avatar, 1) == PALABRE_AVATAR_BAD_ARGUMENT);
    CHECK(palabre_avatar_send(avatar, 20000) == PALABRE_AVATAR_OK);
    CHECK(seen.n_resets == 1 && seen.joy == 0.75F);
    CHECK(palabre_avatar_send(avatar, 1) == PALABRE_AVATAR_BAD_ARGUMENT);

    CHECK(palabre_avatar_unload_model(avatar, 20000) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_begin(avatar) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_set_expression(avatar, "fun", 1.0F) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_send(avatar, 20000) == PALABRE_AVATAR_REFUSED);

    palabre_stage_close(stage);
    CHECK(palabre_avatar_await(avatar, 20000) != PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_set_expression(avatar, "joy", 0.5F) == PALABRE_AVATAR_OK);
    palabre_avatar_close(avatar);
}

static void
refuse_nonsense(void)
{
    struct palabre_avatar *avatar = NULL;
    struct palabre_avatar_options options = {.size = sizeof(options), .host = "nowhere"};
    char long_name[80];
    memset(long_name, 'x', sizeof(long_name));
    long_name[79] = '\0';
    CHECK(palabre_avatar_connect(&options, &avatar) == PALABRE_AVATAR_BAD_ARGUMENT);
    options.size = 1;
    CHECK(palabre_avatar_connect(&options, &avatar) == PALABRE_AVATAR_BAD_ARGUMENT);
    options = (struct palabre_avatar_options){.size = sizeof(options), .port = 1};
    CHECK(palabre_avatar_connect(&options, &avatar) == PALABRE_AVATAR_OK);
    CHECK(palabre_avatar_wait(avatar, 50) == PALABRE_AVATAR_TIMEOUT);
    CHECK(palabre_avatar_is_connected(avatar) == 0);
    CHECK(palabre_avatar_await(avatar, 50) == PALABRE_AVATAR_NOT_CONNECTED);
    CHECK(palabre_avatar_set_expression(avatar, NULL, 1.0F) == PALABRE_AVATAR_BAD_ARGUMENT);
    CHECK(palabre_avatar_set_expression(avatar, "joy", NAN) == PALABRE_AVATAR_BAD_ARGUMENT);
    CHECK(palabre_avatar_set_expression(avatar, long_name, 1.0F) == PALABRE_AVATAR_BAD_ARGUMENT);
    CHECK(palabre_avatar_set_expression(avatar, "\xFF", 1.0F) == PALABRE_AVATAR_BAD_ARGUMENT);
    palabre_avatar_close(avatar);
    palabre_avatar_close(NULL);
    palabre_stage_close(NULL);
}

static void *
hammer(void *userdata)
{
    struct palabre_avatar *avatar = userdata;
    for (int i = 0; i < 2000; i++) {
        CHECK(palabre_avatar_set_expression(avatar, "joy", (float)(i % 100) / 100.0F) ==
              PALABRE_AVATAR_OK);
        if (i % 100 == 0) {
            CHECK(palabre_avatar_await(avatar, 20000) == PALABRE_AVATAR_OK);
        }
    }
    return NULL;
}

static void
drive_from_four_threads(unsigned port)
{
    struct palabre_avatar *avatar = connect_to(port);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, hammer, avatar) == 0);
    }
    for (size_t i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    CHECK(palabre_avatar_await(avatar, 20000) == PALABRE_AVATAR_OK);
    palabre_avatar_close(avatar);
}

int
main(int argc, char **argv)
{
    refuse_nonsense();
    play_and_drive();
    drive_from_four_threads(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5555);
    (void)printf("%s\n", palabre_avatar_describe(PALABRE_AVATAR_OK));
    return 0;
}
