#ifndef PAL_PLAN_PROBE_H
#define PAL_PLAN_PROBE_H
/*
 * What this machine is: the only part of plan/ that looks outside.
 *
 * CPU by hwloc, affinity, cgroups and /proc; memory by /proc and a short measurement; cards by NVML
 * (opened at run time), amdgpu's sysfs and ggml's own device list. Each source can be replaced by a
 * file. None of them can make it fail: what can't be read, or says something absurd, becomes a note
 * in the machine, and the plan does without it.
 *
 * Main thread, before there are others: graphics drivers are asked in a short-lived child process,
 * so that one which crashes or hangs takes nothing with it.
 */
#include "plan/machine.h"

/* Strings are borrowed for the call. Zeroed: this machine, drivers not asked, nothing measured. */
struct pal_probe_options {
    const char *cpu_xml;   /* an hwloc topology in place of this machine's */
    const char *gpus_json; /* a list of cards in place of the drivers' */
    const char *llama_dir; /* folder of ggml's backends; NULL = don't ask ggml */
    const char *nvml_path; /* NULL = libnvidia-ml.so.1 */
    const char *cpus;      /* "0-3,6": what may be used of them; NULL or "" = all */
    const char *root;      /* stands before /proc and /sys; NULL = "" */
    bool asks_drivers;     /* NVML, amdgpu, ggml */
    bool measures_memory;  /* read bandwidth: 0.3 s */
    bool measures_load;    /* how busy the processors are: 0.25 s */
};

void pal_probe(const struct pal_probe_options *options, struct pal_machine *machine);

/* Text of a small file under root, without its last newline; false if it can't be read. */
bool pal_probe_read(const char *root, const char *path, char *out, size_t size);

/* Parts of it, one file each. */
void pal_probe_cpu(const struct pal_probe_options *options, struct pal_machine *machine);
void pal_probe_memory(const struct pal_probe_options *options, struct pal_machine *machine);
void pal_probe_nvml(const char *path, struct pal_machine *machine);
void pal_probe_amdgpu(const char *root, struct pal_machine *machine);
/* Does the kernel know of any graphics card, or does the environment name a software one? Asking
 * the drivers themselves takes long. */
bool pal_probe_may_have_cards(const char *root);
void pal_probe_ggml(const char *llama_dir, struct pal_machine *machine);

/*
 * Reads a list of cards: {"gpus": [{"name": "...", "total": "6GiB", "free": "5GiB", ...}]}; the
 * fields stand in docs/plan.md. A card with an absurd number is noted and left out; a text that is
 * no such list is PAL_ERR_CONFIG, and no card is taken. Pure.
 */
enum pal_err pal_gpus_read(const char *json, size_t len, struct pal_machine *machine,
                           struct pal_error *error) PAL_MUST_USE;

#endif
