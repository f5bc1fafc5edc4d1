#include "engine/sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/mem.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define HAS_SANITIZER true
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER false
#endif

/* A list of what is refused, not of what is allowed: what a card's driver needs is anybody's guess.
 */
static const int refused[] = {
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
};

/* Returns 0, or a negative errno. */
static int
load_filter(scmp_filter_ctx filter)
{
    /* ggml's threads and the i/o thread exist already: the filter is for them as well. */
    int status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    for (size_t i = 0; i < PAL_COUNT_OF(refused) && status == 0; i++) {
        status = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    }
    return status == 0 ? seccomp_load(filter) : status;
}

enum pal_err
pal_sandbox_close(struct pal_error *error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) {
        return pal_error_set(error, PAL_ERR_UNSUPPORTED, "no seccomp filter can be made here");
    }
    int status = load_filter(filter);
    seccomp_release(filter);
    if (status != 0) {
        return pal_error_set(error, PAL_ERR_UNSUPPORTED, "the kernel takes no seccomp filter: %s",
                             strerror(-status));
    }
    return PAL_OK;
}

/* Private writable memory, as RLIMIT_DATA counts it. */
static bool
read_data_bytes(uint64_t *bytes)
{
    FILE *file = fopen("/proc/self/status", "re");
    if (file == NULL) {
        return false;
    }
    char line[256];
    uint64_t kib = 0;
    bool found = false;
    while (!found && fgets(line, sizeof(line), file) != NULL) {
        found = sscanf(line, "VmData: %" SCNu64, &kib) == 1;
    }
    (void)fclose(file);
    *bytes = kib * 1024;
    return found;
}

enum pal_err
pal_sandbox_limit_memory(uint64_t growth_bytes, struct pal_error *error)
{
    uint64_t bytes = 0;
    if (HAS_SANITIZER) {
        return PAL_OK;
    }
    if (!read_data_bytes(&bytes)) {
        return pal_error_set(error, PAL_ERR_UNSUPPORTED, "/proc does not tell our memory");
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_DATA, &limit) != 0) {
        return pal_error_set(error, PAL_ERR_IO, "getrlimit: %s", strerror(errno));
    }
    rlim_t wanted = (rlim_t)(bytes + growth_bytes);
    limit.rlim_cur =
        limit.rlim_max == RLIM_INFINITY || wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_DATA, &limit) != 0) {
        return pal_error_set(error, PAL_ERR_IO, "setrlimit: %s", strerror(errno));
    }
    return PAL_OK;
}

void
pal_sandbox_keep_private(void)
{
    struct rlimit none = {0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
