#ifndef PAL_COMMANDS_STARTUP_H
#define PAL_COMMANDS_STARTUP_H
/*
 * What `palabre run` and `palabre chat` do before their first line: read the configuration, set the
 * language and the log, find the model, and turn settings into the options of each part. Main
 * thread only.
 *
 *     static const struct pal_config_request request = {.command = "run", ...};
 *     struct pal_startup startup;
 *     int status;
 *     if (!pal_startup_init(&startup, &request, argc, argv, NULL, &status)) {
 *         return status;
 *     }
 *     ... pal_engine_open(loop, &startup.engine, ...) ...
 *     pal_startup_finish(&startup);
 */
#include "access/access.h"
#include "chat/companion.h"
#include "chat/sched.h"
#include "config/config.h"
#include "commands/parking.h"
#include "engine/engine.h"
#include "plan/plan.h"

struct pal_startup {
    struct pal_config config;
    char *model_path; /* owned; a file that exists; NULL with engine.script */
    bool starter;     /* it is the built-in starter model */
    char *program;    /* owned; this very program, for the engine's process */
    char *llama_dir;  /* owned; where libllama lies, if not as built; else NULL */
    char *persona;    /* owned; the text that the companion goes by */
    struct pal_machine machine;
    struct pal_plan plan; /* what runs where; zeroed with engine.script */
    char *plan_json;      /* owned; the same for programs; NULL with engine.script */
    struct pal_parking parking;
    struct pal_spare *spare; /* owned; NULL = none, or not any more */
    /* Ready to hand over; the strings are borrowed from this struct. */
    struct pal_engine_options engine;
    struct pal_sched_options sched;
    struct pal_companion_options companion;
    struct pal_access_options access; /* model_id NULL: the engine's own name */
};

/*
 * True: everything above is filled and pal_startup_finish() is due. False: the command ends with
 * *status now (--help was printed: 0; a flag is wrong: 2; the configuration is, or there is no such
 * model: 78), the reason has been printed and nothing is left to free.
 *
 * `loop`: an engine's process is started there while the plan is being made (spare.h); once an
 * engine has been opened, or won't be, pal_startup_end_spare() is due, and the loop must run. NULL:
 * none is.
 */
bool pal_startup_init(struct pal_startup *startup, const struct pal_config_request *request,
                      int argc, char **argv, uv_loop_t *loop, int *status);
void pal_startup_end_spare(struct pal_startup *startup);
/*
 * Makes the plan again, after config.ai has been changed, for the machine as it was probed: fills
 * plan, plan_json (which must be NULL) and the engine's part.
 */
enum pal_err pal_startup_plan(struct pal_startup *startup, struct pal_error *error) PAL_MUST_USE;
/* The engine's part alone, which borrows from the plan and the machine of this very struct. */
void pal_startup_use_plan(struct pal_startup *startup);
/* Accepts NULL and a zeroed struct. */
void pal_startup_finish(struct pal_startup *startup);

/*
 * The first half alone, for commands that need settings but no model: reads the configuration,
 * prints what is wrong with it or the help that was asked for, sets the language and the log.
 * True: *config is filled and pal_config_finish() is due; false as above.
 */
bool pal_startup_config(struct pal_config *config, const struct pal_config_request *request,
                        int argc, char **argv, int *status);

#endif
