#include "test.h"

#include <ggml-backend.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/clear.h"

static ggml_backend_buffer_t
new_buffer(size_t size, int value)
{
    ggml_backend_buffer_t buffer =
        ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), size);
    assert_non_null(buffer);
    memset(ggml_backend_buffer_get_base(buffer), value, size);
    return buffer;
}

static void
assert_all(ggml_backend_buffer_t buffer, unsigned char value)
{
    const unsigned char *bytes = ggml_backend_buffer_get_base(buffer);
    size_t size = ggml_backend_buffer_get_size(buffer);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            fail_msg("byte %zu of %zu is %u, not %u", i, size, bytes[i], value);
        }
    }
}

static void
test_whatever_its_size_a_buffer_is_all_what_it_was_cleared_to(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        1, 64, 4095, 4097, 1 << 20, (1 << 20) + 1, (3 << 20) - 1, (5 << 20) + 12345,
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ggml_backend_buffer_t before = new_buffer(sizes[i], 0x11);
        ggml_backend_buffer_t buffer = new_buffer(sizes[i], 0xAB);
        ggml_backend_buffer_t after = new_buffer(sizes[i], 0x22);
        ggml_backend_buffer_clear(buffer, 0);
        assert_all(buffer, 0);
        ggml_backend_buffer_clear(buffer, 7);
        assert_all(buffer, 7);
        ggml_backend_buffer_clear(buffer, 0);
        assert_all(buffer, 0);
        assert_all(before, 0x11);
        assert_all(after, 0x22);
        ggml_backend_buffer_free(before);
        ggml_backend_buffer_free(buffer);
        ggml_backend_buffer_free(after);
    }
}

static void
test_memory_that_belongs_to_somebody_else_is_written(void **state)
{
    (void)state;
    size_t size = 2 << 20;
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(bytes != MAP_FAILED);
    memset(bytes, 0xAB, size);
    ggml_backend_buffer_t buffer = ggml_backend_cpu_buffer_from_ptr(bytes, size);
    ggml_backend_buffer_clear(buffer, 0);
    assert_all(buffer, 0);
    ggml_backend_buffer_free(buffer);
    assert_int_equal(munmap(bytes, size), 0);
}

static void
test_what_is_cleared_takes_no_memory_until_it_is_used(void **state)
{
    (void)state;
    size_t size = 8 << 20;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char present[4096];
    ggml_backend_buffer_t buffer = new_buffer(size, 1);
    uintptr_t base = (uintptr_t)ggml_backend_buffer_get_base(buffer);
    char *inner = (char *)((base + page - 1) / page * page);
    size_t n_pages = (size - page) / page;
    assert_true(n_pages <= sizeof(present));
    ggml_backend_buffer_clear(buffer, 0);
    assert_int_equal(mincore(inner, n_pages * page, present), 0);
    for (size_t i = 0; i < n_pages; i++) {
        assert_int_equal(present[i] & 1, 0);
    }
    ggml_backend_buffer_free(buffer);
}

int
main(void)
{
    pal_clear_prepare();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_its_size_a_buffer_is_all_what_it_was_cleared_to),
        cmocka_unit_test(test_memory_that_belongs_to_somebody_else_is_written),
        cmocka_unit_test(test_what_is_cleared_takes_no_memory_until_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
