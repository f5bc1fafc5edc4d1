/*
 * palabre plan: what would run where, and why; for this machine or an imagined one.
 */
#include <stdio.h>

#include "commands/command.h"
#include "commands/planning.h"
#include "plan/explain.h"

static const struct pal_config_request request = {
    .command = "plan",
    .arguments = PAL_PLANNING_ARGUMENTS,
    .about_en = "Shows what would run where on this machine, or on one that you describe, and why.",
    .about_fr = "Montre ce qui tournerait où, sur cette machine ou une que vous décrivez, et "
                "pourquoi.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI | PAL_GROUP_BOT,
};

int
pal_command_plan(int argc, char **argv)
{
    struct pal_planning planning;
    struct pal_error error;
    int status;
    if (!pal_planning_settings(&planning, &request, argc, argv, &status)) {
        return status;
    }
    pal_planning_probe(&planning, true);
    status = PAL_EXIT_OK;
    if (pal_planning_make(&planning, &error) != PAL_OK) {
        (void)fprintf(stderr, "palabre: %s\n", error.text);
        status = PAL_EXIT_CONFIG;
    } else if (planning.flags.wants_json) {
        pal_plan_print_json(stdout, &planning.machine, &planning.shape, &planning.plan);
    } else {
        pal_machine_print(stdout, &planning.machine);
        pal_plan_print(stdout, &planning.machine, &planning.shape, &planning.plan);
    }
    pal_planning_finish(&planning);
    return status;
}
