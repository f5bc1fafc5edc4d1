#include "util/proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* The value of a line `name:   NUMBER kB` of a file in /proc. */
static uint64_t
read_kib(const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    char line[256];
    uint64_t value = 0;
    size_t len = strlen(name);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            (void)sscanf(line + len + 1, "%" SCNu64, &value);
            break;
        }
    }
    (void)fclose(file);
    return value * 1024;
}

uint64_t
pal_proc_memory_bytes(int pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
    return read_kib(pid == 0 ? "/proc/self/status" : path, "RssAnon");
}

uint64_t
pal_proc_available_bytes(void)
{
    return read_kib("/proc/meminfo", "MemAvailable");
}

void
pal_proc_allow_huge_pages(bool may_have)
{
    (void)prctl(PR_SET_THP_DISABLE, may_have ? 0UL : 1UL, 0UL, 0UL, 0UL);
}
