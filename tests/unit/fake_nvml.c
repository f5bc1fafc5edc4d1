/* A driver's library for tests: two cards, and whatever failure NVML_FAKE asks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_memory {
    unsigned long long total, free, used;
};

struct fake_pci {
    char bus_id_legacy[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
};

struct fake_process {
    unsigned pid;
    unsigned long long used;
    unsigned gpu_instance, compute_instance;
};

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *n);
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device);
int nvmlDeviceGetName(void *device, char *name, unsigned size);
int nvmlDeviceGetMemoryInfo(void *device, struct fake_memory *memory);
int nvmlDeviceGetPciInfo_v3(void *device, struct fake_pci *pci);
int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor);
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius);
int nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, unsigned *n,
                                             struct fake_process *processes);

static int
fails(const char *what)
{
    const char *wanted = getenv("NVML_FAKE");
    return wanted != NULL && strcmp(wanted, what) == 0;
}

int
nvmlInit_v2(void)
{
    return fails("init") ? 9 : 0;
}

int
nvmlShutdown(void)
{
    return 0;
}

int
nvmlDeviceGetCount_v2(unsigned *n)
{
    *n = fails("many") ? 100000 : 2;
    return fails("count") ? 999 : 0;
}

int
nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device)
{
    static char cards[2];
    *device = &cards[i % 2];
    return fails("second") && i == 1 ? 15 : 0;
}

int
nvmlDeviceGetName(void *device, char *name, unsigned size)
{
    (void)device;
    (void)snprintf(name, size, "NVIDIA GeForce GTX 780");
    return 0;
}

int
nvmlDeviceGetMemoryInfo(void *device, struct fake_memory *memory)
{
    (void)device;
    unsigned long long gib = 1ULL << 30;
    *memory = (struct fake_memory){3 * gib, 2 * gib, gib};
    if (fails("zero")) {
        memset(memory, 0, sizeof(*memory));
    }
    return fails("memory") ? 999 : 0;
}

int
nvmlDeviceGetPciInfo_v3(void *device, struct fake_pci *pci)
{
    (void)snprintf(pci->bus_id, sizeof(pci->bus_id), "00000000:0%d:00.0",
                   1 + (int)((size_t)device & 1));
    return 0;
}

int
nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor)
{
    (void)device;
    *major = 3;
    *minor = 5;
    return 0;
}

int
nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius)
{
    (void)device;
    (void)sensor;
    *celsius = 61;
    return 0;
}

int
nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, unsigned *n, struct fake_process *processes)
{
    (void)device;
    processes[0] = (struct fake_process){.pid = 1, .used = 700 << 20};
    processes[1] = (struct fake_process){.pid = 2, .used = ~0ULL}; /* "not available" */
    *n = fails("processes") ? 4000000 : 2;
    return 0;
}
