#include "test.h"

#include "engine/park.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"

#define DATA_BYTES 1000
#define N_TOKENS   20

static char *dir;

static int
make_dir(void **state)
{
    (void)state;
    dir = pal_strdup("/tmp/palabre-park-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
remove_dir(void **state)
{
    (void)state;
    int status = rmdir(dir); /* every test leaves it empty */
    free(dir);
    return status;
}

static struct pal_span
make_span(const char *owner, int32_t first)
{
    struct pal_span span = {
        .owner = pal_strdup(owner),
        .tokens = pal_calloc(N_TOKENS, sizeof(int32_t)),
        .positions = pal_calloc(N_TOKENS, sizeof(int32_t)),
        .n_tokens = N_TOKENS,
        .n_base = 4,
        .n_prompt = 10,
        .data = pal_calloc(DATA_BYTES, 1),
        .n_bytes = DATA_BYTES,
    };
    for (int32_t i = 0; i < N_TOKENS; i++) {
        span.tokens[i] = first + i;
        span.positions[i] = i;
    }
    memset(span.data, (int)(first & 0x7F), DATA_BYTES);
    return span;
}

static struct pal_park *
open_park(uint64_t n_ram, uint64_t n_disk, uint64_t key)
{
    const struct pal_park_options options = {
        .ram_max_bytes = n_ram * (DATA_BYTES + 4 * N_TOKENS + 100),
        .disk_max_bytes = n_disk * (DATA_BYTES + 4 * N_TOKENS + 100),
        .dir = dir,
        .key = key,
    };
    return pal_park_create(&options);
}

static void
put(struct pal_park *park, const char *owner, int32_t first)
{
    struct pal_span span = make_span(owner, first);
    pal_park_put(park, &span);
    assert_null(span.data);
}

static struct pal_parked *
find(struct pal_park *park, const char *owner)
{
    for (size_t i = 0; i < park->n_items; i++) {
        if (strcmp(park->items[i]->span.owner, owner) == 0) {
            return park->items[i];
        }
    }
    return NULL;
}

static void
settle(struct pal_park *park)
{
    pal_disk_wait(park->disk);
    (void)pal_park_poll(park);
}

/* Brings it into RAM; NULL if it can't be had any more. */
static struct pal_parked *
fetch(struct pal_park *park, const char *owner)
{
    struct pal_parked *parked = find(park, owner);
    if (parked != NULL && !pal_park_fetch(park, parked)) {
        settle(park);
        parked = find(park, owner);
        assert_true(parked == NULL || pal_park_fetch(park, parked));
    }
    return parked;
}

static void
check(const struct pal_parked *parked, int32_t first)
{
    assert_non_null(parked);
    assert_int_equal(parked->span.tokens[N_TOKENS - 1], first + N_TOKENS - 1);
    assert_int_equal(parked->span.n_prompt, 10);
    for (size_t i = 0; i < DATA_BYTES; i++) {
        assert_int_equal(parked->span.data[i], first & 0x7F);
    }
}

static void
test_memory_then_disk_then_nothing(void **state)
{
    (void)state;
    struct pal_park *park = open_park(2, 2, 1);
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (int32_t i = 0; i < 5; i++) {
        put(park, names[i], 100 * i);
        settle(park);
    }
    assert_null(find(park, "a")); /* the oldest had to go */
    assert_int_equal(park->counts.n_forgotten, 1);
    assert_int_equal(find(park, "b")->place, PAL_PARKED_DISK);
    assert_int_equal(find(park, "e")->place, PAL_PARKED_RAM);
    check(fetch(park, "b"), 100);
    check(fetch(park, "e"), 400);
    check(fetch(park, "c"), 200);
    pal_park_destroy(park);
}

static void
test_what_a_turn_waits_for_is_not_pushed_out_again(void **state)
{
    (void)state;
    struct pal_park *park = open_park(0, 10, 1); /* no memory of its own at all */
    put(park, "a", 100);
    put(park, "b", 200);
    settle(park);
    assert_int_equal(find(park, "a")->place, PAL_PARKED_DISK);
    struct pal_parked *a = fetch(park, "a");
    put(park, "c", 300);
    assert_ptr_equal(find(park, "a"), a);
    check(a, 100);
    pal_park_destroy(park);
}

static void
test_an_owner_has_one_and_a_base_is_kept_once(void **state)
{
    (void)state;
    struct pal_park *park = open_park(10, 0, 1);
    put(park, "a", 100);
    put(park, "a", 200);
    assert_int_equal(park->n_items, 1);
    check(find(park, "a"), 200);
    for (int i = 0; i < 2; i++) {
        struct pal_span base = make_span(NULL, 500);
        base.is_base = true;
        base.n_base = 0;
        pal_park_put(park, &base);
    }
    assert_int_equal(park->n_items, 2);
    struct pal_span same = make_span(NULL, 500);
    assert_non_null(pal_park_base(park, same.tokens, N_TOKENS));
    assert_null(pal_park_base(park, same.tokens, N_TOKENS - 1));
    pal_span_finish(&same);
    pal_park_drop_owner(park, "a");
    assert_int_equal(park->n_items, 1);
    pal_park_destroy(park);
}

/* A drop while the disk's thread still reads or writes the bytes. */
static void
test_dropping_in_flight_is_safe(void **state)
{
    (void)state;
    struct pal_park *park = open_park(0, 50, 1);
    for (int32_t i = 0; i < 40; i++) {
        put(park, "a", 100 * i);
    }
    settle(park);
    struct pal_parked *a = find(park, "a");
    assert_false(pal_park_fetch(park, a));
    assert_true(pal_park_is_reading(park));
    pal_park_drop(park, a);
    settle(park);
    assert_int_equal(park->n_items, 0);
    assert_int_equal(park->n_ram_bytes, 0);
    assert_int_equal(park->n_disk_bytes, 0);
    pal_park_destroy(park);
}

static void
test_a_disk_that_fails_is_gone_on_without(void **state)
{
    (void)state;
    struct pal_park *park = open_park(1, 10, 1);
    char *own = pal_strdup(park->home.dir);
    char *lock = pal_path_join(own, "lock");
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(rmdir(own), 0);
    put(park, "a", 100);
    put(park, "b", 200);
    settle(park);
    put(park, "c", 300);
    settle(park);
    check(fetch(park, "c"), 300);
    assert_int_equal(park->n_disk_bytes, 0);
    assert_int_equal(park->n_items, 1);
    pal_park_destroy(park);
    free(lock);
    free(own);
}

static size_t
count_files(const char *folder)
{
    size_t n = 0;
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        n += entry->d_name[0] != '.' ? 1 : 0;
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    return n;
}

static void
test_another_engine_takes_over_what_one_left(void **state)
{
    (void)state;
    struct pal_park *old = open_park(10, 10, 7);
    struct pal_park *young = open_park(10, 10, 7);
    put(old, "a", 100);
    put(old, "b", 200);
    pal_park_adopt(young);
    assert_int_equal(young->n_items, 0); /* its owner lives */
    pal_park_hand_over(old);
    pal_park_adopt(young);
    assert_int_equal(young->n_items, 2);
    check(fetch(young, "a"), 100);
    check(fetch(young, "b"), 200);
    pal_park_destroy(young);
    assert_int_equal(count_files(dir), 0);
}

static void
test_foreign_and_damaged_files_are_removed(void **state)
{
    (void)state;
    struct pal_park *park = open_park(10, 10, 7);
    put(park, "a", 100);
    pal_park_hand_over(park);
    park = open_park(10, 10, 8); /* another model */
    assert_int_equal(park->n_items, 0);
    pal_park_destroy(park);
    assert_int_equal(count_files(dir), 0);
}

/* Every byte of a file matters: cut anywhere or changed anywhere, it is refused or reads the same
 * tokens and owner, and then its data are refused. */
static void
test_a_damaged_file_is_never_believed(void **state)
{
    (void)state;
    char *path = pal_path_join(dir, "x.kv");
    struct pal_span span = make_span("a", 100);
    struct pal_error error;
    assert_int_equal(pal_park_file_write(path, 7, &span, &error), PAL_OK);
    char *bytes;
    size_t len;
    assert_int_equal(pal_path_read(path, 1u << 20, &bytes, &len, &error), PAL_OK);
    struct pal_span read;
    assert_int_equal(pal_park_file_read(path, 7, true, &read, &error), PAL_OK);
    assert_string_equal(read.owner, "a");
    pal_span_finish(&read);
    assert_int_equal(pal_park_file_read(path, 8, true, &read, &error), PAL_ERR_DENIED);
    for (size_t i = 0; i < len; i++) {
        FILE *file = fopen(path, "wb");
        assert_int_equal(fwrite(bytes, 1, i, file), i);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(pal_park_file_read(path, 7, true, &read, &error), PAL_ERR_PROTO);
        bytes[i] ^= 1;
        file = fopen(path, "wb");
        assert_int_equal(fwrite(bytes, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
        bytes[i] ^= 1;
        assert_int_equal(pal_park_file_read(path, 7, true, &read, &error), PAL_ERR_PROTO);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pal_park_file_read(path, 7, true, &read, &error), PAL_ERR_NOT_FOUND);
    free(bytes);
    pal_span_finish(&span);
    free(path);
}

static void
check_positions(const struct pal_span *span, enum pal_err expected)
{
    char *path = pal_path_join(dir, "x.kv");
    struct pal_error error;
    struct pal_span read;
    assert_int_equal(pal_park_file_write(path, 7, span, &error), PAL_OK);
    assert_int_equal(pal_park_file_read(path, 7, true, &read, &error), expected);
    if (expected == PAL_OK) {
        pal_span_finish(&read);
    }
    assert_int_equal(unlink(path), 0);
    free(path);
}

/* A sum that is right proves nothing: whoever writes the file writes the sum. */
static void
test_positions_that_no_timeline_has_are_refused(void **state)
{
    (void)state;
    struct pal_span span = make_span("a", 100);
    check_positions(&span, PAL_OK);
    span.positions[N_TOKENS - 1] += 3; /* a gap in what is its own */
    check_positions(&span, PAL_OK);
    span.positions[N_TOKENS - 1] = INT32_MAX;
    check_positions(&span, PAL_ERR_PROTO);
    span.positions[N_TOKENS - 2] = INT32_MAX;
    check_positions(&span, PAL_ERR_PROTO);
    span.positions[N_TOKENS - 2] = span.positions[N_TOKENS - 1] = N_TOKENS - 2;
    check_positions(&span, PAL_ERR_PROTO);
    span.positions[N_TOKENS - 1] = N_TOKENS;
    check_positions(&span, PAL_OK);
    span.is_base = true; /* a gap in what several share */
    span.n_base = 0;
    check_positions(&span, PAL_ERR_PROTO);
    span.positions[0] = -1;
    check_positions(&span, PAL_ERR_PROTO);
    pal_span_finish(&span);
}

int
main(void)
{
    pal_log_init(PAL_LOG_ERROR, 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory_then_disk_then_nothing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_what_a_turn_waits_for_is_not_pushed_out_again,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_an_owner_has_one_and_a_base_is_kept_once, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(test_dropping_in_flight_is_safe, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_a_disk_that_fails_is_gone_on_without, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(test_another_engine_takes_over_what_one_left, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(test_foreign_and_damaged_files_are_removed, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(test_a_damaged_file_is_never_believed, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(test_positions_that_no_timeline_has_are_refused, make_dir,
                                        remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
