#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/upstream_text.h"

static void
test_addresses_are_read_as_people_paste_them(void **state)
{
    (void)state;
    static const struct {
        const char *url, *base, *name, *model;
    } cases[] = {
        {"http://127.0.0.1:1234", "http://127.0.0.1:1234/v1", "127.0.0.1:1234", ""},
        {"http://127.0.0.1:1234/", "http://127.0.0.1:1234/v1", "127.0.0.1:1234", ""},
        {"http://127.0.0.1:1234/v1", "http://127.0.0.1:1234/v1", "127.0.0.1:1234", ""},
        {"http://127.0.0.1:1234/v1/", "http://127.0.0.1:1234/v1", "127.0.0.1:1234", ""},
        {"https://api.example.com/openai/v4", "https://api.example.com/openai/v4",
         "api.example.com", ""},
        {"http://localhost:11434/v1/chat/completions#llama3.2:3b", "http://localhost:11434/v1",
         "localhost:11434", "llama3.2:3b"},
        {"http://[::1]:80#a/b", "http://[::1]:80/v1", "[::1]:80", "a/b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pal_upstream_address address;
        struct pal_error error;
        assert_int_equal(pal_upstream_address_parse(cases[i].url, &address, &error), PAL_OK);
        assert_string_equal(address.base, cases[i].base);
        assert_string_equal(address.name, cases[i].name);
        assert_string_equal(address.model, cases[i].model);
    }
}

static void
test_what_is_no_address_is_refused_without_showing_a_key(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "127.0.0.1:1234",       "ftp://host/",          "http://",
        "file:///x", "http://host/v1?key=1", "http://:sk-1@host/v1", "http://me:sk-1@host/v1",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pal_upstream_address address;
        struct pal_error error = {0};
        assert_int_equal(pal_upstream_address_parse(bad[i], &address, &error), PAL_ERR_CONFIG);
        assert_true(error.text[0] != '\0');
        assert_null(strstr(error.text, "sk-1"));
    }
}

static void
test_a_key_goes_to_its_own_host_alone(void **state)
{
    (void)state;
    static const char keys[] = "api.example.com=sk-1,127.0.0.1:1234=a=b==\n[::1]=six";
    static const struct {
        const char *url, *key;
    } cases[] = {
        {"https://api.example.com/v1", "sk-1"},
        {"https://API.example.com:444/v1", "sk-1"},
        {"http://127.0.0.1:1234", "a=b=="},
        {"http://127.0.0.1:1235", NULL},
        {"https://api.example.com.evil.org", NULL},
        {"https://example.com", NULL},
        {"http://[::1]:99", "six"},
    };
    struct pal_error error;
    assert_int_equal(pal_upstream_keys_check(keys, &error), PAL_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pal_upstream_address address;
        assert_int_equal(pal_upstream_address_parse(cases[i].url, &address, &error), PAL_OK);
        char *key = pal_upstream_key_for(keys, &address);
        if (cases[i].key == NULL) {
            assert_null(key);
        } else {
            assert_non_null(key);
            assert_string_equal(key, cases[i].key);
        }
        free(key);
    }
    assert_int_equal(pal_upstream_keys_check("host=k, sk-secret", &error), PAL_ERR_CONFIG);
    assert_null(strstr(error.text, "secret"));
}

/* What a chunk said, in one line. */
static void
describe(const char *data, size_t len, char *out, size_t size)
{
    struct pal_upstream_chunk chunk;
    struct pal_error error = {0};
    enum pal_err err = pal_upstream_read_chunk(data, len, &chunk, &error);
    (void)snprintf(out, size, "%s%s%s%s%s%s %u/%u/%u", err == PAL_OK ? "" : pal_err_name(err),
                   chunk.len > 0 ? chunk.text : "", chunk.is_thinking ? "(thinks)" : "",
                   chunk.is_end ? "[end]" : "", chunk.has_finish ? " finish=" : "",
                   chunk.has_finish ? pal_finish_name(chunk.finish) : "", chunk.usage.prompt_tokens,
                   chunk.usage.cached_tokens, chunk.usage.completion_tokens);
    pal_upstream_chunk_finish(&chunk);
    pal_upstream_chunk_finish(&chunk); /* twice is harmless */
}

static void
test_each_event_of_a_stream_says_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *data, *said;
    } cases[] = {
        {"[DONE]", "[end] 0/0/0"},
        {"{\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}", " 0/0/0"},
        {"{\"choices\":[{\"delta\":{\"content\":\"ça\"},\"finish_reason\":null}]}", "ça 0/0/0"},
        {"{\"choices\":[{\"delta\":{\"content\":null,\"reasoning_content\":\"hm\"}}]}",
         "(thinks) 0/0/0"},
        {"{\"choices\":[{\"delta\":{\"content\":\"\",\"reasoning\":\"hm\"}}]}", "(thinks) 0/0/0"},
        {"{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", " finish=stop 0/0/0"},
        {"{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}", " finish=length 0/0/0"},
        {"{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,"
         "\"prompt_tokens_details\":{\"cached_tokens\":7}}}",
         " 9/7/4"},
        {"{\"choices\":[],\"usage\":{\"prompt_tokens\":-3,\"completion_tokens\":1e300,"
         "\"prompt_tokens_details\":5}}",
         " 0/0/0"},
        {"{\"choices\":[],\"usage\":null}", " 0/0/0"},
        {"{\"error\":{\"message\":\"no\"}}", "engine 0/0/0"},
        {"{\"error\":\"no\"}", "engine 0/0/0"},
        {"{\"error\":7}", "engine 0/0/0"},
        {"{\"choices\":[{\"delta\":{\"content\":7}}]}", "proto 0/0/0"},
        {"{\"choices\":[{\"delta\":7}]}", "proto 0/0/0"},
        {"{\"choices\":[7]}", "proto 0/0/0"},
        {"{\"choices\":7}", "proto 0/0/0"},
        {"{}", "proto 0/0/0"},
        {"[]", "proto 0/0/0"},
        {"nonsense", "proto 0/0/0"},
        {"", "proto 0/0/0"},
        {"{\"choices\":[{\"delta\":{\"content\":\"\\u0000\"}}]}", "proto 0/0/0"},
        {"{\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}", "proto 0/0/0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char said[256];
        size_t len = strlen(cases[i].data);
        describe(cases[i].data, len, said, sizeof(said));
        assert_string_equal(said, cases[i].said);
        for (size_t cut = 0; cut < len; cut++) {
            describe(cases[i].data, cut, said, sizeof(said)); /* no harm, whatever it says */
        }
    }
}

static void
test_a_refusals_reason_is_found_and_made_plain(void **state)
{
    (void)state;
    static const struct {
        const char *body, *reason;
    } cases[] = {
        {"{\"error\":{\"message\":\"too\\nlong\"}}", "too long"},
        {"{\"error\":\"no\"}", "no"},
        {"{\"message\":\"no\"}", "no"},
        {"{\"detail\":\"no\"}", "no"},
        {"{\"detail\":[1]}", ""},
        {"<html>502</html>", ""},
        {"", ""},
    };
    char text[64];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pal_upstream_read_failure(cases[i].body, strlen(cases[i].body), text, sizeof(text));
        assert_string_equal(text, cases[i].reason);
    }
    pal_upstream_read_failure("{\"error\":\"\xc3\xa9\xc3\xa9\xc3\xa9\"}", 18, text, 4);
    assert_string_equal(text, "\xc3\xa9"); /* cut at a whole character */
}

static void
test_the_list_of_models_gives_a_name(void **state)
{
    (void)state;
    static const struct {
        const char *body, *wanted;
        enum pal_err err;
        const char *model;
        uint32_t n_ctx;
    } cases[] = {
        {"{\"data\":[{\"id\":\"a\",\"meta\":{\"n_ctx\":4096}},{\"id\":\"b\"}]}", "", PAL_OK, "a",
         4096},
        {"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\",\"max_model_len\":99}]}", "b", PAL_OK, "b", 99},
        {"{\"data\":[{\"id\":\"a\"}]}", "other", PAL_OK, "other", 0},
        {"{\"data\":[{\"id\":7},{\"id\":\"\"},{\"id\":\"c\"}]}", "", PAL_OK, "c", 0},
        {"{\"data\":[]}", "named", PAL_OK, "named", 0},
        {"{\"data\":[]}", "", PAL_ERR_NOT_FOUND, NULL, 0},
        {"{\"data\":{}}", "", PAL_ERR_PROTO, NULL, 0},
        {"nonsense", "named", PAL_ERR_PROTO, NULL, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char model[32] = "";
        uint32_t n_ctx = 1;
        struct pal_error error;
        assert_int_equal(pal_upstream_read_models(cases[i].body, strlen(cases[i].body),
                                                  cases[i].wanted, model, sizeof(model), &n_ctx,
                                                  &error),
                         cases[i].err);
        if (cases[i].model != NULL) {
            assert_string_equal(model, cases[i].model);
            assert_int_equal(n_ctx, cases[i].n_ctx);
        }
    }
}

static void
test_a_request_holds_the_turn_and_no_word_that_servers_refuse(void **state)
{
    (void)state;
    char stop[] = "\"stop\n";
    struct pal_job job = {.turn_id = 1, .sampling = pal_sampling_default()};
    assert_int_equal(pal_job_add_message(&job, PAL_ROLE_SYSTEM, "é", 2), PAL_OK);
    assert_int_equal(pal_job_add_message(&job, PAL_ROLE_USER, "\"hi\"", 4), PAL_OK);
    job.sampling.max_tokens = 40;
    job.sampling.stops[0] = stop;
    job.sampling.n_stops = 1;
    struct pal_buf out;
    pal_buf_init(&out, 65536);
    assert_int_equal(pal_upstream_write_request(&job, "m", &out), PAL_OK);
    assert_string_equal(out.data,
                        "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"é\"},"
                        "{\"role\":\"user\",\"content\":\"\\\"hi\\\"\"}],\"stream\":true,"
                        "\"stream_options\":{\"include_usage\":true},\"temperature\":0.8,"
                        "\"top_p\":0.95,\"max_tokens\":40,\"stop\":[\"\\\"stop\\n\"]}");
    struct pal_buf tiny;
    pal_buf_init(&tiny, 10);
    assert_int_equal(pal_upstream_write_request(&job, "m", &tiny), PAL_ERR_LIMIT);
    assert_int_equal(pal_upstream_write_request(&job, "\xff", &out), PAL_ERR_ARGUMENT);
    pal_buf_finish(&out);
    pal_buf_finish(&tiny);
    job.sampling.n_stops = 0;
    pal_job_finish(&job);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_read_as_people_paste_them),
        cmocka_unit_test(test_what_is_no_address_is_refused_without_showing_a_key),
        cmocka_unit_test(test_a_key_goes_to_its_own_host_alone),
        cmocka_unit_test(test_each_event_of_a_stream_says_what_it_says),
        cmocka_unit_test(test_a_refusals_reason_is_found_and_made_plain),
        cmocka_unit_test(test_the_list_of_models_gives_a_name),
        cmocka_unit_test(test_a_request_holds_the_turn_and_no_word_that_servers_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
