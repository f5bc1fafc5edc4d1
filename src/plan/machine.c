#include "plan/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
pal_machine_note(struct pal_machine *machine, const char *source, const char *format, ...)
{
    if (machine->n_notes == PAL_MACHINE_NOTES_MAX) {
        return;
    }
    struct pal_note *note = &machine->notes[machine->n_notes++];
    (void)snprintf(note->source, sizeof(note->source), "%s", source);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(note->text, sizeof(note->text), format, args);
    va_end(args);
    for (char *c = note->text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ') {
            *c = '?';
        }
    }
}

static void
append_source(struct pal_gpu *gpu, const char *source)
{
    size_t len = strlen(gpu->sources);
    (void)snprintf(gpu->sources + len, sizeof(gpu->sources) - len, "%s%s", len > 0 ? "+" : "",
                   source);
}

/*
 * The driver's own figures (NVML, amdgpu) are those of the whole card and come first; ggml knows
 * what the card is called in llama.cpp, and its "free" is often just the size.
 */
static void
merge_gpu(struct pal_gpu *known, const struct pal_gpu *gpu)
{
    append_source(known, gpu->sources);
    if (known->device[0] == '\0') {
        memcpy(known->device, gpu->device, sizeof(known->device));
    }
    if (known->tensor_max_bytes == 0) {
        known->tensor_max_bytes = gpu->tensor_max_bytes;
    }
    if (known->compute_major == 0) {
        known->compute_major = gpu->compute_major;
    }
    if (gpu->kind != PAL_GPU_DISCRETE) {
        known->kind = gpu->kind;
    }
}

void
pal_machine_add_gpu(struct pal_machine *machine, const struct pal_gpu *gpu)
{
    if (gpu->total_bytes == 0) {
        pal_machine_note(machine, "gpu", "'%s' reports no memory: left out", gpu->name);
        return;
    }
    for (uint32_t i = 0; gpu->pci[0] != '\0' && i < machine->n_gpus; i++) {
        if (strcasecmp(machine->gpus[i].pci, gpu->pci) == 0) {
            merge_gpu(&machine->gpus[i], gpu);
            return;
        }
    }
    if (machine->n_gpus == PAL_MACHINE_GPUS_MAX) {
        pal_machine_note(machine, "gpu", "more than %d cards: '%s' left out", PAL_MACHINE_GPUS_MAX,
                         gpu->name);
        return;
    }
    struct pal_gpu *added = &machine->gpus[machine->n_gpus++];
    *added = *gpu;
    if (added->free_bytes > added->total_bytes) {
        pal_machine_note(machine, "gpu", "'%s' reports more free than it has", gpu->name);
        added->free_bytes = added->total_bytes;
    }
}

static void
hash_bytes(uint64_t *hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++) { /* FNV-1a */
        /* The analyser loses the bytes of an array seen through an unsigned char. */
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
        *hash = (*hash ^ at[i]) * UINT64_C(0x100000001B3);
    }
}

void
pal_machine_fingerprint(const struct pal_machine *machine, char out[PAL_FINGERPRINT_MAX])
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    const struct pal_cpu *cpu = &machine->cpu;
    hash_bytes(&hash, cpu->name, strlen(cpu->name));
    const uint32_t counts[] = {cpu->n_cores_usable, cpu->n_logical_usable, cpu->isa,
                               (uint32_t)ceil(cpu->quota_cpus),
                               (uint32_t)(machine->memory.total_bytes / PAL_GIB)};
    hash_bytes(&hash, counts, sizeof(counts));
    for (uint32_t i = 0; i < machine->n_gpus; i++) {
        const struct pal_gpu *gpu = &machine->gpus[i];
        hash_bytes(&hash, gpu->name, strlen(gpu->name));
        hash_bytes(&hash, gpu->device, strlen(gpu->device));
        hash_bytes(&hash, &gpu->total_bytes, sizeof(gpu->total_bytes));
    }
    (void)snprintf(out, PAL_FINGERPRINT_MAX, "%012" PRIx64, hash & UINT64_C(0xFFFFFFFFFFFF));
}

enum pal_err
pal_bytes_parse(const char *text, uint64_t *bytes)
{
    static const struct {
        const char *suffix;
        uint64_t unit;
    } units[] = {
        {"", PAL_GIB},   {"g", PAL_GIB},   {"gb", PAL_GIB},  {"gib", PAL_GIB},
        {"m", PAL_MIB},  {"mb", PAL_MIB},  {"mib", PAL_MIB}, {"k", PAL_KIB},
        {"kb", PAL_KIB}, {"kib", PAL_KIB}, {"b", 1},
    };
    char *end = NULL;
    errno = 0;
    double number = strtod(text, &end);
    if (end == text || errno != 0 || !isfinite(number) || number < 0) {
        return PAL_ERR_ARGUMENT;
    }
    while (*end == ' ') {
        end++;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcasecmp(end, units[i].suffix) == 0) {
            double value = number * (double)units[i].unit;
            if (value > 1e15) { /* a petabyte: a slip of the keyboard */
                return PAL_ERR_ARGUMENT;
            }
            *bytes = (uint64_t)value;
            return PAL_OK;
        }
    }
    return PAL_ERR_ARGUMENT;
}

const char *
pal_bytes_text(uint64_t bytes, char *out, size_t size)
{
    if (bytes >= PAL_GIB) {
        (void)snprintf(out, size, "%.2f GiB", (double)bytes / (double)PAL_GIB);
    } else if (bytes >= PAL_MIB || bytes == 0) {
        (void)snprintf(out, size, "%.1f MiB", (double)bytes / (double)PAL_MIB);
    } else {
        (void)snprintf(out, size, "%.1f KiB", (double)bytes / (double)PAL_KIB);
    }
    return out;
}
