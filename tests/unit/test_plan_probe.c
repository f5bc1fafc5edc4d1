/* The probe against files in place of the machine: topologies, cgroups, sysfs, a driver's library.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/plan.h"
#include "plan/probe.h"
#include "util/mem.h"

/* ---- a small tree in place of / ---- */

static char root[64];

static int
make_root(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof(root), "/tmp/palabre-probe-XXXXXX");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int
remove_root(void **state)
{
    (void)state;
    char *command = pal_printf("rm -rf '%s'", root);
    int status = system(command);
    free(command);
    return status;
}

static void
put(const char *path, const char *text)
{
    char *full = pal_printf("%s%s", root, path);
    for (char *c = full + strlen(root) + 1; *c != '\0'; c++) {
        if (*c == '/') {
            *c = '\0';
            (void)mkdir(full, 0700);
            *c = '/';
        }
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(full);
}

static struct pal_machine
probe_root(void)
{
    struct pal_machine machine;
    const struct pal_probe_options options = {.root = root};
    pal_probe(&options, &machine);
    return machine;
}

/* ---- CPU ---- */

static void
test_topologies_give_cores_kinds_and_threads(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        uint32_t cores, logical, packages, n_kinds, fast, threads;
    } rows[] = {
        {"1c.xml", 1, 1, 1, 1, 1, 1},
        {"4c8t.xml", 4, 8, 1, 1, 4, 4},
        {"6c12t.xml", 6, 12, 1, 1, 6, 6},
        {"8c8t.xml", 8, 8, 1, 1, 8, 8},
        {"8c16t.xml", 8, 16, 1, 1, 8, 8},
        {"12c24t.xml", 12, 24, 1, 1, 12, 12},
        {"hybrid.xml", 24, 24, 1, 2, 16, 16},
        {"big-little.xml", 8, 8, 1, 2, 2, 2},
        {"two-sockets.xml", 16, 32, 2, 1, 16, 8},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *path = pal_printf(PLAN_DATA "/%s", rows[i].file);
        const struct pal_probe_options options = {.cpu_xml = path};
        struct pal_machine machine;
        enum pal_why why;
        pal_probe(&options, &machine);
        free(path);
        assert_int_equal(machine.n_notes, 0);
        assert_int_equal(machine.cpu.n_cores, rows[i].cores);
        assert_int_equal(machine.cpu.n_logical, rows[i].logical);
        assert_int_equal(machine.cpu.n_packages, rows[i].packages);
        assert_int_equal(machine.cpu.n_kinds, rows[i].n_kinds);
        assert_int_equal(machine.cpu.kinds[0].n_cores, rows[i].fast);
        assert_int_equal(pal_plan_threads(&machine.cpu, &why), rows[i].threads);
        assert_true(machine.cpu.name[0] != '\0');
    }
}

static void
test_only_the_listed_processors_are_planned_with(void **state)
{
    (void)state;
    static const struct {
        const char *cpus;
        uint32_t cores, logical;
    } rows[] = {
        {"", 8, 16}, {"0-3", 2, 4}, {"0,2,4", 3, 3}, {"900", 8, 16}, {"nonsense", 8, 16},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct pal_probe_options options = {.cpu_xml = PLAN_DATA "/8c16t.xml",
                                                  .cpus = rows[i].cpus};
        struct pal_machine machine;
        pal_probe(&options, &machine);
        assert_int_equal(machine.cpu.n_cores_usable, rows[i].cores);
        assert_int_equal(machine.cpu.n_logical_usable, rows[i].logical);
        assert_int_equal(machine.cpu.n_cores, 8);
    }
}

static void
test_a_bad_topology_is_noted_and_this_machine_taken(void **state)
{
    (void)state;
    put("/cut.xml", "<?xml version=\"1.0\"?><topology version=\"2.0\"><object type=\"Mach");
    put("/other.xml", "<html></html>");
    put("/empty.xml", "");
    static const char *const files[] = {"/cut.xml", "/other.xml", "/empty.xml", "/missing.xml"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *path = pal_printf("%s%s", root, files[i]);
        const struct pal_probe_options options = {.cpu_xml = path};
        struct pal_machine machine;
        pal_probe(&options, &machine);
        free(path);
        assert_int_equal(machine.n_notes, 1);
        assert_string_equal(machine.notes[0].source, "hwloc");
        assert_true(machine.cpu.n_cores_usable >= 1);
    }
}

static void
test_cgroup_quota_is_the_tightest_of_all_above(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/game/chat\n");
    put("/sys/fs/cgroup/game/chat/cpu.max", "max 100000\n");
    assert_true(probe_root().cpu.quota_cpus == 0);
    put("/sys/fs/cgroup/game/cpu.max", "200000 100000\n");
    assert_true(probe_root().cpu.quota_cpus == 2);
    put("/sys/fs/cgroup/game/chat/cpu.max", "150000 100000\n");
    assert_true(probe_root().cpu.quota_cpus == 1.5);
    put("/sys/fs/cgroup/game/chat/cpu.max", "-1 0\n");
    assert_true(probe_root().cpu.quota_cpus == 2);
    put("/sys/fs/cgroup/game/cpu.max", "rubbish\n");
    assert_true(probe_root().cpu.quota_cpus == 0);
}

static void
test_old_cgroups_are_read_too(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "4:cpu,cpuacct:/docker\n3:memory:/docker\n");
    put("/sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us", "300000\n");
    put("/sys/fs/cgroup/cpu/docker/cpu.cfs_period_us", "100000\n");
    assert_true(probe_root().cpu.quota_cpus == 3);
    put("/sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us", "-1\n");
    assert_true(probe_root().cpu.quota_cpus == 0);
}

static void
test_instructions_are_read_as_whole_words(void **state)
{
    (void)state;
    put("/proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Test CPU\nflags\t\t: fma avx2x avx512f\n\n");
    assert_int_equal(probe_root().cpu.isa, 0);
    put("/proc/cpuinfo", "model name\t: Test CPU\nflags\t\t: fma avx2 avx512f avx512bw avx512_vnni "
                         "amx_int8\nbugs\t\t:\n");
    assert_int_equal(probe_root().cpu.isa,
                     PAL_ISA_AVX2 | PAL_ISA_AVX512 | PAL_ISA_VNNI | PAL_ISA_AMX);
}

/* ---- memory ---- */

static void
test_memory_and_its_limit_are_read(void **state)
{
    (void)state;
    put("/proc/meminfo",
        "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n");
    put("/sys/fs/cgroup/memory.max", "max\n");
    struct pal_machine machine = probe_root();
    assert_int_equal(machine.memory.total_bytes, 16 * PAL_GIB);
    assert_int_equal(machine.memory.available_bytes, 8 * PAL_GIB);
    assert_int_equal(machine.memory.limit_bytes, 0);
    put("/sys/fs/cgroup/memory.max", "4294967296\n");
    put("/sys/fs/cgroup/memory.current", "1073741824\n");
    assert_int_equal(probe_root().memory.limit_bytes, 3 * PAL_GIB);
}

static void
test_missing_and_absurd_memory_is_noted(void **state)
{
    (void)state;
    put("/proc/meminfo", "MemTotal: -5 kB\n");
    struct pal_machine machine = probe_root();
    assert_int_equal(machine.memory.total_bytes, 0);
    assert_int_equal(machine.n_notes, 1);
    put("/proc/meminfo", "");
    machine = probe_root();
    assert_int_equal(machine.memory.total_bytes, 0);
    assert_int_equal(machine.n_notes, 1);
}

static void
test_bandwidth_of_this_machine_is_measured(void **state)
{
    (void)state;
    const struct pal_probe_options options = {.measures_memory = true};
    struct pal_machine machine;
    pal_probe(&options, &machine);
    if (machine.n_notes == 0) { /* a machine with little free memory notes that instead */
        assert_true(machine.memory.read_bytes_1_s > PAL_MIB);
        assert_true(machine.memory.read_bytes_s > PAL_MIB);
    }
}

/* ---- cards ---- */

static void
test_amd_cards_are_read_from_sysfs(void **state)
{
    (void)state;
    put("/sys/class/drm/card0/device/vendor", "0x8086\n");
    put("/sys/class/drm/card1/device/vendor", "0x1002\n");
    put("/sys/class/drm/card1/device/product_name", "Radeon RX 6600\n");
    put("/sys/class/drm/card1/device/mem_info_vram_total", "8573157376\n");
    put("/sys/class/drm/card1/device/mem_info_vram_used", "1073741824\n");
    put("/sys/class/drm/card1-DP-1/device/vendor", "0x1002\n");
    struct pal_machine machine = {0};
    pal_probe_amdgpu(root, &machine);
    assert_int_equal(machine.n_gpus, 1);
    assert_string_equal(machine.gpus[0].name, "Radeon RX 6600");
    assert_int_equal(machine.gpus[0].total_bytes, 8573157376);
    assert_int_equal(machine.gpus[0].free_bytes, 8573157376 - 1073741824);
    put("/sys/class/drm/card1/device/mem_info_vram_used", "99999999999\n");
    put("/sys/class/drm/card2/device/vendor", "0x1002\n");
    machine = (struct pal_machine){0};
    pal_probe_amdgpu(root, &machine);
    assert_int_equal(machine.n_gpus, 1); /* card2 says nothing of its memory */
    assert_int_equal(machine.gpus[0].free_bytes, 0);
    assert_int_equal(machine.n_notes, 1);
}

static struct pal_machine
ask_nvml(const char *failure)
{
    struct pal_machine machine = {0};
    assert_int_equal(setenv("NVML_FAKE", failure, 1), 0);
    pal_probe_nvml(FAKE_NVML, &machine);
    return machine;
}

static void
test_nvidia_cards_are_read_by_nvml(void **state)
{
    (void)state;
    struct pal_machine machine = ask_nvml("");
    assert_int_equal(machine.n_notes, 0);
    assert_int_equal(machine.n_gpus, 2);
    const struct pal_gpu *gpu = &machine.gpus[0];
    assert_string_equal(gpu->name, "NVIDIA GeForce GTX 780");
    assert_int_equal(gpu->total_bytes, 3 * PAL_GIB);
    assert_int_equal(gpu->free_bytes, 2 * PAL_GIB);
    assert_int_equal(gpu->compute_major, 3);
    assert_int_equal(gpu->temperature_c, 61);
    assert_int_equal(gpu->n_others, 2);
    assert_int_equal(gpu->others_bytes, 700 * PAL_MIB);
    assert_int_equal(strlen(gpu->pci), 12);
}

static void
test_nvml_that_fails_half_way_leaves_a_note(void **state)
{
    (void)state;
    static const struct {
        const char *failure;
        uint32_t n_gpus;
        bool has_note;
    } rows[] = {{"init", 0, true},   {"count", 0, true}, {"second", 1, true},
                {"memory", 0, true}, {"zero", 0, true},  {"processes", 2, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pal_machine machine = ask_nvml(rows[i].failure);
        assert_int_equal(machine.n_notes > 0, rows[i].has_note);
        assert_int_equal(machine.n_gpus, rows[i].n_gpus);
    }
    assert_true(ask_nvml("many").n_gpus <= PAL_MACHINE_GPUS_MAX);
    struct pal_machine machine = {0};
    pal_probe_nvml("/nowhere/libnvidia-ml.so.1", &machine);
    assert_int_equal(machine.n_notes + machine.n_gpus, 0);
}

static void
test_ggml_without_card_backends_has_no_cards(void **state)
{
    (void)state;
    struct pal_machine machine = {0};
    pal_probe_ggml(root, &machine);
    assert_int_equal(machine.n_gpus, 0);
    assert_int_equal(machine.n_notes, 0);
}

static void
test_fingerprint_changes_with_the_hardware_only(void **state)
{
    (void)state;
    struct pal_machine machine = {.cpu = {.name = "A", .n_cores_usable = 4}};
    char first[PAL_FINGERPRINT_MAX], second[PAL_FINGERPRINT_MAX];
    pal_machine_fingerprint(&machine, first);
    machine.cpu.busy_cpus = 3;
    machine.memory.available_bytes = 12345;
    pal_machine_fingerprint(&machine, second);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), 12);
    machine.cpu.n_cores_usable = 5;
    pal_machine_fingerprint(&machine, second);
    assert_string_not_equal(first, second);
}

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topologies_give_cores_kinds_and_threads),
        IN_ROOT(test_only_the_listed_processors_are_planned_with),
        IN_ROOT(test_a_bad_topology_is_noted_and_this_machine_taken),
        IN_ROOT(test_cgroup_quota_is_the_tightest_of_all_above),
        IN_ROOT(test_old_cgroups_are_read_too),
        IN_ROOT(test_instructions_are_read_as_whole_words),
        IN_ROOT(test_memory_and_its_limit_are_read),
        IN_ROOT(test_missing_and_absurd_memory_is_noted),
        cmocka_unit_test(test_bandwidth_of_this_machine_is_measured),
        IN_ROOT(test_amd_cards_are_read_from_sysfs),
        cmocka_unit_test(test_nvidia_cards_are_read_by_nvml),
        cmocka_unit_test(test_nvml_that_fails_half_way_leaves_a_note),
        IN_ROOT(test_ggml_without_card_backends_has_no_cards),
        cmocka_unit_test(test_fingerprint_changes_with_the_hardware_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
