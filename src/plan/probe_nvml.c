/*
 * NVIDIA cards by NVML, opened at run time: no CUDA context is made, so asking costs no memory of
 * the card. The prototypes are ours, from its documentation; the library is the driver's.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "plan/probe.h"

#define NVML_OK            0
#define NVML_TEMPERATURE   0
#define NVML_PROCESSES_MAX 64

typedef struct nvml_device_opaque *nvml_device;

struct nvml_memory {
    unsigned long long total, free, used;
};

struct nvml_pci {
    char bus_id_legacy[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
};

struct nvml_process {
    unsigned pid;
    unsigned long long used;
    unsigned gpu_instance, compute_instance;
};

struct nvml {
    void *library;
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *n);
    int (*by_index)(unsigned i, nvml_device *device);
    int (*name)(nvml_device device, char *name, unsigned size);
    int (*memory)(nvml_device device, struct nvml_memory *memory);
    int (*pci)(nvml_device device, struct nvml_pci *pci);
    int (*capability)(nvml_device device, int *major, int *minor);
    int (*temperature)(nvml_device device, int sensor, unsigned *celsius);
    int (*graphics)(nvml_device device, unsigned *n, struct nvml_process *processes);
    int (*compute)(nvml_device device, unsigned *n, struct nvml_process *processes);
};

/* Each is a pointer to a function: copied as bytes, since C has no conversion for it. */
static bool
find(const struct nvml *nvml, const char *name, void *function)
{
    void *symbol = dlsym(nvml->library, name);
    memcpy(function, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static bool
find_all(struct nvml *nvml)
{
    bool found = find(nvml, "nvmlInit_v2", &nvml->init) &&
                 find(nvml, "nvmlShutdown", &nvml->shutdown) &&
                 find(nvml, "nvmlDeviceGetCount_v2", &nvml->count) &&
                 find(nvml, "nvmlDeviceGetHandleByIndex_v2", &nvml->by_index) &&
                 find(nvml, "nvmlDeviceGetName", &nvml->name) &&
                 find(nvml, "nvmlDeviceGetMemoryInfo", &nvml->memory);
    /* Old drivers lack some of the rest; it only refines. */
    (void)find(nvml, "nvmlDeviceGetPciInfo_v3", &nvml->pci);
    (void)find(nvml, "nvmlDeviceGetCudaComputeCapability", &nvml->capability);
    (void)find(nvml, "nvmlDeviceGetTemperature", &nvml->temperature);
    (void)find(nvml, "nvmlDeviceGetGraphicsRunningProcesses_v3", &nvml->graphics);
    (void)find(nvml, "nvmlDeviceGetComputeRunningProcesses_v3", &nvml->compute);
    return found;
}

static void
count_others(int (*list)(nvml_device, unsigned *, struct nvml_process *), nvml_device device,
             struct pal_gpu *gpu)
{
    struct nvml_process processes[NVML_PROCESSES_MAX];
    unsigned n = NVML_PROCESSES_MAX;
    if (list == NULL || list(device, &n, processes) != NVML_OK || n > NVML_PROCESSES_MAX) {
        return;
    }
    gpu->n_others += n;
    for (unsigned i = 0; i < n; i++) {
        /* Some drivers answer "not available" as all ones. */
        if (processes[i].used <= gpu->total_bytes) {
            gpu->others_bytes += processes[i].used;
        }
    }
}

static void
read_pci(const struct nvml *nvml, nvml_device device, struct pal_gpu *gpu)
{
    struct nvml_pci pci;
    memset(&pci, 0, sizeof(pci));
    if (nvml->pci == NULL || nvml->pci(device, &pci) != NVML_OK) {
        return;
    }
    pci.bus_id[sizeof(pci.bus_id) - 1] = '\0';
    /* NVML writes eight digits of domain, everybody else four. */
    const char *id = strlen(pci.bus_id) == 16 ? pci.bus_id + 4 : pci.bus_id;
    (void)snprintf(gpu->pci, sizeof(gpu->pci), "%s", id);
}

static void
read_device(const struct nvml *nvml, unsigned i, struct pal_machine *machine)
{
    nvml_device device;
    struct nvml_memory memory = {0, 0, 0};
    struct pal_gpu gpu = {.sources = "nvml"};
    if (nvml->by_index(i, &device) != NVML_OK ||
        nvml->name(device, gpu.name, sizeof(gpu.name) - 1) != NVML_OK ||
        nvml->memory(device, &memory) != NVML_OK) {
        pal_machine_note(machine, "nvml", "card %u does not answer: left out", i);
        return;
    }
    gpu.total_bytes = memory.total;
    gpu.free_bytes = memory.free;
    read_pci(nvml, device, &gpu);
    int major = 0, minor = 0;
    if (nvml->capability != NULL && nvml->capability(device, &major, &minor) == NVML_OK &&
        major > 0) {
        gpu.compute_major = (uint32_t)major;
    }
    unsigned celsius = 0;
    if (nvml->temperature != NULL &&
        nvml->temperature(device, NVML_TEMPERATURE, &celsius) == NVML_OK) {
        gpu.temperature_c = celsius;
    }
    count_others(nvml->graphics, device, &gpu);
    count_others(nvml->compute, device, &gpu);
    pal_machine_add_gpu(machine, &gpu);
}

void
pal_probe_nvml(const char *path, struct pal_machine *machine)
{
    struct nvml nvml = {.library = dlopen(path != NULL ? path : "libnvidia-ml.so.1", RTLD_NOW)};
    if (nvml.library == NULL) {
        return; /* no NVIDIA driver here: nothing to tell */
    }
    unsigned n = 0;
    if (!find_all(&nvml)) {
        pal_machine_note(machine, "nvml", "the NVIDIA driver is too old: it lacks functions");
    } else if (nvml.init() != NVML_OK) {
        pal_machine_note(machine, "nvml", "the NVIDIA driver does not start");
    } else {
        if (nvml.count(&n) != NVML_OK) {
            pal_machine_note(machine, "nvml", "the NVIDIA driver does not count its cards");
            n = 0;
        }
        for (unsigned i = 0; i < n && i < PAL_MACHINE_GPUS_MAX; i++) {
            read_device(&nvml, i, machine);
        }
        (void)nvml.shutdown();
    }
    (void)dlclose(nvml.library);
}
