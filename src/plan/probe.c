#include "plan/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"

#define GPUS_FILE_MAX_BYTES (64 * 1024)

bool
pal_probe_read(const char *root, const char *path, char *out, size_t size)
{
    char full[512];
    out[0] = '\0';
    int n = snprintf(full, sizeof(full), "%s%s", root != NULL ? root : "", path);
    if (n < 0 || (size_t)n >= sizeof(full)) {
        return false;
    }
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    size_t len = 0;
    ssize_t got = 0;
    while (len < size - 1 && (got = read(fd, out + len, size - 1 - len)) != 0) {
        if (got < 0 && errno != EINTR) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    out[len] = '\0';
    if (len > 0 && out[len - 1] == '\n') {
        out[len - 1] = '\0';
    }
    return got >= 0;
}

static void
read_gpus_file(const char *path, struct pal_machine *machine)
{
    char *text = malloc(GPUS_FILE_MAX_BYTES + 1);
    if (text == NULL || !pal_probe_read(NULL, path, text, GPUS_FILE_MAX_BYTES + 1)) {
        pal_machine_note(machine, "gpus file", "cannot read '%s': planning without a card", path);
        free(text);
        return;
    }
    size_t len = strlen(text);
    struct pal_error error;
    if (len == GPUS_FILE_MAX_BYTES) {
        pal_machine_note(machine, "gpus file", "'%s' is longer than 64 KiB: left out", path);
    } else if (pal_gpus_read(text, len, machine, &error) != PAL_OK) {
        pal_machine_note(machine, "gpus file", "'%s': %s", path, error.text);
    }
    free(text);
}

bool
pal_probe_may_have_cards(const char *root)
{
    static const char *const nodes[] = {
        "/dev/dri", "/dev/nvidiactl", "/dev/nvidia0",        "/dev/kfd",
        "/dev/dxg", "/dev/mali0",     "/proc/driver/nvidia",
    };
    bool found = getenv("GGML_VK_VISIBLE_DEVICES") != NULL || getenv("VK_ICD_FILENAMES") != NULL ||
                 getenv("VK_DRIVER_FILES") != NULL;
    for (size_t i = 0; i < PAL_COUNT_OF(nodes) && !found; i++) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s%s", root != NULL ? root : "", nodes[i]);
        found = access(path, F_OK) == 0;
    }
    return found;
}

void
pal_probe(const struct pal_probe_options *options, struct pal_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    if (options->gpus_json != NULL) {
        read_gpus_file(options->gpus_json, machine);
    } else if (options->asks_drivers) {
        /* The drivers' own figures first: pal_machine_add_gpu() believes the first. */
        pal_probe_nvml(options->nvml_path, machine);
        pal_probe_amdgpu(options->root, machine);
        if (options->llama_dir != NULL && pal_probe_may_have_cards(options->root)) {
            pal_probe_ggml(options->llama_dir, machine);
        }
    }
    pal_probe_cpu(options, machine);
    pal_probe_memory(options, machine);
}
