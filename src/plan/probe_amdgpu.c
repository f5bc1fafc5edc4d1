/* AMD cards, from the kernel's own files: no library, no permission needed. */
#include <dirent.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plan/probe.h"

static uint64_t
read_number(const char *root, const char *card, const char *file)
{
    char path[320], text[64];
    uint64_t value = 0;
    (void)snprintf(path, sizeof(path), "/sys/class/drm/%s/device/%s", card, file);
    if (!pal_probe_read(root, path, text, sizeof(text)) || sscanf(text, "%" SCNu64, &value) != 1) {
        return 0;
    }
    return value;
}

static void
read_card(const char *root, const char *card, struct pal_machine *machine)
{
    char path[512], vendor[32], target[256];
    struct pal_gpu gpu = {.sources = "amdgpu"};
    (void)snprintf(path, sizeof(path), "/sys/class/drm/%s/device/vendor", card);
    if (!pal_probe_read(root, path, vendor, sizeof(vendor)) || strcmp(vendor, "0x1002") != 0) {
        return;
    }
    (void)snprintf(path, sizeof(path), "/sys/class/drm/%s/device/product_name", card);
    if (!pal_probe_read(root, path, gpu.name, sizeof(gpu.name)) || gpu.name[0] == '\0') {
        (void)snprintf(gpu.name, sizeof(gpu.name), "AMD %.60s", card);
    }
    (void)snprintf(path, sizeof(path), "%s/sys/class/drm/%s/device", root != NULL ? root : "",
                   card);
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    if (len > 0) {
        target[len] = '\0';
        (void)snprintf(gpu.pci, sizeof(gpu.pci), "%.31s", basename(target));
    }
    uint64_t used = read_number(root, card, "mem_info_vram_used");
    gpu.total_bytes = read_number(root, card, "mem_info_vram_total");
    gpu.free_bytes = used < gpu.total_bytes ? gpu.total_bytes - used : 0;
    gpu.others_bytes = used;
    /* A chip's own graphics has a carve-out of the machine's memory, seldom over 4 GiB. */
    uint64_t gtt = read_number(root, card, "mem_info_gtt_total");
    gpu.kind = gpu.total_bytes <= 4 * PAL_GIB && gtt > 2 * gpu.total_bytes ? PAL_GPU_INTEGRATED
                                                                           : PAL_GPU_DISCRETE;
    pal_machine_add_gpu(machine, &gpu);
}

void
pal_probe_amdgpu(const char *root, struct pal_machine *machine)
{
    char path[320];
    (void)snprintf(path, sizeof(path), "%s/sys/class/drm", root != NULL ? root : "");
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        /* "card0", and not its outlets "card0-HDMI-A-1" */
        if (strncmp(entry->d_name, "card", 4) == 0 && strchr(entry->d_name, '-') == NULL &&
            strlen(entry->d_name) < 32) {
            read_card(root, entry->d_name, machine);
        }
    }
    (void)closedir(dir);
}
