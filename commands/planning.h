#ifndef PAL_COMMANDS_PLANNING_H
#define PAL_COMMANDS_PLANNING_H
/*
 * What `plan`, `doctor`, `tune` and two benches begin with: the settings, the machine (this one or
 * an imagined one), the model's shape, and the plan for them. Main thread, before there are others.
 */
#include "config/config.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "plan/probe.h"

/* Flags that describe a machine; taken out of argv before the settings' own flags are read. */
struct pal_planning_flags {
    const char *cpu_xml; /* --cpu FILE: hwloc XML */
    const char *gpus;    /* --gpus FILE: JSON */
    const char *gpu;     /* --gpu NAME: of the imagined card */
    uint64_t vram_bytes; /* --vram SIZE */
    uint64_t vram_free_bytes;
    uint64_t ram_bytes; /* --ram SIZE */
    bool has_vram, has_vram_free, has_ram;
    bool wants_json;  /* --json */
    bool wants_quick; /* --quick */
    bool wants_all;   /* --exhaustive */
};

struct pal_planning {
    struct pal_planning_flags flags;
    struct pal_config config;
    char *model_path; /* owned */
    char *llama_dir;  /* owned: folder of ggml's backends */
    bool starter;
    struct pal_machine machine;
    struct pal_shape shape;
    struct pal_plan plan;
};

/* For the usage line of the commands that take the flags above. */
#define PAL_PLANNING_ARGUMENTS                                                                 \
    "[--json] [--cpu XML] [--gpus JSON] [--vram SIZE] [--vram-free SIZE] [--gpu NAME] [--ram " \
    "SIZE]"

/*
 * Reads flags and settings. False: the command ends with *status, the reason has been printed and
 * nothing is left to free. argv must be writable; it is reordered.
 */
bool pal_planning_settings(struct pal_planning *planning, const struct pal_config_request *request,
                           int argc, char **argv, int *status);

/* The machine as the flags say; measures where `measures`. */
void pal_planning_probe(struct pal_planning *planning, bool measures);

/* Finds and reads the model, and makes the plan. */
enum pal_err pal_planning_make(struct pal_planning *planning, struct pal_error *error) PAL_MUST_USE;

/* Accepts a zeroed struct. */
void pal_planning_finish(struct pal_planning *planning);

/*
 * Reads the model, makes the plan for it and puts in what `palabre tune` measured here. For
 * commands that have their settings already; *machine has been probed.
 */
enum pal_err pal_planning_for(const struct pal_config *config, const char *model_path,
                              const struct pal_machine *machine, struct pal_shape *shape,
                              struct pal_plan *plan, struct pal_error *error) PAL_MUST_USE;

/* Its two halves: what the file holds, which needs no machine, and the plan. */
enum pal_err pal_planning_shape(const char *model_path, struct pal_shape *shape,
                                struct pal_error *error) PAL_MUST_USE;
void pal_planning_with(const struct pal_config *config, const struct pal_machine *machine,
                       const struct pal_shape *shape, struct pal_plan *plan);

/* The engine's part of a plan. Strings are borrowed from both. */
void pal_planning_engine(const struct pal_plan *plan, const struct pal_machine *machine,
                         struct pal_engine_options *options);

/* The log lines that tell which threads and which profile were chosen. */
void pal_planning_announce(const struct pal_plan *plan, const struct pal_machine *machine);

/* True: the engine runs with less than was planned, and text says with what. */
bool pal_planning_fell_short(const struct pal_plan *plan, const struct pal_engine_facts *facts,
                             char *text, size_t size);

/*
 * The folder of ggml's backends by engine.llama_dir and ai.backend; NULL = as built. *folder is the
 * caller's. PAL_ERR_CONFIG: the backend that was asked for is not installed.
 */
enum pal_err pal_planning_llama_dir(const struct pal_config *config, char **folder,
                                    struct pal_error *error) PAL_MUST_USE;

/* The folder that libllama was loaded from: the CPU's backends lie there. The caller's. */
char *pal_planning_default_dir(void);

/* What the settings wish of a plan. */
struct pal_plan_options pal_planning_options(const struct pal_config *config);

#endif
