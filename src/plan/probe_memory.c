/* How much memory, how much of it is free, and how fast it is read. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/probe.h"
#include "util/clock.h"

#define MEMINFO_MAX        8192
#define BANDWIDTH_MAX      16
#define BANDWIDTH_BYTES    (64 * PAL_MIB) /* for each thread: beyond every cache of a PC */
#define BANDWIDTH_LEAST_US (120 * PAL_US_PER_MS)

static uint64_t
meminfo_bytes(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    uint64_t kib = 0;
    if (at == NULL || sscanf(at + strlen(key), ": %" SCNu64, &kib) != 1 ||
        kib > UINT64_MAX / PAL_KIB) {
        return 0;
    }
    return kib * PAL_KIB;
}

/* What a cgroup still gives: its limit less what it holds that can't be dropped. */
static uint64_t
read_limit(const char *root)
{
    static const char *const files[][2] = {
        {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes",
         "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char text[64];
        uint64_t limit = 0, used = 0;
        if (!pal_probe_read(root, files[i][0], text, sizeof(text)) ||
            sscanf(text, "%" SCNu64, &limit) != 1 || limit == 0 || limit > (UINT64_C(1) << 60)) {
            continue;
        }
        if (pal_probe_read(root, files[i][1], text, sizeof(text))) {
            (void)sscanf(text, "%" SCNu64, &used);
        }
        return used < limit ? limit - used : 1;
    }
    return 0;
}

struct reader {
    pthread_t thread;
    char *bytes; /* owned */
    uint64_t n_read;
    int64_t took_us;
};

/* memchr() of the C library reads with the widest registers there are, whatever our own flags. */
static void *
read_memory(void *userdata)
{
    struct reader *reader = userdata;
    int64_t start = pal_now_us();
    do {
        if (memchr(reader->bytes, 2, BANDWIDTH_BYTES) != NULL) {
            return NULL;
        }
        reader->n_read += BANDWIDTH_BYTES;
        reader->took_us = pal_now_us() - start;
    } while (reader->took_us < BANDWIDTH_LEAST_US);
    return NULL;
}

/* Bytes a second of n threads at once; 0 if it could not be tried. */
static uint64_t
measure_bandwidth(uint32_t n)
{
    struct reader readers[BANDWIDTH_MAX] = {0};
    uint32_t n_running = 0;
    double sum = 0;
    for (; n_running < n; n_running++) {
        struct reader *reader = &readers[n_running];
        reader->bytes = malloc(BANDWIDTH_BYTES);
        if (reader->bytes == NULL) {
            break;
        }
        memset(reader->bytes, 1, BANDWIDTH_BYTES);
    }
    uint32_t n_ready = n_running;
    for (uint32_t i = 0; i < n_ready; i++) {
        if (pthread_create(&readers[i].thread, NULL, read_memory, &readers[i]) != 0) {
            n_running = i;
            break;
        }
    }
    for (uint32_t i = 0; i < n_running; i++) {
        (void)pthread_join(readers[i].thread, NULL);
        sum += readers[i].took_us > 0 ? (double)readers[i].n_read * 1e6 / (double)readers[i].took_us
                                      : 0;
    }
    for (uint32_t i = 0; i < n_ready; i++) {
        free(readers[i].bytes);
    }
    return (uint64_t)sum;
}

void
pal_probe_memory(const struct pal_probe_options *options, struct pal_machine *machine)
{
    struct pal_memory *memory = &machine->memory;
    char text[MEMINFO_MAX];
    if (pal_probe_read(options->root, "/proc/meminfo", text, sizeof(text))) {
        memory->total_bytes = meminfo_bytes(text, "MemTotal");
        memory->available_bytes = meminfo_bytes(text, "MemAvailable");
    }
    if (memory->total_bytes == 0) {
        pal_machine_note(machine, "meminfo", "cannot read how much memory there is");
    }
    memory->limit_bytes = read_limit(options->root);
    if (!options->measures_memory) {
        return;
    }
    uint32_t n =
        machine->cpu.n_cores_usable < BANDWIDTH_MAX ? machine->cpu.n_cores_usable : BANDWIDTH_MAX;
    if (memory->available_bytes < 4 * n * BANDWIDTH_BYTES) {
        pal_machine_note(machine, "memory", "too little is free to measure its speed");
        return;
    }
    memory->read_bytes_1_s = measure_bandwidth(1);
    memory->read_bytes_s = n > 1 ? measure_bandwidth(n) : memory->read_bytes_1_s;
}
