#include "test.h"

#include <jansson.h>

#include "chat/persona.h"

static void
test_persona_is_the_one_that_the_starter_model_was_trained_with(void **state)
{
    (void)state;
    json_t *file = json_load_file(PALABRE_SOURCE_DIR "/models/starter/persona.json", 0, NULL);
    assert_non_null(file);
    const char *fr = json_string_value(json_object_get(file, "fr"));
    const char *en = json_string_value(json_object_get(file, "en"));
    assert_non_null(fr);
    assert_non_null(en);
    assert_string_equal(pal_persona_default(PAL_LANG_FR), fr);
    assert_string_equal(pal_persona_default(PAL_LANG_EN), en);
    json_decref(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_persona_is_the_one_that_the_starter_model_was_trained_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
