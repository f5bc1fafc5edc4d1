#ifndef PAL_UTIL_CPUS_H
#define PAL_UTIL_CPUS_H
/* Lists of processors as people and the kernel write them: "0-3,6". Any thread. */
#include <sched.h>

#include "util/err.h"

/* Reads a list. PAL_ERR_ARGUMENT: it is none; *error quotes what is wrong with it. Pure. */
enum pal_err pal_cpus_read(const char *list, cpu_set_t *cpus, struct pal_error *error) PAL_MUST_USE;

/*
 * The processors of the list, which is checked against those that this process may use. NULL or "":
 * all of them. PAL_ERR_ARGUMENT: the list names one that isn't there, or is no list.
 */
enum pal_err pal_cpus_choose(const char *list, cpu_set_t *cpus,
                             struct pal_error *error) PAL_MUST_USE;

#endif
