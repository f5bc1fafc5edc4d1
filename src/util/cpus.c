#include "util/cpus.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Digits alone: strtol() would take a sign and white space as well. False: not a processor. */
static bool
take_number(const char **at, long *number)
{
    if (!isdigit((unsigned char)**at)) {
        return false;
    }
    char *end = NULL;
    *number = strtol(*at, &end, 10);
    *at = end;
    return *number < CPU_SETSIZE;
}

enum pal_err
pal_cpus_read(const char *list, cpu_set_t *cpus, struct pal_error *error)
{
    const char *at = list;
    CPU_ZERO(cpus);
    for (;;) {
        long first = 0;
        bool ok = take_number(&at, &first);
        long last = first;
        if (ok && *at == '-') {
            at++;
            ok = take_number(&at, &last) && last >= first;
        }
        if (!ok || (*at != ',' && *at != '\0')) {
            return pal_error_set(error, PAL_ERR_ARGUMENT,
                                 "'%.60s' is no list of processors: write it like 0-3,6", list);
        }
        for (long cpu = first; cpu <= last; cpu++) {
            CPU_SET((size_t)cpu, cpus);
        }
        if (*at == '\0') {
            return PAL_OK;
        }
        at++;
    }
}

/* "0-3,6"; cut off where the room ends. */
static void
write_list(const cpu_set_t *cpus, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (int cpu = 0; cpu < CPU_SETSIZE && len < size; cpu++) {
        int last = cpu;
        if (!CPU_ISSET(cpu, cpus)) {
            continue;
        }
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus)) {
            last++;
        }
        const char *comma = len > 0 ? "," : "";
        int n = last > cpu ? snprintf(text + len, size - len, "%s%d-%d", comma, cpu, last)
                           : snprintf(text + len, size - len, "%s%d", comma, cpu);
        len += n > 0 ? (size_t)n : 0;
        cpu = last;
    }
}

enum pal_err
pal_cpus_choose(const char *list, cpu_set_t *cpus, struct pal_error *error)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
        return pal_error_set(error, PAL_ERR_IO, "cannot read which processors may be used");
    }
    if (list == NULL || list[0] == '\0') {
        *cpus = allowed;
        return PAL_OK;
    }
    enum pal_err err = pal_cpus_read(list, cpus, error);
    for (int cpu = 0; err == PAL_OK && cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, cpus) && !CPU_ISSET(cpu, &allowed)) {
            char text[120];
            write_list(&allowed, text, sizeof(text));
            err = pal_error_set(error, PAL_ERR_ARGUMENT,
                                "processor %d is not there for this program, which has %s", cpu,
                                text);
        }
    }
    return err;
}
