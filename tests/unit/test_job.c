#include "test.h"

#include "engine/job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static struct pal_job
good_job(void)
{
    struct pal_job job = {.turn_id = 1, .sampling = pal_sampling_default()};
    assert_int_equal(pal_job_add_message(&job, PAL_ROLE_USER, "salut", 5), PAL_OK);
    return job;
}

static void
test_roles_are_read_and_named(void **state)
{
    (void)state;
    const struct {
        const char *text;
        enum pal_err err;
        enum pal_role role;
    } cases[] = {
        {"system", PAL_OK, PAL_ROLE_SYSTEM}, {"developer", PAL_OK, PAL_ROLE_SYSTEM},
        {"user", PAL_OK, PAL_ROLE_USER},     {"assistant", PAL_OK, PAL_ROLE_ASSISTANT},
        {"User", PAL_ERR_ARGUMENT, 0},       {"", PAL_ERR_ARGUMENT, 0},
        {"tool", PAL_ERR_ARGUMENT, 0},       {"system ", PAL_ERR_ARGUMENT, 0},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        enum pal_role role = PAL_ROLE_SYSTEM;
        assert_int_equal(pal_role_parse(cases[i].text, &role), cases[i].err);
        assert_int_equal(role, cases[i].role);
    }
    assert_string_equal(pal_role_name(PAL_ROLE_ASSISTANT), "assistant");
    assert_string_equal(pal_finish_name(PAL_FINISH_DEADLINE), "deadline");
    assert_string_equal(pal_engine_state_name(PAL_ENGINE_READY), "ready");
}

static void
test_a_good_job_passes(void **state)
{
    (void)state;
    struct pal_job job = good_job();
    struct pal_error error = {0};
    assert_int_equal(pal_job_check(&job, &error), PAL_OK);
    pal_job_finish(&job);
    pal_job_finish(&job); /* zeroed: nothing to free */
    pal_job_finish(NULL);
}

static void
test_every_range_is_held(void **state)
{
    (void)state;
    struct pal_sampling d = pal_sampling_default();
    const struct {
        const char *word; /* must stand in the error; NULL = passes */
        size_t offset;
        float value;
    } cases[] = {
#define FIELD(name) offsetof(struct pal_sampling, name)
        {NULL, FIELD(temperature), 0},
        {NULL, FIELD(temperature), 2},
        {"temperature", FIELD(temperature), -0.1f},
        {"temperature", FIELD(temperature), 2.1f},
        {"temperature", FIELD(temperature), NAN},
        {NULL, FIELD(top_p), 1},
        {"top_p", FIELD(top_p), 1.01f},
        {"top_p", FIELD(top_p), INFINITY},
        {"min_p", FIELD(min_p), -1},
        {"repeat_penalty", FIELD(repeat_penalty), 0.4f},
        {"repeat_penalty", FIELD(repeat_penalty), NAN},
        {NULL, FIELD(presence_penalty), -2},
        {"presence_penalty", FIELD(presence_penalty), -2.1f},
        {"frequency_penalty", FIELD(frequency_penalty), 2.1f},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_job job = good_job();
        job.sampling = d;
        memcpy((char *)&job.sampling + cases[i].offset, &cases[i].value, sizeof(float));
        struct pal_error error = {0};
        enum pal_err err = pal_job_check(&job, &error);
        assert_int_equal(err, cases[i].word != NULL ? PAL_ERR_ARGUMENT : PAL_OK);
        assert_true(cases[i].word == NULL || strstr(error.text, cases[i].word) != NULL);
        pal_job_finish(&job);
    }
}

static void
expect_refused(struct pal_job *job, enum pal_err err, const char *word)
{
    struct pal_error error = {0};
    assert_int_equal(pal_job_check(job, &error), err);
    assert_non_null(strstr(error.text, word));
    pal_job_finish(job);
}

static void
test_counts_and_texts_are_held(void **state)
{
    (void)state;
    struct pal_job job = good_job();
    job.turn_id = 0;
    expect_refused(&job, PAL_ERR_ARGUMENT, "turn id");
    job = (struct pal_job){.turn_id = 1, .sampling = pal_sampling_default()};
    expect_refused(&job, PAL_ERR_ARGUMENT, "message");
    job = good_job();
    job.deadline_us = -1;
    expect_refused(&job, PAL_ERR_ARGUMENT, "deadline");
    job = good_job();
    job.sampling.max_tokens = PAL_JOB_TOKENS_MAX + 1;
    expect_refused(&job, PAL_ERR_ARGUMENT, "max_tokens");
    job = good_job();
    job.sampling.top_k = -1;
    expect_refused(&job, PAL_ERR_ARGUMENT, "top_k");
    job = good_job();
    job.sampling.repeat_last_n = -1;
    expect_refused(&job, PAL_ERR_ARGUMENT, "repeat_last_n");
    job = good_job();
    assert_int_equal(pal_job_add_message(&job, PAL_ROLE_USER, "\xff", 1), PAL_OK);
    expect_refused(&job, PAL_ERR_ARGUMENT, "message 2 is not valid UTF-8");
    job = good_job();
    job.messages[0].role = (enum pal_role)7;
    expect_refused(&job, PAL_ERR_ARGUMENT, "role");
    job = good_job();
    job.sampling.stops[job.sampling.n_stops++] = pal_strdup("");
    expect_refused(&job, PAL_ERR_ARGUMENT, "stop text 1");
    job = good_job();
    char *longest = pal_calloc(PAL_JOB_STOP_BYTES_MAX + 2, 1);
    memset(longest, 'x', PAL_JOB_STOP_BYTES_MAX + 1);
    job.sampling.stops[job.sampling.n_stops++] = longest;
    expect_refused(&job, PAL_ERR_LIMIT, "longer");
    job = good_job();
    char *text = pal_calloc(PAL_JOB_BYTES_MAX + 1, 1);
    memset(text, 'x', PAL_JOB_BYTES_MAX);
    assert_int_equal(pal_job_add_message(&job, PAL_ROLE_USER, text, PAL_JOB_BYTES_MAX), PAL_OK);
    free(text);
    expect_refused(&job, PAL_ERR_LIMIT, "together");
}

static void
test_one_message_too_many_is_refused(void **state)
{
    (void)state;
    struct pal_job job = {.turn_id = 1, .sampling = pal_sampling_default()};
    for (size_t i = 0; i < PAL_JOB_MESSAGES_MAX; i++) {
        assert_int_equal(pal_job_add_message(&job, PAL_ROLE_USER, "x", 1), PAL_OK);
    }
    assert_int_equal(pal_job_add_message(&job, PAL_ROLE_USER, "x", 1), PAL_ERR_LIMIT);
    assert_int_equal(pal_job_check(&job, NULL), PAL_OK);
    pal_job_finish(&job);
}

static void
test_a_copy_shares_nothing(void **state)
{
    (void)state;
    struct pal_job job = good_job();
    job.conversation = pal_strdup("irc:#home");
    job.sampling.stops[job.sampling.n_stops++] = pal_strdup("stop");
    struct pal_job copy;
    pal_job_copy(&copy, &job);
    pal_job_finish(&job);
    assert_string_equal(copy.conversation, "irc:#home");
    assert_string_equal(copy.messages[0].text, "salut");
    assert_string_equal(copy.sampling.stops[0], "stop");
    assert_int_equal(pal_job_add_message(&copy, PAL_ROLE_ASSISTANT, "oui", 3), PAL_OK);
    assert_int_equal(copy.n_messages, 2);
    pal_job_finish(&copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles_are_read_and_named),
        cmocka_unit_test(test_a_good_job_passes),
        cmocka_unit_test(test_every_range_is_held),
        cmocka_unit_test(test_counts_and_texts_are_held),
        cmocka_unit_test(test_one_message_too_many_is_refused),
        cmocka_unit_test(test_a_copy_shares_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
