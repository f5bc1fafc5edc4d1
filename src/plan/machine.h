#ifndef PAL_PLAN_MACHINE_H
#define PAL_PLAN_MACHINE_H
/*
 * A machine, as the plan sees it: plain numbers, by value. They come from the real one (probe.h),
 * from files (an hwloc XML, a JSON of graphics cards), or from a test's table; the plan can't tell.
 * 0 means "not known" unless a field says otherwise.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define PAL_KIB UINT64_C(1024)
#define PAL_MIB (UINT64_C(1024) * PAL_KIB)
#define PAL_GIB (UINT64_C(1024) * PAL_MIB)

#define PAL_MACHINE_KINDS_MAX 4
#define PAL_MACHINE_GPUS_MAX  8
#define PAL_MACHINE_NOTES_MAX 8
#define PAL_MACHINE_CPUS_MAX  4096

/* Instructions that decide which build of the CPU kernels is fast. */
enum pal_isa {
    PAL_ISA_AVX2 = 1 << 0,
    PAL_ISA_AVX512 = 1 << 1,
    PAL_ISA_VNNI = 1 << 2, /* AVX-512 VNNI or AVX-VNNI */
    PAL_ISA_AMX = 1 << 3,  /* int8 tiles */
};

/* Cores of one sort, of those that this process may use. */
struct pal_cpu_kind {
    uint32_t n_cores;
    uint32_t n_threads;
};

struct pal_cpu {
    char name[96];
    uint32_t n_packages; /* sockets */
    uint32_t n_numa;     /* memory nodes */
    uint32_t n_cores;    /* physical, of the whole machine */
    uint32_t n_logical;
    uint32_t n_cores_usable; /* what affinity leaves of them */
    uint32_t n_logical_usable;
    uint32_t n_cores_node;                            /* usable cores of the largest memory node */
    struct pal_cpu_kind kinds[PAL_MACHINE_KINDS_MAX]; /* fastest first */
    uint32_t n_kinds;                                 /* at least 1 */
    uint32_t n_l3;
    uint64_t l3_bytes; /* of one */
    double quota_cpus; /* cgroup's CPU time, in processors; 0 = no limit */
    double busy_cpus;  /* what everybody keeps busy right now, in processors */
    unsigned isa;      /* enum pal_isa */
};

struct pal_memory {
    uint64_t total_bytes;
    uint64_t available_bytes;
    uint64_t limit_bytes;    /* cgroup; 0 = none */
    uint64_t read_bytes_s;   /* measured, all usable cores together */
    uint64_t read_bytes_1_s; /* the same with one thread */
};

enum pal_gpu_kind {
    PAL_GPU_DISCRETE,
    PAL_GPU_INTEGRATED, /* shares the machine's memory */
    PAL_GPU_SOFTWARE,   /* a driver that computes on the CPU: for tests */
};

struct pal_gpu {
    char name[96];
    char device[32];  /* ggml's name for it: "Vulkan0"; "" = no backend here can drive it */
    char pci[32];     /* "0000:01:00.0"; "" = not known */
    char sources[64]; /* who told: "nvml+ggml" */
    enum pal_gpu_kind kind;
    uint64_t total_bytes;
    uint64_t free_bytes;
    uint64_t others_bytes;     /* used by other processes, where the driver tells */
    uint32_t n_others;         /* these processes */
    uint32_t compute_major;    /* CUDA compute capability */
    uint32_t temperature_c;    /* 0 = not known */
    uint64_t tensor_max_bytes; /* largest matrix that it takes; 0 = any */
};

/* A source that could not be read, or said something absurd. The plan does without it. */
struct pal_note {
    char source[16]; /* "nvml", "hwloc", ... */
    char text[160];
};

struct pal_machine {
    struct pal_cpu cpu;
    struct pal_memory memory;
    struct pal_gpu gpus[PAL_MACHINE_GPUS_MAX];
    uint32_t n_gpus;
    struct pal_note notes[PAL_MACHINE_NOTES_MAX];
    uint32_t n_notes;
};

/* Adds a note; past the maximum it is dropped. */
void pal_machine_note(struct pal_machine *machine, const char *source, const char *format, ...)
    PAL_PRINTF(3, 4);

/*
 * Takes a card into the list, or gives the one with the same PCI address what is new about it.
 * One that reports no memory at all is not taken, and noted.
 */
void pal_machine_add_gpu(struct pal_machine *machine, const struct pal_gpu *gpu);

/* Twelve hexadecimal digits that change with the CPU, the memory size and the cards. */
#define PAL_FINGERPRINT_MAX 17
void pal_machine_fingerprint(const struct pal_machine *machine, char out[PAL_FINGERPRINT_MAX]);

/* "auto" bytes written by people: "6GiB", "512MiB", "4GB" (read as GiB), "6" (GiB). */
enum pal_err pal_bytes_parse(const char *text, uint64_t *bytes) PAL_MUST_USE;
/* "1.93 GiB", "74.5 MiB". Returns `out`, which has at least 24 bytes. */
const char *pal_bytes_text(uint64_t bytes, char *out, size_t size);

#endif
