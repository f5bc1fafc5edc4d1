#include "test.h"

#include <string.h>

#include "access/assets.h"
#include "util/mem.h"

static const struct pal_asset all_forms = {.path = "/x",
                                           .forms = {{"plain", 500}, {"gzip", 200}, {"br", 100}}};
static const struct pal_asset only_packed = {.path = "/x",
                                             .forms = {{NULL, 0}, {"gzip", 200}, {"br", 100}}};
static const struct pal_asset only_plain = {.path = "/x",
                                            .forms = {{"plain", 500}, {NULL, 0}, {NULL, 0}}};

static void
test_the_smallest_form_that_is_taken_is_sent(void **state)
{
    (void)state;
    static const struct {
        const struct pal_asset *asset;
        const char *accept;
        enum pal_asset_form form;
    } rows[] = {
        {&all_forms, NULL, PAL_ASSET_PLAIN},
        {&all_forms, "", PAL_ASSET_PLAIN},
        {&all_forms, "gzip, deflate, br", PAL_ASSET_BR},
        {&all_forms, "gzip, deflate", PAL_ASSET_GZIP},
        {&all_forms, "GZIP;q=0.5", PAL_ASSET_GZIP},
        {&all_forms, "br;q=0, gzip", PAL_ASSET_GZIP},
        {&all_forms, "br;q=0.000,gzip;q=0", PAL_ASSET_PLAIN},
        {&all_forms, "br; q=0.001", PAL_ASSET_BR},
        {&all_forms, "*", PAL_ASSET_BR},
        {&all_forms, "*;q=0, gzip", PAL_ASSET_GZIP},
        {&all_forms, "gzip, *;q=0", PAL_ASSET_GZIP},
        {&all_forms, "brotli", PAL_ASSET_PLAIN},
        {&all_forms, "xbr", PAL_ASSET_PLAIN},
        {&all_forms, ",,,", PAL_ASSET_PLAIN},
        {&only_packed, NULL, PAL_ASSET_BR},
        {&only_packed, "", PAL_ASSET_FORMS},
        {&only_packed, "identity", PAL_ASSET_FORMS},
        {&only_packed, "gzip", PAL_ASSET_GZIP},
        {&only_plain, "gzip, br", PAL_ASSET_PLAIN},
        {&only_plain, "identity;q=0", PAL_ASSET_FORMS},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        enum pal_asset_form form = pal_asset_choose(rows[i].asset, rows[i].accept);
        if (form != rows[i].form) {
            print_error("'%s'\n", rows[i].accept != NULL ? rows[i].accept : "(none)");
        }
        assert_int_equal(form, rows[i].form);
    }
}

static void
test_an_asset_is_found_by_its_whole_path_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < pal_n_assets; i++) {
        assert_ptr_equal(pal_asset_find(pal_assets[i].path), &pal_assets[i]);
    }
    assert_null(pal_asset_find("/assets/"));
    assert_null(pal_asset_find(""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_smallest_form_that_is_taken_is_sent),
        cmocka_unit_test(test_an_asset_is_found_by_its_whole_path_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
