/* Cores, kinds, caches, what affinity and cgroup leave of them, and how busy they are. */
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plan/probe.h"

#define LOAD_SAMPLE_NS  250000000L
#define CPUINFO_MAX     (32 * 1024) /* the first processors are enough */
#define CGROUP_PATH_MAX 256

/* Cores with at least one processor in the set, and these processors. */
static struct pal_cpu_kind
count_in(hwloc_topology_t topology, hwloc_const_cpuset_t set)
{
    struct pal_cpu_kind kind = {0, 0};
    int n_threads = hwloc_bitmap_weight(set);
    kind.n_threads = n_threads > 0 ? (uint32_t)n_threads : 0;
    hwloc_obj_t core = NULL;
    while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != NULL) {
        kind.n_cores += hwloc_bitmap_intersects(core->cpuset, set) ? 1 : 0;
    }
    if (kind.n_cores == 0) { /* a virtual machine that hides its cores */
        kind.n_cores = kind.n_threads;
    }
    return kind;
}

static uint32_t
count_type(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    int n = hwloc_get_nbobjs_by_type(topology, type);
    return n > 0 ? (uint32_t)n : 0;
}

static void
read_kinds(hwloc_topology_t topology, hwloc_const_cpuset_t usable, struct pal_cpu *cpu)
{
    int n = hwloc_cpukinds_get_nr(topology, 0);
    /* hwloc ranks the slowest first. */
    for (int i = n - 1; i >= 0 && cpu->n_kinds < PAL_MACHINE_KINDS_MAX; i--) {
        hwloc_cpuset_t set = hwloc_bitmap_alloc();
        int efficiency = -1;
        if (set != NULL &&
            hwloc_cpukinds_get_info(topology, (unsigned)i, set, &efficiency, NULL, NULL, 0) == 0) {
            (void)hwloc_bitmap_and(set, set, usable);
            struct pal_cpu_kind kind = count_in(topology, set);
            if (efficiency >= 0 && kind.n_cores > 0) {
                cpu->kinds[cpu->n_kinds++] = kind;
            }
        }
        hwloc_bitmap_free(set);
    }
    if (cpu->n_kinds == 0) {
        cpu->kinds[0] = count_in(topology, usable);
        cpu->n_kinds = 1;
    }
}

static void
read_nodes_and_caches(hwloc_topology_t topology, hwloc_const_cpuset_t usable, struct pal_cpu *cpu)
{
    cpu->n_numa = count_type(topology, HWLOC_OBJ_NUMANODE);
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != NULL) {
        hwloc_cpuset_t set = hwloc_bitmap_alloc();
        if (set != NULL) {
            (void)hwloc_bitmap_and(set, node->cpuset, usable);
            struct pal_cpu_kind inside = count_in(topology, set);
            cpu->n_cores_node =
                inside.n_cores > cpu->n_cores_node ? inside.n_cores : cpu->n_cores_node;
        }
        hwloc_bitmap_free(set);
    }
    cpu->n_l3 = count_type(topology, HWLOC_OBJ_L3CACHE);
    hwloc_obj_t l3 = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_L3CACHE, NULL);
    cpu->l3_bytes = l3 != NULL ? l3->attr->cache.size : 0;
}

/* Keeps of `usable` what the list names, unless that is nothing. */
static void
keep_listed(hwloc_cpuset_t usable, const char *list)
{
    hwloc_cpuset_t listed = hwloc_bitmap_alloc();
    if (listed != NULL && hwloc_bitmap_list_sscanf(listed, list) == 0 &&
        hwloc_bitmap_intersects(listed, usable)) {
        (void)hwloc_bitmap_and(usable, usable, listed);
    }
    hwloc_bitmap_free(listed);
}

/* `list`: the processors that are ours; "" = all. */
static void
read_topology(hwloc_topology_t topology, bool is_here, const char *list, struct pal_cpu *cpu)
{
    hwloc_cpuset_t usable = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(topology));
    hwloc_cpuset_t bound = hwloc_bitmap_alloc();
    if (is_here && bound != NULL &&
        hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_PROCESS) == 0 &&
        hwloc_bitmap_intersects(bound, usable)) {
        (void)hwloc_bitmap_and(usable, usable, bound);
    }
    hwloc_bitmap_free(bound);
    if (list[0] != '\0') {
        keep_listed(usable, list);
    }
    struct pal_cpu_kind all = count_in(topology, hwloc_topology_get_topology_cpuset(topology));
    struct pal_cpu_kind ours = count_in(topology, usable);
    cpu->n_packages = count_type(topology, HWLOC_OBJ_PACKAGE);
    cpu->n_cores = all.n_cores;
    cpu->n_logical = all.n_threads;
    cpu->n_cores_usable = ours.n_cores;
    cpu->n_logical_usable = ours.n_threads;
    read_kinds(topology, usable, cpu);
    read_nodes_and_caches(topology, usable, cpu);
    hwloc_obj_t package = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PACKAGE, NULL);
    const char *name = package != NULL ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
    (void)snprintf(cpu->name, sizeof(cpu->name), "%s", name != NULL ? name : "");
    hwloc_bitmap_free(usable);
}

/* Loads an XML if there is one; false: nothing usable came out of it. */
static bool
load_topology(const char *xml, const char *list, struct pal_cpu *cpu)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0) {
        return false;
    }
    bool is_loaded = (xml == NULL || hwloc_topology_set_xml(topology, xml) == 0) &&
                     hwloc_topology_load(topology) == 0;
    if (is_loaded) {
        read_topology(topology, xml == NULL, list, cpu);
    }
    hwloc_topology_destroy(topology);
    return is_loaded && cpu->n_logical > 0 && cpu->n_logical <= PAL_MACHINE_CPUS_MAX &&
           cpu->n_cores_usable > 0;
}

static bool
has_flag(const char *flags, const char *flag)
{
    size_t len = strlen(flag);
    for (const char *at = strstr(flags, flag); at != NULL; at = strstr(at + 1, flag)) {
        if (at[-1] == ' ' && (at[len] == ' ' || at[len] == '\0' || at[len] == '\n')) {
            return true;
        }
    }
    return false;
}

static void
read_cpuinfo(const char *root, struct pal_cpu *cpu)
{
    char *text = malloc(CPUINFO_MAX);
    if (text == NULL || !pal_probe_read(root, "/proc/cpuinfo", text, CPUINFO_MAX)) {
        free(text);
        return;
    }
    const char *flags = strstr(text, "\nflags");
    if (flags != NULL) {
        flags++;
        cpu->isa |= has_flag(flags, "avx2") && has_flag(flags, "fma") ? PAL_ISA_AVX2 : 0;
        cpu->isa |= has_flag(flags, "avx512f") && has_flag(flags, "avx512bw") ? PAL_ISA_AVX512 : 0;
        cpu->isa |=
            has_flag(flags, "avx512_vnni") || has_flag(flags, "avx_vnni") ? PAL_ISA_VNNI : 0;
        cpu->isa |= has_flag(flags, "amx_int8") ? PAL_ISA_AMX : 0;
    }
    const char *name = strstr(text, "model name");
    name = name != NULL ? strchr(name, ':') : NULL;
    if (cpu->name[0] == '\0' && name != NULL) {
        (void)snprintf(cpu->name, sizeof(cpu->name), "%.*s", (int)strcspn(name + 1, "\n"),
                       name + 1 + (name[1] == ' '));
        cpu->name[strcspn(cpu->name, "\n")] = '\0';
    }
    free(text);
}

/* "200000 100000" of cgroup v2's cpu.max is two processors; "max ..." is no limit. */
static double
quota_v2(const char *text)
{
    double quota = 0, period = 0;
    if (sscanf(text, "%lf %lf", &quota, &period) != 2 || quota <= 0 || period <= 0) {
        return 0;
    }
    return quota / period;
}

static double
quota_at(const char *root, const char *path)
{
    char file[CGROUP_PATH_MAX + 64];
    char text[64];
    (void)snprintf(file, sizeof(file), "/sys/fs/cgroup%s/cpu.max", path);
    if (pal_probe_read(root, file, text, sizeof(text))) {
        return quota_v2(text);
    }
    char quota[32], period[32];
    (void)snprintf(file, sizeof(file), "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", path);
    if (!pal_probe_read(root, file, quota, sizeof(quota))) {
        return 0;
    }
    (void)snprintf(file, sizeof(file), "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", path);
    if (!pal_probe_read(root, file, period, sizeof(period))) {
        return 0;
    }
    (void)snprintf(text, sizeof(text), "%.20s %.20s", quota, period);
    return quota_v2(text);
}

/* The tightest limit of this group and all above it. */
static double
read_quota(const char *root)
{
    char groups[4096];
    char path[CGROUP_PATH_MAX] = "";
    if (pal_probe_read(root, "/proc/self/cgroup", groups, sizeof(groups))) {
        const char *at = strstr(groups, "0::");
        at = at == NULL ? strstr(groups, ":cpu,cpuacct:") : at;
        at = at == NULL ? NULL : strchr(at, '/');
        if (at != NULL) {
            (void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, "\n"), at);
        }
    }
    double tightest = 0;
    for (;;) {
        if (strcmp(path, "/") == 0) {
            path[0] = '\0';
        }
        double quota = quota_at(root, path);
        tightest = quota > 0 && (tightest == 0 || quota < tightest) ? quota : tightest;
        char *slash = strrchr(path, '/');
        if (slash == NULL) {
            return tightest;
        }
        *slash = '\0';
    }
}

struct ticks {
    unsigned long long busy, all;
};

static bool
read_ticks(const char *root, struct ticks *ticks)
{
    char text[256];
    unsigned long long t[8] = {0};
    if (!pal_probe_read(root, "/proc/stat", text, sizeof(text)) ||
        sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
               &t[4], &t[5], &t[6], &t[7]) < 4) {
        return false;
    }
    *ticks = (struct ticks){0, 0};
    for (int i = 0; i < 8; i++) {
        ticks->all += t[i];
        ticks->busy += i == 3 || i == 4 ? 0 : t[i]; /* idle, waiting for the disk */
    }
    return true;
}

static void
measure_load(const char *root, struct pal_cpu *cpu)
{
    struct ticks before, after;
    const struct timespec pause = {0, LOAD_SAMPLE_NS};
    if (!read_ticks(root, &before) || nanosleep(&pause, NULL) != 0 || !read_ticks(root, &after) ||
        after.all <= before.all || after.busy < before.busy) {
        return;
    }
    cpu->busy_cpus = (double)cpu->n_logical * (double)(after.busy - before.busy) /
                     (double)(after.all - before.all);
}

void
pal_probe_cpu(const struct pal_probe_options *options, struct pal_machine *machine)
{
    struct pal_cpu *cpu = &machine->cpu;
    const char *list = options->cpus != NULL ? options->cpus : "";
    if (options->cpu_xml != NULL) {
        if (load_topology(options->cpu_xml, list, cpu)) {
            cpu->isa = PAL_ISA_AVX2; /* an XML does not tell; every PC since 2015 has it */
            return;
        }
        pal_machine_note(machine, "hwloc", "'%s' is no topology: planning for this machine's CPU",
                         options->cpu_xml);
        memset(cpu, 0, sizeof(*cpu));
    }
    if (!load_topology(NULL, list, cpu)) {
        pal_machine_note(machine, "hwloc", "cannot read the topology: planning for one core");
        memset(cpu, 0, sizeof(*cpu));
        cpu->n_packages = cpu->n_numa = cpu->n_cores = cpu->n_logical = 1;
        cpu->n_cores_usable = cpu->n_logical_usable = cpu->n_cores_node = 1;
        cpu->n_kinds = 1;
        cpu->kinds[0] = (struct pal_cpu_kind){1, 1};
    }
    read_cpuinfo(options->root, cpu);
    cpu->quota_cpus = read_quota(options->root);
    if (options->measures_load) {
        measure_load(options->root, cpu);
    }
}
