#ifndef PAL_COMMANDS_DOCTOR_H
#define PAL_COMMANDS_DOCTOR_H
/*
 * palabre doctor's checks: each says what it found, and where something is wrong, one command or
 * setting that mends it. Main thread.
 */
#include "commands/planning.h"

enum pal_health {
    PAL_HEALTH_OK,
    PAL_HEALTH_WARN, /* works, but not well */
    PAL_HEALTH_FAIL, /* does not work */
    PAL_HEALTH_SKIP, /* nothing to check here */
};
/* "ok", "warn", "fail", "skip". */
const char *pal_health_name(enum pal_health health);

struct pal_check {
    const char *id;
    enum pal_health health;
    char text[256]; /* in the chosen language */
    char mend[192]; /* "" = nothing to do */
};

#define PAL_CHECKS_MAX 48

struct pal_checkup {
    struct pal_check checks[PAL_CHECKS_MAX];
    size_t n;
};

/* Adds a check with its text; past the maximum it is an error of ours. */
struct pal_check *pal_checkup_add(struct pal_checkup *checkup, const char *id,
                                  enum pal_health health, const char *format, ...) PAL_PRINTF(4, 5);
void pal_check_mend(struct pal_check *check, const char *format, ...) PAL_PRINTF(2, 3);

/* CPU, memory, cards, what the probe could not read. */
void pal_check_machine(const struct pal_planning *planning, struct pal_checkup *checkup);
/* llama.cpp, the address, the folders. Binds the port for a moment. */
void pal_check_program(const struct pal_planning *planning, struct pal_checkup *checkup);
/* The model's file and whether it fits; `error` is why there is no plan, NULL if there is one. */
void pal_check_model(const struct pal_planning *planning, const struct pal_error *error,
                     struct pal_checkup *checkup);
/*
 * The first seed's ten points: five of the engine, five of the bot. Strictly (is_strict) they are
 * its own production settings, and a miss is a failure; else they are what suits this machine.
 */
void pal_check_deployment(const struct pal_planning *planning, bool is_strict,
                          struct pal_checkup *checkup);

#endif
