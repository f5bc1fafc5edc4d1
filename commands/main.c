/*
 * palabre: picks the command and hands over; no logic of its own.
 */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"

int
main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)printf("palabre %s\n", PALABRE_VERSION);
    return PAL_EXIT_OK;
}
