#ifndef PAL_COMMANDS_COMMAND_H
#define PAL_COMMANDS_COMMAND_H
/*
 * What a person types after `palabre`: one function a file, all listed in main.c's table.
 *
 * Each gets the arguments from its own name on (argv[0] is "run", "chat", ...) and returns the exit
 * status: 0 done, 1 it failed (the reason has been printed to standard error), 2 used wrongly,
 * 78 the configuration or the environment must be mended first (port in use, bad config.yaml).
 */
#define PAL_EXIT_OK     0
#define PAL_EXIT_FAILED 1
#define PAL_EXIT_USAGE  2
#define PAL_EXIT_CONFIG 78

int pal_command_run(int argc, char **argv);
int pal_command_chat(int argc, char **argv);
int pal_command_engine(int argc, char **argv); /* the engine's process; started by run and chat */
int pal_command_model(int argc, char **argv);
int pal_command_config(int argc, char **argv);
int pal_command_bench(int argc, char **argv);
int pal_command_avatar(int argc, char **argv);
int pal_command_plan(int argc, char **argv);
int pal_command_doctor(int argc, char **argv);
int pal_command_twitch(int argc, char **argv);
int pal_command_tune(int argc, char **argv);
int pal_command_memory(int argc, char **argv);

#endif
