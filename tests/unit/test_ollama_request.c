#include "test.h"

#include <string.h>

#include "access/ollama_request.h"
#include "util/mem.h"

static void
test_chat_reads_options_and_streams_by_default(void **state)
{
    (void)state;
    static const char body[] =
        "{\"model\":\"palabre:latest\",\"messages\":[{\"role\":\"user\",\"content\":\"salut\"}],"
        "\"options\":{\"temperature\":0,\"num_predict\":-2,\"top_k\":5,\"seed\":3,"
        "\"stop\":\"\\n\",\"repeat_last_n\":-1,\"num_ctx\":2048},\"keep_alive\":\"5m\","
        "\"format\":\"\"}";
    struct pal_api_request request;
    struct pal_api_error error;
    assert_int_equal(pal_ollama_read_chat(body, sizeof(body) - 1, &request, &error), PAL_OK);
    assert_true(request.stream);
    assert_false(request.only_load);
    assert_string_equal(request.model, "palabre:latest");
    const struct pal_sampling *s = &request.job.sampling;
    assert_true(s->temperature == 0);
    assert_int_equal(s->max_tokens, 0);
    assert_int_equal(s->top_k, 5);
    assert_int_equal(s->repeat_last_n, PAL_JOB_TOKENS_MAX);
    assert_true(s->has_seed && s->seed == 3);
    assert_int_equal(s->n_stops, 1);
    pal_api_request_finish(&request);
}

static void
test_no_message_means_load(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}", "{\"model\":\"x\"}", "{\"messages\":[]}",
                                         "{\"messages\":null}"};
    for (size_t i = 0; i < PAL_COUNT_OF(bodies); i++) {
        struct pal_api_request request;
        struct pal_api_error error;
        assert_int_equal(pal_ollama_read_chat(bodies[i], strlen(bodies[i]), &request, &error),
                         PAL_OK);
        assert_true(request.only_load);
        pal_api_request_finish(&request);
    }
}

static void
test_generate_makes_a_conversation_of_system_and_prompt(void **state)
{
    (void)state;
    static const char body[] = "{\"system\":\"Be kind\",\"prompt\":\"salut\",\"stream\":false}";
    struct pal_api_request request;
    struct pal_api_error error;
    assert_int_equal(pal_ollama_read_generate(body, sizeof(body) - 1, &request, &error), PAL_OK);
    assert_false(request.stream);
    assert_int_equal(request.job.n_messages, 2);
    assert_int_equal(request.job.messages[0].role, PAL_ROLE_SYSTEM);
    assert_string_equal(request.job.messages[1].text, "salut");
    pal_api_request_finish(&request);
    assert_int_equal(pal_ollama_read_generate("{\"prompt\":\"\"}", 13, &request, &error), PAL_OK);
    assert_true(request.only_load);
    pal_api_request_finish(&request);
}

static void
test_what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *field;
    } cases[] = {
        {"{\"options\":{\"temperature\":3}}", "temperature"},
        {"{\"options\":{\"num_predict\":-3}}", "num_predict"},
        {"{\"options\":{\"num_predict\":0}}", "num_predict"},
        {"{\"options\":{\"top_k\":\"40\"}}", "top_k"},
        {"{\"options\":[]}", "options"},
        {"{\"stream\":\"no\"}", "stream"},
        {"{\"format\":\"json\"}", "format"},
        {"{\"format\":{\"type\":\"object\"}}", "format"},
        {"{\"messages\":\"salut\"}", "messages"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"images\":[\"aGk=\"]}]}", "images"},
        {"{\"messages\":[{\"role\":\"wizard\",\"content\":\"x\"}]}", "messages[0].role"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_api_request request;
        struct pal_api_error error;
        assert_int_equal(
            pal_ollama_read_chat(cases[i].body, strlen(cases[i].body), &request, &error),
            PAL_ERR_ARGUMENT);
        assert_string_equal(error.field, cases[i].field);
        assert_null(request.job.messages);
    }
    struct pal_api_request request;
    struct pal_api_error error;
    assert_int_equal(pal_ollama_read_generate("{\"prompt\":1}", 12, &request, &error),
                     PAL_ERR_ARGUMENT);
    assert_string_equal(error.field, "prompt");
    assert_int_equal(
        pal_ollama_read_generate("{\"raw\":true,\"prompt\":\"x\"}", 25, &request, &error),
        PAL_ERR_ARGUMENT);
    assert_string_equal(error.field, "raw");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chat_reads_options_and_streams_by_default),
        cmocka_unit_test(test_no_message_means_load),
        cmocka_unit_test(test_generate_makes_a_conversation_of_system_and_prompt),
        cmocka_unit_test(test_what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
