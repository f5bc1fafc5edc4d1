#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "access/openai_request.h"
#include "util/mem.h"

#define SALUT "\"messages\":[{\"role\":\"user\",\"content\":\"salut\"}]"

static enum pal_err
read_chat(const char *body, struct pal_api_request *request, struct pal_api_error *error)
{
    return pal_openai_read_chat(body, strlen(body), request, error);
}

static void
assert_refused(const char *body, const char *field)
{
    struct pal_api_request request;
    struct pal_api_error error;
    if (read_chat(body, &request, &error) != PAL_ERR_ARGUMENT) {
        fail_msg("%s: not refused", body);
    }
    assert_string_equal(error.field, field);
    assert_non_null(strstr(error.error.text, field));
    assert_null(request.job.messages);
}

static void
test_all_fields_reach_the_job(void **state)
{
    (void)state;
    static const char body[] =
        "{\"model\":\"any\",\"messages\":["
        "{\"role\":\"developer\",\"content\":\"Be kind\"},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"sa\"},"
        "{\"type\":\"text\",\"text\":\"lut\"}],\"name\":\"x\"},"
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[]},"
        "{\"role\":\"user\",\"content\":\"\"}],"
        "\"max_tokens\":7,\"temperature\":0.5,\"top_p\":0.25,\"top_k\":3,\"min_p\":0.125,"
        "\"seed\":4294967295,\"stop\":[\"\\n\",\"\",\"User:\"],\"repeat_penalty\":1.5,"
        "\"repeat_last_n\":9,\"presence_penalty\":-1,\"frequency_penalty\":1,\"stream\":true,"
        "\"stream_options\":{\"include_usage\":true},\"user\":\"lea\",\"n\":1,"
        "\"ignore_eos\":true,\"deadline_ms\":1500,\"unknown\":{\"a\":[1]},\"tools\":[],"
        "\"response_format\":{\"type\":\"text\"}}";
    struct pal_api_request request;
    struct pal_api_error error;
    assert_int_equal(read_chat(body, &request, &error), PAL_OK);
    const struct pal_job *job = &request.job;
    assert_int_equal(job->n_messages, 4);
    assert_int_equal(job->messages[0].role, PAL_ROLE_SYSTEM);
    assert_string_equal(job->messages[1].text, "salut");
    assert_int_equal(job->messages[2].role, PAL_ROLE_ASSISTANT);
    assert_string_equal(job->messages[2].text, "");
    assert_string_equal(job->conversation, "api:lea");
    assert_string_equal(request.user, "api:lea");
    assert_string_equal(request.model, "any");
    assert_true(request.stream && request.include_usage && job->sampling.ignore_eos);
    assert_int_equal(request.deadline_ms, 1500);
    const struct pal_sampling *s = &job->sampling;
    assert_int_equal(s->max_tokens, 7);
    assert_true(s->temperature == 0.5f && s->top_p == 0.25f && s->min_p == 0.125f);
    assert_true(s->repeat_penalty == 1.5f && s->presence_penalty == -1 &&
                s->frequency_penalty == 1);
    assert_int_equal(s->top_k, 3);
    assert_int_equal(s->repeat_last_n, 9);
    assert_true(s->has_seed && s->seed == UINT32_MAX);
    assert_int_equal(s->n_stops, 2);
    assert_string_equal(s->stops[1], "User:");
    pal_api_request_finish(&request);
}

static void
test_the_least_request_has_the_defaults_and_no_user(void **state)
{
    (void)state;
    struct pal_api_request request;
    struct pal_api_error error;
    assert_int_equal(read_chat("{" SALUT ",\"user\":null,\"stop\":null,\"temperature\":null,"
                               "\"stream\":null,\"max_tokens\":null,\"model\":\"\",\"user\":\"\"}",
                               &request, &error),
                     PAL_OK);
    struct pal_sampling defaults = pal_sampling_default();
    assert_memory_equal(&request.job.sampling, &defaults, sizeof(defaults));
    assert_null(request.user);
    assert_null(request.job.conversation);
    assert_null(request.model);
    assert_false(request.stream);
    pal_api_request_finish(&request);
}

static void
test_max_completion_tokens_wins_over_its_old_name(void **state)
{
    (void)state;
    struct pal_api_request request;
    struct pal_api_error error;
    assert_int_equal(
        read_chat("{" SALUT ",\"max_completion_tokens\":5,\"max_tokens\":9}", &request, &error),
        PAL_OK);
    assert_int_equal(request.job.sampling.max_tokens, 5);
    pal_api_request_finish(&request);
}

static void
test_broken_messages_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *field;
    } cases[] = {
        {"{}", "messages"},
        {"{\"messages\":null}", "messages"},
        {"{\"messages\":\"salut\"}", "messages"},
        {"{\"messages\":{}}", "messages"},
        {"{\"messages\":[]}", "messages"},
        {"{\"messages\":[\"salut\"]}", "messages[0]"},
        {"{\"messages\":[{\"content\":\"x\"}]}", "messages[0].role"},
        {"{\"messages\":[{\"role\":1,\"content\":\"x\"}]}", "messages[0].role"},
        {"{\"messages\":[{\"role\":\"\",\"content\":\"x\"}]}", "messages[0].role"},
        {"{\"messages\":[{\"role\":\"wizard\",\"content\":\"x\"}]}", "messages[0].role"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"tool\","
         "\"content\":\"x\"}]}",
         "messages[1].role"},
        {"{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":null}]}", "messages[0].content"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":1}]}", "messages[0].content"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":{}}]}", "messages[0].content"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[1]}]}", "messages[0].content"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
         "messages[0].content"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
         "{\"url\":\"http://x\"}}]}]}",
         "messages[0].content"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        assert_refused(cases[i].body, cases[i].field);
    }
}

static void
test_promises_that_cannot_be_kept_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        const char *field;
    } cases[] = {
        {"\"response_format\":{\"type\":\"json_object\"}", "response_format"},
        {"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}", "response_format"},
        {"\"response_format\":\"json\"", "response_format"},
        {"\"tool_choice\":\"required\"", "tool_choice"},
        {"\"tool_choice\":{\"type\":\"function\"}", "tool_choice"},
        {"\"stream\":1", "stream"},
        {"\"stream\":\"true\"", "stream"},
        {"\"ignore_eos\":0", "ignore_eos"},
        {"\"stream_options\":[]", "stream_options"},
        {"\"stream_options\":{\"include_usage\":1}", "include_usage"},
        {"\"user\":7", "user"},
        {"\"model\":[]", "model"},
        {"\"stop\":5", "stop"},
        {"\"stop\":[5]", "stop"},
        {"\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]", "stop"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        char body[256];
        (void)snprintf(body, sizeof(body), "{" SALUT ",%s}", cases[i].rest);
        assert_refused(body, cases[i].field);
    }
}

static void
test_names_and_stops_are_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        int max;
    } cases[] = {
        {"user", PAL_API_NAME_MAX},
        {"model", PAL_API_NAME_MAX},
        {"stop", PAL_JOB_STOP_BYTES_MAX},
    };
    char filler[300];
    memset(filler, 'x', sizeof(filler));
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        for (int over = 0; over <= 1; over++) {
            char body[512];
            (void)snprintf(body, sizeof(body), "{" SALUT ",\"%s\":\"%.*s\"}", cases[i].field,
                           cases[i].max + over, filler);
            if (over) {
                assert_refused(body, cases[i].field);
                continue;
            }
            struct pal_api_request request;
            struct pal_api_error error;
            assert_int_equal(read_chat(body, &request, &error), PAL_OK);
            pal_api_request_finish(&request);
        }
    }
}

static enum pal_err
read_number(const char *name, const char *value, struct pal_api_error *error)
{
    char body[256];
    struct pal_api_request request;
    (void)snprintf(body, sizeof(body), "{" SALUT ",\"%s\":%s}", name, value);
    enum pal_err err = read_chat(body, &request, error);
    if (err == PAL_OK) {
        /* The engine's own check agrees with what was let in. */
        request.job.turn_id = 1;
        assert_int_equal(pal_job_check(&request.job, &error->error), PAL_OK);
        pal_api_request_finish(&request);
    }
    return err;
}

static void
check_number(const char *name, double value, bool allowed)
{
    struct pal_api_error error;
    char text[64];
    (void)snprintf(text, sizeof(text), "%.17g", value);
    enum pal_err err = read_number(name, text, &error);
    if ((err == PAL_OK) != allowed) {
        fail_msg("%s = %s: %s", name, text, err == PAL_OK ? "let in" : error.error.text);
    }
    if (!allowed) {
        assert_string_equal(error.field, name);
        assert_non_null(strstr(error.error.text, name));
    }
}

/* Every number of the table at and beyond both ends, and every kind of thing that is no number. */
static void
test_every_number_is_held_to_its_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < pal_api_n_numbers; i++) {
        const struct pal_api_number *number = &pal_api_numbers[i];
        double step = number->integer ? 1 : 0.001;
        check_number(number->openai, number->min, true);
        check_number(number->openai, number->max, true);
        check_number(number->openai, number->min - step,
                     number->minus_one && number->min - step == -1);
        check_number(number->openai, number->max + step, false);
        check_number(number->openai, -1, number->min <= -1 || number->minus_one);
        check_number(number->openai, -2, number->min <= -2);
        check_number(number->openai, number->min + 0.5, !number->integer);
        static const double far[] = {1e308, -1e308, 9223372036854775808.0, 4294967296.0, -3};
        for (size_t k = 0; k < PAL_COUNT_OF(far); k++) {
            check_number(number->openai, far[k], false);
        }
        check_number(number->openai, -0.0, number->min <= 0);
        static const char *const wrong[] = {"\"1\"", "[]", "{}", "true", "\"\""};
        for (size_t k = 0; k < PAL_COUNT_OF(wrong); k++) {
            struct pal_api_error error;
            assert_int_equal(read_number(number->openai, wrong[k], &error), PAL_ERR_ARGUMENT);
            assert_string_equal(error.field, number->openai);
        }
        struct pal_api_error error;
        assert_int_equal(read_number(number->openai, "null", &error), PAL_OK);
        assert_int_equal(read_number(number->openai, "NaN", &error), PAL_ERR_ARGUMENT);
        assert_int_equal(read_number(number->openai, "1e999", &error), PAL_ERR_ARGUMENT);
    }
}

static void
test_the_documentation_has_every_number_with_its_range(void **state)
{
    (void)state;
    FILE *file = fopen(PALABRE_SOURCE_DIR "/docs/http-api.md", "r");
    assert_non_null(file);
    static char page[64 * 1024];
    page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
    (void)fclose(file);
    for (size_t i = 0; i < pal_api_n_numbers; i++) {
        const struct pal_api_number *number = &pal_api_numbers[i];
        char line[256];
        (void)snprintf(line, sizeof(line), "\n| `%s` | %.10g to %.10g%s | %s |\n", number->openai,
                       number->min, number->max, number->minus_one ? ", or -1" : "", number->what);
        if (strstr(page, line) == NULL) {
            fail_msg("docs/http-api.md has no line '%s'", line + 1);
        }
    }
}

static void
test_1025_messages_are_refused(void **state)
{
    (void)state;
    struct pal_buf body;
    pal_buf_init(&body, 1024 * 1024);
    assert_int_equal(pal_buf_append_text(&body, "{\"messages\":["), PAL_OK);
    for (int i = 0; i <= PAL_JOB_MESSAGES_MAX; i++) {
        assert_int_equal(
            pal_buf_printf(&body, "%s{\"role\":\"user\",\"content\":\"x\"}", i > 0 ? "," : ""),
            PAL_OK);
    }
    assert_int_equal(pal_buf_append_text(&body, "]}"), PAL_OK);
    assert_refused(body.data, "messages");
    pal_buf_finish(&body);
}

static void
test_every_cut_of_a_request_is_refused_and_leaks_nothing(void **state)
{
    (void)state;
    static const char body[] = "{" SALUT ",\"stop\":[\"a\"],\"user\":\"lea\",\"model\":\"m\"}";
    for (size_t len = 0; len < sizeof(body) - 1; len++) {
        struct pal_api_request request;
        struct pal_api_error error;
        assert_int_equal(pal_openai_read_chat(body, len, &request, &error), PAL_ERR_ARGUMENT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fields_reach_the_job),
        cmocka_unit_test(test_the_least_request_has_the_defaults_and_no_user),
        cmocka_unit_test(test_max_completion_tokens_wins_over_its_old_name),
        cmocka_unit_test(test_broken_messages_are_refused_with_their_place),
        cmocka_unit_test(test_promises_that_cannot_be_kept_are_refused),
        cmocka_unit_test(test_names_and_stops_are_bounded),
        cmocka_unit_test(test_every_number_is_held_to_its_range),
        cmocka_unit_test(test_the_documentation_has_every_number_with_its_range),
        cmocka_unit_test(test_1025_messages_are_refused),
        cmocka_unit_test(test_every_cut_of_a_request_is_refused_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
