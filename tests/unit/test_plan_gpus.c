/* The list of cards as a file: right, wrong, hostile, and cut at every byte. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "plan/probe.h"

static const char golden[] =
    "{\"gpus\": [{\"name\": \"NVIDIA GeForce GTX 1650\", \"device\": \"CUDA0\", \"total\": "
    "\"4GiB\","
    " \"free\": 3221225472, \"used_by_others\": \"512MiB\", \"processes\": 2, \"compute_major\": 7,"
    " \"temperature\": 55, \"pci\": \"0000:01:00.0\", \"kind\": \"discrete\"}]}";

static struct pal_machine
read_list(const char *json, enum pal_err expected)
{
    struct pal_machine machine = {0};
    struct pal_error error;
    assert_int_equal(pal_gpus_read(json, strlen(json), &machine, &error), expected);
    return machine;
}

static void
test_every_field_is_read(void **state)
{
    (void)state;
    struct pal_machine machine = read_list(golden, PAL_OK);
    assert_int_equal(machine.n_gpus, 1);
    assert_int_equal(machine.n_notes, 0);
    const struct pal_gpu *gpu = &machine.gpus[0];
    assert_string_equal(gpu->name, "NVIDIA GeForce GTX 1650");
    assert_string_equal(gpu->device, "CUDA0");
    assert_int_equal(gpu->total_bytes, 4 * PAL_GIB);
    assert_int_equal(gpu->free_bytes, 3 * PAL_GIB);
    assert_int_equal(gpu->others_bytes, 512 * PAL_MIB);
    assert_int_equal(gpu->n_others, 2);
    assert_int_equal(gpu->compute_major, 7);
    assert_int_equal(gpu->temperature_c, 55);
    assert_int_equal(gpu->kind, PAL_GPU_DISCRETE);
}

static void
test_bad_cards_are_noted_and_left_out(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "{\"gpus\":[{\"name\":\"x\",\"total\":-1}]}",
        "{\"gpus\":[{\"name\":\"x\",\"total\":\"-6GiB\"}]}",
        "{\"gpus\":[{\"name\":\"x\",\"total\":\"much\"}]}",
        "{\"gpus\":[{\"name\":\"x\",\"total\":1.5}]}",
        "{\"gpus\":[{\"name\":\"x\",\"total\":9223372036854775807}]}",
        "{\"gpus\":[{\"name\":\"x\",\"total\":0}]}",
        "{\"gpus\":[{\"name\":\"x\"}]}",
        "{\"gpus\":[{\"name\":7,\"total\":\"4GiB\"}]}",
        "{\"gpus\":[{\"name\":\"a\\nb\",\"total\":\"4GiB\"}]}",
        "{\"gpus\":[{\"name\":\"x\",\"total\":\"4GiB\",\"free\":-1}]}",
        "{\"gpus\":[{\"name\":\"x\",\"total\":\"4GiB\",\"processes\":-3}]}",
        "{\"gpus\":[{\"name\":\"x\",\"total\":\"4GiB\",\"kind\":\"huge\"}]}",
        "{\"gpus\":[null]}",
        "{\"gpus\":[\"GTX\"]}",
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct pal_machine machine = read_list(lists[i], PAL_OK);
        assert_int_equal(machine.n_gpus, 0);
        assert_int_equal(machine.n_notes, 1);
        assert_true(strlen(machine.notes[0].text) > 0);
    }
}

static void
test_what_is_no_list_is_refused(void **state)
{
    (void)state;
    static const char *const lists[] = {"", "[]", "{}", "{\"gpus\":{}}", "{\"gpus\":", "nope"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct pal_machine machine = read_list(lists[i], PAL_ERR_CONFIG);
        assert_int_equal(machine.n_gpus, 0);
    }
}

static void
test_cut_at_every_byte_it_never_takes_a_card(void **state)
{
    (void)state;
    size_t len = strlen(golden);
    for (size_t i = 0; i < len; i++) {
        char *cut = malloc(i > 0 ? i : 1); /* exact room: a byte too far is seen by ASan */
        assert_non_null(cut);
        memcpy(cut, golden, i);
        struct pal_machine machine = {0};
        struct pal_error error;
        assert_int_equal(pal_gpus_read(cut, i, &machine, &error), PAL_ERR_CONFIG);
        assert_int_equal(machine.n_gpus, 0);
        free(cut);
    }
}

static void
test_more_free_than_there_is_is_cut(void **state)
{
    (void)state;
    struct pal_machine machine =
        read_list("{\"gpus\":[{\"name\":\"x\",\"total\":\"4GiB\",\"free\":\"5GiB\"}]}", PAL_OK);
    assert_int_equal(machine.gpus[0].free_bytes, 4 * PAL_GIB);
    assert_int_equal(machine.n_notes, 1);
}

static void
test_no_more_cards_than_there_is_room_for(void **state)
{
    (void)state;
    struct pal_machine machine = read_list(
        "{\"gpus\":[{\"total\":\"1\"},{\"total\":\"1\"},{\"total\":\"1\"},{\"total\":\"1\"},"
        "{\"total\":\"1\"},{\"total\":\"1\"},{\"total\":\"1\"},{\"total\":\"1\"},{\"total\":\"1\"},"
        "{\"total\":\"1\"}]}",
        PAL_OK);
    assert_int_equal(machine.n_gpus, PAL_MACHINE_GPUS_MAX);
    assert_int_equal(machine.n_notes, 2);
}

static void
test_two_sources_of_one_card_become_one(void **state)
{
    (void)state;
    struct pal_machine machine = {0};
    const struct pal_gpu driver = {.name = "RTX 3060",
                                   .pci = "0000:01:00.0",
                                   .sources = "nvml",
                                   .total_bytes = 12 * PAL_GIB,
                                   .free_bytes = 7 * PAL_GIB};
    const struct pal_gpu ggml = {.name = "NVIDIA GeForce RTX 3060",
                                 .pci = "0000:01:00.0",
                                 .device = "Vulkan0",
                                 .sources = "ggml",
                                 .total_bytes = 12 * PAL_GIB,
                                 .free_bytes = 12 * PAL_GIB};
    pal_machine_add_gpu(&machine, &driver);
    pal_machine_add_gpu(&machine, &ggml);
    assert_int_equal(machine.n_gpus, 1);
    assert_int_equal(machine.gpus[0].free_bytes, 7 * PAL_GIB);
    assert_string_equal(machine.gpus[0].device, "Vulkan0");
    assert_string_equal(machine.gpus[0].sources, "nvml+ggml");
}

static void
test_sizes_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"6GiB", 6 * PAL_GIB},
        {"6", 6 * PAL_GIB},
        {"1.5 GB", PAL_GIB / 2 * 3},
        {"512m", 512 * PAL_MIB},
        {"64 KiB", 64 * PAL_KIB},
        {"100b", 100},
        {"0", 0},
    };
    static const char *const bad[] = {"", "GiB", "-1", "6TiBx", "nan", "inf", "1e99", "6GiB!"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t bytes = 1;
        assert_int_equal(pal_bytes_parse(good[i].text, &bytes), PAL_OK);
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t bytes;
        assert_int_equal(pal_bytes_parse(bad[i], &bytes), PAL_ERR_ARGUMENT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_is_read),
        cmocka_unit_test(test_bad_cards_are_noted_and_left_out),
        cmocka_unit_test(test_what_is_no_list_is_refused),
        cmocka_unit_test(test_cut_at_every_byte_it_never_takes_a_card),
        cmocka_unit_test(test_more_free_than_there_is_is_cut),
        cmocka_unit_test(test_no_more_cards_than_there_is_room_for),
        cmocka_unit_test(test_two_sources_of_one_card_become_one),
        cmocka_unit_test(test_sizes_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
