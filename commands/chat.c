/*
 * palabre chat: the companion in a terminal, or in a pipe (each line in is a line said, each reply
 * goes to standard output, everything else to standard error).
 *
 * One loop, run by whoever waits: for the model, for a line (chat_input.c), for a reply.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/companion.h"
#include "chat/metrics.h"
#include "chat/sched.h"
#include "commands/chat_input.h"
#include "commands/chat_screen.h"
#include "commands/command.h"
#include "commands/engines.h"
#include "commands/face.h"
#include "commands/model_file.h"
#include "commands/remember.h"
#include "commands/planning.h"
#include "commands/startup.h"
#include "config/option.h"
#include "output/promptness.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/text.h"

#define CONVERSATION "terminal"

enum signal_index {
    ON_INT,
    ON_TERM,
    ON_HUP,
    ON_WINCH,
    ON_CONT,
    N_SIGNALS,
};

struct chat {
    struct pal_startup startup;
    uv_loop_t loop;
    struct pal_metrics *metrics;
    struct pal_engine *engine;
    struct pal_sched *sched;
    struct pal_companion *companion;
    struct pal_store *store; /* NULL = what is said ends with the program */
    struct pal_heart *heart;
    struct pal_performance *performance; /* NULL = no avatar is wanted */
    struct pal_chat_input *input;
    struct pal_chat_screen screen;
    uv_signal_t signals[N_SIGNALS];
    bool is_interactive;
    bool is_leaving;
    int leave_signal; /* 0 = of one's own will */
    size_t n_unanswered;
    size_t n_engines_closing;

    bool is_answering;
    bool is_cancelled;
    uint64_t turn_id;
    struct pal_turn_end ended;
};

/* ---- one reply ---- */

static void
on_text(void *self, const char *text, size_t len)
{
    struct chat *chat = self;
    pal_chat_screen_text(&chat->screen, text, len);
    if (chat->screen.is_broken) {
        pal_sched_cancel(chat->sched, chat->turn_id);
        chat->is_leaving = true;
    }
}

static void
on_end(void *self, const struct pal_turn_end *ended)
{
    struct chat *chat = self;
    chat->ended = *ended;
    chat->is_answering = false;
}

static const struct pal_sink_ops reply_ops = {.text = on_text, .end = on_end};

static void
explain_end(struct chat *chat, bool had_text)
{
    const struct pal_turn_end *ended = &chat->ended;
    if (ended->outcome == PAL_OUTCOME_CANCELLED) {
        return;
    }
    if (ended->outcome == PAL_OUTCOME_FAILED) {
        pal_chat_screen_notice(&chat->screen, PAL_T("no answer: %s", "pas de réponse : %s"),
                               ended->error.text);
    } else if (!had_text) {
        pal_chat_screen_notice(&chat->screen, "%s",
                               PAL_T("the model said nothing", "le modèle n'a rien dit"));
    } else if (strcmp(ended->finish_reason, "deadline") == 0) {
        pal_chat_screen_notice(&chat->screen, "%s",
                               PAL_T("(cut short: the time for an answer is over)",
                                     "(coupé : le temps pour répondre est écoulé)"));
    }
}

static void
answer(struct chat *chat, const char *line)
{
    struct pal_sink sink = {.ops = &reply_ops, .self = chat};
    if (chat->performance != NULL) {
        sink = pal_performance_wrap(chat->performance, CONVERSATION, line, strlen(line), sink);
    }
    struct pal_error error = {0};
    if (pal_companion_say(chat->companion, "terminal", CONVERSATION, NULL, line, sink,
                          &chat->turn_id, &error) != PAL_OK) {
        if (chat->performance != NULL) {
            pal_performance_unwrap(sink);
        }
        chat->n_unanswered++;
        pal_chat_screen_notice(&chat->screen, PAL_T("no answer: %s", "pas de réponse : %s"),
                               error.text);
        return;
    }
    chat->is_answering = true;
    chat->is_cancelled = false;
    while (chat->is_answering && !chat->is_leaving) {
        (void)uv_run(&chat->loop, UV_RUN_ONCE);
    }
    bool had_text = pal_chat_screen_end_reply(&chat->screen);
    if (chat->is_answering) {
        chat->n_unanswered++;
        return;
    }
    explain_end(chat, had_text);
    if (!had_text || chat->ended.outcome == PAL_OUTCOME_FAILED) {
        chat->n_unanswered++;
    }
}

/* ---- the engine ---- */

static void
on_engine_event(const struct pal_event *event, void *userdata)
{
    pal_sched_on_event(event, ((struct chat *)userdata)->sched);
}

static void
on_engine_closed(void *userdata)
{
    ((struct chat *)userdata)->n_engines_closing--;
}

static void
close_engine(struct chat *chat, struct pal_engine *engine)
{
    chat->n_engines_closing++;
    pal_engine_close(engine, on_engine_closed, chat);
}

/* False: it can't be used (the reason has been shown), or the person wants to leave. */
static bool
wait_until_ready(struct chat *chat, const struct pal_engine *engine)
{
    enum pal_engine_state state = pal_engine_state(engine);
    bool is_told = false;
    while (!chat->is_leaving && state != PAL_ENGINE_READY && state != PAL_ENGINE_FAILED) {
        pal_chat_screen_progress(&chat->screen, pal_engine_progress(engine));
        (void)uv_run(&chat->loop, UV_RUN_ONCE);
        state = pal_engine_state(engine);
        const struct pal_error *why = pal_engine_failure(engine);
        if (!is_told && state == PAL_ENGINE_STARTING && why->code != PAL_OK) {
            is_told = true; /* a server that is not there is waited for, but not in silence */
            pal_chat_screen_notice(&chat->screen, "%s", why->text);
        }
    }
    pal_chat_screen_end_progress(&chat->screen);
    if (state == PAL_ENGINE_FAILED) {
        pal_chat_screen_notice(&chat->screen, "%s", pal_engine_failure(engine)->text);
    }
    return state == PAL_ENGINE_READY;
}

static void
show_model(struct chat *chat)
{
    const struct pal_engine_facts *facts = pal_engine_facts(chat->engine);
    if (facts->is_remote) {
        pal_chat_screen_notice(&chat->screen,
                               PAL_T("model: %s, computed by %s", "modèle : %s, calculé par %s"),
                               facts->model_name, facts->devices);
        return;
    }
    pal_chat_screen_notice(&chat->screen,
                           PAL_T("model: %s (%s %s), %u tokens of context, on %s, %u threads",
                                 "modèle : %s (%s %s), contexte de %u jetons, sur %s, %u fils"),
                           facts->model_name, facts->architecture, facts->quantisation,
                           facts->n_ctx_tokens, facts->devices, facts->n_threads);
}

static void
tell_of_less_than_planned(struct chat *chat)
{
    char text[200];
    if (chat->startup.model_path != NULL &&
        pal_planning_fell_short(&chat->startup.plan, pal_engine_facts(chat->engine), text,
                                sizeof(text))) {
        pal_chat_screen_notice(&chat->screen, "%s", text);
    }
}

static void
tell_of_bigger_models(struct chat *chat)
{
    if (chat->startup.starter) {
        pal_chat_screen_notice(
            &chat->screen, "%s",
            PAL_T("this is the little built-in model, quick but no scholar; a bigger one: "
                  "palabre model pull qwen2.5-3b-instruct",
                  "c'est le petit modèle fourni, vif mais pas savant ; pour un plus grand : "
                  "palabre model pull qwen2.5-3b-instruct"));
    }
}

static const struct pal_config_request request = {
    .command = "chat",
    .arguments = "",
    .about_en = "Talk with the companion in this terminal, or through a pipe.",
    .about_fr = "Parler avec le compagnon dans ce terminal, ou par un tube.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_BOT | PAL_GROUP_AI | PAL_GROUP_AVATAR,
};

/* Notices say what matters here, so there is no log unless somebody asked for one. */
static void
quieten_log(const struct pal_config *config)
{
    for (size_t i = 0; i < pal_n_options; i++) {
        if (strncmp(pal_options[i].key, "log.", 4) == 0 &&
            config->origins[i].kind != PAL_ORIGIN_DEFAULT) {
            return;
        }
    }
    pal_log_init(PAL_LOG_ERROR, -1);
}

/* The new model's own plan; the first one's fits neither its layers nor what was tuned for it. */
static enum pal_err
plan_for(const struct chat *chat, const char *path, struct pal_startup *other,
         struct pal_error *error)
{
    *other = chat->startup; /* borrows all but the new plan */
    other->model_path = NULL;
    other->plan_json = NULL;
    other->engine.model_path = path;
    other->engine.script_path = NULL;
    if (chat->startup.plan_json == NULL) {
        return PAL_OK; /* begun with a script: the machine was not looked at */
    }
    other->model_path = pal_strdup(path);
    enum pal_err err = pal_startup_plan(other, error);
    if (err != PAL_OK) {
        free(other->model_path);
    }
    return err;
}

/* The plan that is used now, or the one that isn't, goes. */
static void
adopt_plan(struct chat *chat, struct pal_startup *other)
{
    struct pal_startup *startup = &chat->startup;
    if (other->plan_json == NULL) {
        return;
    }
    free(startup->model_path);
    free(startup->plan_json);
    startup->model_path = other->model_path;
    startup->plan_json = other->plan_json;
    startup->plan = other->plan;
    startup->engine.model_path = startup->model_path;
    pal_startup_use_plan(startup);
}

static void
drop_plan(struct pal_startup *other)
{
    free(other->model_path);
    free(other->plan_json);
}

/* Another model is loaded beside this one, which stays if that fails. */
static void
switch_model(struct chat *chat, const char *name)
{
    char *path = NULL;
    bool is_starter = false;
    struct pal_error error = {0};
    if (!pal_engines_have_local(&chat->startup.config)) {
        pal_chat_screen_notice(&chat->screen, "%s",
                               PAL_T("the model is the server's: see engine.upstreams",
                                     "le modèle est celui du serveur : voir engine.upstreams"));
        return;
    }
    if (pal_model_file_find(name, &path, &is_starter, &error) != PAL_OK) {
        pal_chat_screen_notice(&chat->screen, "%s", error.text);
        return;
    }
    struct pal_startup *other = pal_calloc(1, sizeof(*other));
    struct pal_engine *engine = NULL;
    enum pal_err err = plan_for(chat, path, other, &error);
    if (err != PAL_OK) {
        pal_chat_screen_notice(&chat->screen, "%s", error.text);
    } else if (pal_engines_open(&chat->loop, other, on_engine_event, chat, &engine, &error) !=
               PAL_OK) {
        pal_chat_screen_notice(&chat->screen, "%s", error.text);
        drop_plan(other);
    } else if (!wait_until_ready(chat, engine)) {
        close_engine(chat, engine);
        drop_plan(other);
    } else {
        pal_sched_set_engine(chat->sched, engine);
        close_engine(chat, chat->engine);
        chat->engine = engine;
        chat->startup.starter = is_starter;
        adopt_plan(chat, other);
        show_model(chat);
        tell_of_less_than_planned(chat);
    }
    free(other);
    free(path);
}

/* ---- what begins with a slash ---- */

static void command_help(struct chat *chat, const char *argument);

static void
command_reset(struct chat *chat, const char *argument)
{
    (void)argument;
    pal_companion_forget(chat->companion, CONVERSATION);
    pal_chat_screen_notice(&chat->screen, "%s", PAL_T("all forgotten", "tout est oublié"));
}

static void
command_model(struct chat *chat, const char *argument)
{
    if (argument[0] != '\0') {
        switch_model(chat, argument);
    } else {
        show_model(chat);
    }
}

static void
command_quit(struct chat *chat, const char *argument)
{
    (void)argument;
    chat->is_leaving = true;
}

struct slash_command {
    const char *name;
    const char *argument;
    void (*run)(struct chat *chat, const char *argument);
    const char *en;
    const char *fr;
};

static const struct slash_command slash_commands[] = {
    {"/help", "", command_help, "this list", "cette liste"},
    {"/reset", "", command_reset, "forget this conversation", "oublier cette conversation"},
    {"/model", " [NAME]", command_model, "show the model, or take another",
     "montrer le modèle, ou en prendre un autre"},
    {"/quit", "", command_quit, "leave (Ctrl-D as well)", "partir (Ctrl-D aussi)"},
};

static void
command_help(struct chat *chat, const char *argument)
{
    (void)argument;
    for (size_t i = 0; i < PAL_COUNT_OF(slash_commands); i++) {
        const struct slash_command *command = &slash_commands[i];
        char usage[32];
        (void)snprintf(usage, sizeof(usage), "%s%s", command->name, command->argument);
        pal_chat_screen_notice(&chat->screen, "%-15s %s", usage, PAL_T(command->en, command->fr));
    }
    pal_chat_screen_notice(&chat->screen, "%-15s %s", "Ctrl-C",
                           PAL_T("stop the answer; again, or here: leave",
                                 "arrêter la réponse ; encore, ou ici : partir"));
}

static void
run_slash_command(struct chat *chat, const char *line)
{
    size_t len = strcspn(line, " \t");
    for (size_t i = 0; i < PAL_COUNT_OF(slash_commands); i++) {
        if (strlen(slash_commands[i].name) == len &&
            strncmp(line, slash_commands[i].name, len) == 0) {
            slash_commands[i].run(chat, line + len + strspn(line + len, " \t"));
            return;
        }
    }
    pal_chat_screen_notice(
        &chat->screen,
        PAL_T("no such command: %.*s (see /help)", "commande inconnue : %.*s (voyez /help)"),
        (int)len, line);
}

/* ---- the conversation ---- */

static void
talk(struct chat *chat)
{
    while (!chat->is_leaving) {
        char *line = pal_chat_input_read(chat->input);
        if (line == NULL) {
            break;
        }
        char *text = line + strspn(line, " \t");
        size_t len = strlen(text);
        while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
            text[--len] = '\0';
        }
        if (chat->is_interactive && text[0] == '/') {
            run_slash_command(chat, text);
        } else if (text[0] != '\0') {
            answer(chat, text);
        }
        free(line);
    }
    if (chat->is_interactive) {
        (void)putchar('\n'); /* the shell's prompt gets a line of its own */
    }
}

static void
leave(struct chat *chat, int signal)
{
    chat->is_leaving = true;
    chat->leave_signal = signal;
    if (chat->input != NULL) {
        pal_chat_input_stop(chat->input);
    }
}

static void
on_signal(uv_signal_t *handle, int signal)
{
    struct chat *chat = handle->data;
    if (signal == SIGWINCH || signal == SIGCONT) {
        if (chat->input != NULL) {
            pal_chat_input_redraw(chat->input);
        }
    } else if (signal == SIGINT && chat->is_answering && !chat->is_cancelled) {
        chat->is_cancelled = true;
        pal_sched_cancel(chat->sched, chat->turn_id);
    } else {
        leave(chat, signal == SIGINT && chat->is_interactive ? 0 : signal);
    }
}

/* ---- all parts together ---- */

static bool
open_parts(struct chat *chat)
{
    static const int signals[N_SIGNALS] = {
        [ON_INT] = SIGINT,     [ON_TERM] = SIGTERM, [ON_HUP] = SIGHUP,
        [ON_WINCH] = SIGWINCH, [ON_CONT] = SIGCONT,
    };
    struct pal_error error = {0};
    for (int i = 0; i < N_SIGNALS; i++) {
        (void)uv_signal_init(&chat->loop, &chat->signals[i]);
        chat->signals[i].data = chat;
        (void)uv_signal_start(&chat->signals[i], on_signal, signals[i]);
    }
    chat->metrics = pal_metrics_create();
    struct pal_startup *startup = &chat->startup;
    if (pal_sched_create(&chat->loop, &startup->sched, chat->metrics, &chat->sched, &error) !=
            PAL_OK ||
        pal_remember_open(&chat->loop, &startup->config, &chat->store, &chat->heart, &error) !=
            PAL_OK) {
        pal_chat_screen_notice(&chat->screen, "%s", error.text);
        return false;
    }
    startup->companion.store = chat->store;
    startup->companion.heart = chat->heart;
    if (pal_companion_create(&chat->loop, &startup->companion, chat->sched, &chat->companion,
                             &error) != PAL_OK ||
        pal_face_open(&chat->loop, &startup->config, &chat->performance, &error) != PAL_OK ||
        pal_engines_open(&chat->loop, startup, on_engine_event, chat, &chat->engine, &error) !=
            PAL_OK) {
        pal_chat_screen_notice(&chat->screen, "%s", error.text);
        return false;
    }
    pal_sched_set_engine(chat->sched, chat->engine);
    return true;
}

/* The memory goes last: what is being said has still to be written down. */
static void
on_companion_closed(void *userdata)
{
    struct chat *chat = userdata;
    pal_store_close(chat->store, NULL, NULL);
}

/* Engine first, so that its last events still find the scheduler; then up the stream. */
static void
close_parts(struct chat *chat)
{
    if (chat->sched != NULL) {
        pal_sched_set_engine(chat->sched, NULL);
    }
    close_engine(chat, chat->engine);
    while (chat->n_engines_closing > 0) {
        (void)uv_run(&chat->loop, UV_RUN_ONCE);
    }
    pal_sched_close(chat->sched, NULL, NULL);
    pal_companion_close(chat->companion, on_companion_closed, chat);
    pal_performance_close(chat->performance);
    pal_chat_input_close(chat->input);
    for (int i = 0; i < N_SIGNALS; i++) {
        uv_close((uv_handle_t *)&chat->signals[i], NULL);
    }
    (void)uv_run(&chat->loop, UV_RUN_DEFAULT);
    pal_heart_destroy(chat->heart);
    pal_metrics_destroy(chat->metrics);
    int busy = uv_loop_close(&chat->loop);
    PAL_ASSERT(busy == 0);
}

static int
exit_status(const struct chat *chat, bool was_ready)
{
    if (chat->leave_signal != 0) {
        return 128 + chat->leave_signal;
    }
    if (chat->is_interactive) {
        return was_ready || chat->is_leaving ? PAL_EXIT_OK : PAL_EXIT_FAILED;
    }
    return was_ready && chat->n_unanswered == 0 && !chat->screen.is_broken ? PAL_EXIT_OK
                                                                           : PAL_EXIT_FAILED;
}

int
pal_command_chat(int argc, char **argv)
{
    struct chat chat = {0};
    int status = 0;
    if (!pal_startup_init(&chat.startup, &request, argc, argv, NULL, &status)) {
        return status;
    }
    quieten_log(&chat.startup.config);
    (void)pal_prompt_thread();
    if (uv_loop_init(&chat.loop) != 0) {
        pal_startup_finish(&chat.startup);
        return PAL_EXIT_FAILED;
    }
    chat.is_interactive = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    bool was_ready = open_parts(&chat) && wait_until_ready(&chat, chat.engine);
    if (was_ready) {
        if (chat.is_interactive) {
            show_model(&chat);
        }
        tell_of_less_than_planned(&chat);
        tell_of_bigger_models(&chat);
        chat.input = pal_chat_input_open(&chat.loop, chat.is_interactive);
        talk(&chat);
    }
    status = exit_status(&chat, was_ready);
    close_parts(&chat);
    pal_startup_finish(&chat.startup);
    return status;
}
