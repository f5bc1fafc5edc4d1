/*
 * palabre run: the daemon. The one place that knows all parts: it creates them from the bottom up,
 * ties the engine's events to the scheduler, and ends them from the top down.
 *
 * Thread: the loop is the main thread. Stop (SIGINT, SIGTERM): no new connections, every turn ends,
 * the engine's process ends, then this one; a second signal leaves at once.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/feed.h"
#include "commands/command.h"
#include "commands/download.h"
#include "commands/face.h"
#include "commands/remember.h"
#include "commands/planning.h"
#include "commands/room_start.h"
#include "commands/startup.h"
#include "commands/switch.h"
#include "commands/switch_room.h"
#include "commands/twitch_start.h"
#include "engine/spare.h"
#include "output/promptness.h"
#include "util/mem.h"
#include "util/text.h"

#define LOG_TOPIC "run"
#include "util/log.h"

struct daemon {
    uv_loop_t loop;
    uv_signal_t on_int;
    uv_signal_t on_term;
    struct pal_startup startup;
    struct pal_metrics *metrics;
    struct pal_feed *feed;
    struct pal_download *download;
    struct pal_sched *sched;
    struct pal_companion *companion;
    struct pal_store *store;             /* NULL = conversations end with the program */
    struct pal_heart *heart;             /* NULL = nothing is known by heart */
    struct pal_performance *performance; /* NULL = no avatar is wanted */
    struct pal_room *room;
    struct pal_twitch *twitch; /* NULL = no channel is wanted */
    unsigned n_leaving;        /* of the two above, that are being closed */
    struct pal_access *access;
    struct pal_switch *engines;
    bool stopping;
    bool was_ready; /* the engine has been ready once: a later failure does not end the daemon */
    bool shows_progress;
    int status; /* exit status */
};

static const struct pal_config_request request = {
    .command = "run",
    .arguments = "",
    .about_en = "Start the companion: it answers on the address that is printed.",
    .about_fr = "Démarre le compagnon : il répond à l'adresse affichée.",
    .groups = PAL_GROUP_ALL,
};

/* Ending, top down: each step starts the next one when it is done. */

static void
on_engines_closed(void *userdata)
{
    struct daemon *daemon = userdata;
    daemon->engines = NULL;
    uv_close((uv_handle_t *)&daemon->on_int, NULL);
    uv_close((uv_handle_t *)&daemon->on_term, NULL);
}

static void
on_store_closed(void *userdata)
{
    struct daemon *daemon = userdata;
    daemon->store = NULL;
    pal_performance_close(daemon->performance);
    pal_switch_close(daemon->engines, on_engines_closed, daemon);
}

static void
on_companion_closed(void *userdata)
{
    struct daemon *daemon = userdata;
    daemon->companion = NULL;
    pal_store_close(daemon->store, on_store_closed, daemon);
}

static void
on_sched_closed(void *userdata)
{
    struct daemon *daemon = userdata;
    daemon->sched = NULL;
    pal_companion_close(daemon->companion, on_companion_closed, daemon);
}

static void
on_left(void *userdata)
{
    struct daemon *daemon = userdata;
    if (--daemon->n_leaving == 0) {
        daemon->room = NULL;
        daemon->twitch = NULL;
        pal_sched_close(daemon->sched, on_sched_closed, daemon);
    }
}

static void
on_access_closed(void *userdata)
{
    struct daemon *daemon = userdata;
    daemon->access = NULL;
    pal_download_close(daemon->download);
    /* The room first takes nothing more; then it is told what could not be said any more. */
    daemon->n_leaving = 2;
    pal_room_close(daemon->room, on_left, daemon);
    pal_twitch_close(daemon->twitch, on_left, daemon);
}

static void
stop(struct daemon *daemon, int status)
{
    if (daemon->stopping) {
        return;
    }
    daemon->stopping = true;
    daemon->status = status;
    pal_switch_stop(daemon->engines);
    pal_access_close(daemon->access, on_access_closed, daemon);
}

static void
on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    if (daemon->stopping) {
        /* Somebody insists. The engine's process ends by itself when this one is gone. */
        _exit(128 + number);
    }
    pal_log_info("stopping", "signal=%d waiting=%u running=%u", number,
                 pal_sched_n_waiting(daemon->sched), pal_sched_n_running(daemon->sched));
    stop(daemon, PAL_EXIT_OK);
}

/* The engine's own state, for the person who started it. */

static void
show_progress(struct daemon *daemon, float progress)
{
    if (daemon->shows_progress) {
        (void)fprintf(stderr,
                      PAL_T("\rloading the model: %3d %%", "\rchargement du modèle : %3d %%"),
                      (int)(progress * 100.0F));
    }
}

static void
show_ready(struct daemon *daemon, const struct pal_engine_facts *facts)
{
    if (daemon->shows_progress) {
        (void)fprintf(stderr, "\r\033[K");
    }
    if (!daemon->was_ready && facts->is_remote) {
        (void)printf(
            PAL_T("palabre: ready: %s, computed by %s\n", "palabre : prêt : %s, calculé par %s\n"),
            facts->model_name, facts->devices);
        (void)fflush(stdout);
    } else if (!daemon->was_ready) {
        (void)printf(PAL_T("palabre: ready: %s, %s, %u threads, %u tokens of context (%.1f s)\n",
                           "palabre : prêt : %s, %s, %u fils, %u jetons de contexte (%.1f s)\n"),
                     facts->model_name, facts->variant, facts->n_threads, facts->n_ctx_tokens,
                     (double)facts->load_us / (double)PAL_US_PER_S);
        (void)fflush(stdout);
    }
    char text[200];
    if (daemon->startup.model_path != NULL &&
        pal_planning_fell_short(&daemon->startup.plan, facts, text, sizeof(text))) {
        (void)fprintf(stderr, "palabre: %s\n", text);
    }
    daemon->was_ready = true;
}

static void
on_engine_event(const struct pal_event *event, void *userdata)
{
    struct daemon *daemon = userdata;
    if (daemon->sched != NULL) {
        pal_sched_on_event(event, daemon->sched);
    }
    if (event->kind != PAL_EVENT_STATE) {
        return;
    }
    if (daemon->access != NULL) {
        pal_access_engine_changed(daemon->access);
    }
    if (event->state == PAL_ENGINE_LOADING) {
        show_progress(daemon, event->progress);
    } else if (event->state == PAL_ENGINE_READY) {
        show_ready(daemon, &event->facts);
    } else if (event->state == PAL_ENGINE_FAILED && !daemon->stopping) {
        (void)fprintf(stderr, "%spalabre: %s\n", daemon->shows_progress ? "\r\033[K" : "",
                      event->error.text);
        if (!daemon->was_ready) {
            stop(daemon, PAL_EXIT_FAILED);
        }
    }
}

/* What the page's buttons do. */

static enum pal_err
on_pull(void *self, const char *name, struct pal_error *error)
{
    const struct daemon *daemon = self;
    return pal_download_start(daemon->download, name, error);
}

static void
on_cancel_pull(void *self)
{
    const struct daemon *daemon = self;
    pal_download_cancel(daemon->download);
}

static enum pal_err
on_switch_profile(void *self, const char *profile, struct pal_error *error)
{
    const struct daemon *daemon = self;
    return pal_switch_profile(daemon->engines, profile, error);
}

static enum pal_err
on_reload(void *self, struct pal_error *error)
{
    const struct daemon *daemon = self;
    return pal_switch_reload(daemon->engines, error);
}

static void
on_download(void *self, const struct pal_access_download *download)
{
    const struct daemon *daemon = self;
    if (daemon->access != NULL) {
        pal_access_show_download(daemon->access, download);
    }
}

/* Starting, bottom up. */

static enum pal_err
open_parts(struct daemon *daemon, struct pal_error *error)
{
    struct pal_startup *startup = &daemon->startup;
    daemon->metrics = pal_metrics_create();
    daemon->feed = pal_feed_create();
    daemon->download = pal_download_create(&daemon->loop, on_download, daemon);
    startup->sched.feed = daemon->feed;
    startup->companion.feed = daemon->feed;
    startup->access.feed = daemon->feed;
    enum pal_err err =
        pal_sched_create(&daemon->loop, &startup->sched, daemon->metrics, &daemon->sched, error);
    if (err == PAL_OK) {
        err = pal_remember_open(&daemon->loop, &startup->config, &daemon->store, &daemon->heart,
                                error);
    }
    if (err == PAL_OK) {
        startup->companion.store = daemon->store;
        startup->companion.heart = daemon->heart;
        err = pal_companion_create(&daemon->loop, &startup->companion, daemon->sched,
                                   &daemon->companion, error);
    }
    if (err == PAL_OK) {
        err = pal_face_open(&daemon->loop, &startup->config, &daemon->performance, error);
    }
    if (err == PAL_OK) {
        err = pal_room_start(&daemon->loop, &startup->config, daemon->companion, daemon->heart,
                             daemon->metrics, &daemon->room, error);
    }
    /* The port before all that waits for the model: "already in use" must not cost a person half a
     * minute. What loads already (begin_loading()) is ended at once then. */
    if (err == PAL_OK) {
        startup->access.starter = startup->starter;
        startup->access.performance = daemon->performance;
        startup->access.room = startup->config.twitch.channels.n > 0 ? daemon->room : NULL;
        err = pal_access_open(&daemon->loop, &startup->access, daemon->sched, daemon->companion,
                              daemon->metrics, &daemon->access, error);
    }
    if (err == PAL_OK) {
        const struct pal_switch_parts parts = {
            .startup = startup,
            .sched = daemon->sched,
            .companion = daemon->companion,
            .access = daemon->access,
            .on_event = on_engine_event,
            .userdata = daemon,
        };
        err = pal_switch_open(&daemon->loop, &parts, &daemon->engines, error);
    }
    if (err == PAL_OK) {
        const struct pal_access_controls controls = {
            .pull = on_pull,
            .cancel_pull = on_cancel_pull,
            .switch_profile = on_switch_profile,
            .reload = on_reload,
            .self = daemon,
        };
        pal_access_set_controls(daemon->access, &controls);
        err =
            pal_twitch_start(&daemon->loop, &startup->config, daemon->room, &daemon->twitch, error);
    }
    return err;
}

static void
start_signals(struct daemon *daemon)
{
    (void)uv_signal_init(&daemon->loop, &daemon->on_int);
    (void)uv_signal_init(&daemon->loop, &daemon->on_term);
    daemon->on_int.data = daemon;
    daemon->on_term.data = daemon;
    (void)uv_signal_start(&daemon->on_int, on_signal, SIGINT);
    (void)uv_signal_start(&daemon->on_term, on_signal, SIGTERM);
}

static void
show_address(const struct daemon *daemon)
{
    const char *host = daemon->startup.access.host;
    bool v6 = strchr(host, ':') != NULL;
    (void)printf(PAL_T("palabre: listening on http://%s%s%s:%u\n",
                       "palabre : à l'écoute sur http://%s%s%s:%u\n"),
                 v6 ? "[" : "", host, v6 ? "]" : "", pal_access_port(daemon->access));
    if (daemon->startup.starter) {
        (void)printf(PAL_T("palabre: this is the small starter model; for a bigger one: "
                           "palabre model pull qwen2.5-3b-instruct\n",
                           "palabre : ceci est le petit modèle de départ ; pour un plus grand : "
                           "palabre model pull qwen2.5-3b-instruct\n"));
    }
    (void)fflush(stdout);
}

/* The model is loaded while the rest is opened: of that, a store of conversations takes longest. */
static void
begin_loading(const struct pal_startup *startup)
{
    struct pal_engine_options options;
    (void)pal_room_first_engine(startup, &options);
    pal_spare_brief(startup->spare, &options);
}

int
pal_command_run(int argc, char **argv)
{
    struct daemon *daemon = pal_calloc(1, sizeof(*daemon));
    PAL_ASSERT(uv_loop_init(&daemon->loop) == 0);
    if (!pal_startup_init(&daemon->startup, &request, argc, argv, &daemon->loop, &daemon->status)) {
        int status = daemon->status;
        PAL_ASSERT(uv_loop_close(&daemon->loop) == 0);
        free(daemon);
        return status;
    }
    begin_loading(&daemon->startup);
    daemon->shows_progress = isatty(STDERR_FILENO) == 1;
    start_signals(daemon);
    (void)pal_prompt_thread(); /* the face must not wait for the engine's threads */
    struct pal_error error = {.code = PAL_OK};
    enum pal_err err = open_parts(daemon, &error);
    pal_startup_end_spare(&daemon->startup);
    if (err == PAL_OK) {
        show_address(daemon);
    } else {
        (void)fprintf(stderr, "palabre: %s\n", error.text);
        stop(daemon, err == PAL_ERR_CONFIG ? PAL_EXIT_CONFIG : PAL_EXIT_FAILED);
    }
    (void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
    PAL_ASSERT(uv_loop_close(&daemon->loop) == 0);
    pal_heart_destroy(daemon->heart);
    pal_metrics_destroy(daemon->metrics);
    pal_feed_destroy(daemon->feed);
    pal_startup_finish(&daemon->startup);
    int status = daemon->status;
    free(daemon);
    return status;
}
