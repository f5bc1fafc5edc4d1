/*
 * palabre-engine: `palabre engine` alone, in a program that links what the engine needs and nothing
 * of what talks to people and networks. It starts in a third of the time, and what a broken model
 * file could reach is less. The front runs it in its own place if it lies where it should
 * (engine/child.c).
 */
#include <signal.h>
#include <stdlib.h>

#include "commands/command.h"
#include "util/text.h"

int
main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    pal_lang_init(getenv("PALABRE_LANG"));
    /* argv is that of `palabre engine`. */
    return pal_command_engine(argc > 1 ? argc - 1 : argc, argc > 1 ? argv + 1 : argv);
}
