#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/metrics.h"
#include "fake_engine.h"
#include "util/mem.h"
#include "util/utf8.h"

static void
on_event(const struct pal_event *event, void *userdata)
{
    (void)event;
    (void)userdata;
}

static struct pal_buf
render(const struct pal_metrics *metrics, const struct pal_metrics_now *now)
{
    struct pal_buf page;
    pal_buf_init(&page, 65536);
    assert_int_equal(pal_metrics_render(metrics, now, &page), PAL_OK);
    assert_true(pal_utf8_valid(page.data, page.len));
    return page;
}

static void
expect_line(const struct pal_buf *page, const char *line)
{
    char whole[256];
    (void)snprintf(whole, sizeof(whole), "\n%s\n", line);
    if (strstr(page->data, whole) == NULL) {
        fail_msg("not on the page: %s", line);
    }
}

static void
count_something(struct pal_metrics *metrics)
{
    struct pal_turn_end done = {
        .outcome = PAL_OUTCOME_DONE,
        .finish_reason = "stop",
        .usage = {.prompt_tokens = 100,
                  .cached_tokens = 80,
                  .completion_tokens = 12,
                  .prompt_us = 50000,
                  .predict_us = 1250000,
                  .first_token_us = 90000},
    };
    struct pal_turn_end failed = {.outcome = PAL_OUTCOME_FAILED};
    (void)pal_error_set(&failed.error, PAL_ERR_TIMEOUT, "late");
    pal_metrics_turn_accepted(metrics, "api");
    pal_metrics_turn_accepted(metrics, "terminal");
    pal_metrics_turn_ended(metrics, "api", &done, 2000, 1300000);
    pal_metrics_turn_ended(metrics, "terminal", &failed, 10000000, 10000000);
    pal_metrics_turn_refused(metrics, "api", PAL_ERR_BUSY);
    pal_metrics_http_request(metrics, 200);
    pal_metrics_http_request(metrics, 200);
    pal_metrics_http_request(metrics, 429);
    pal_metrics_http_request(metrics, 7); /* no status: not counted */
}

static void
test_page_says_what_was_counted(void **state)
{
    (void)state;
    struct pal_metrics *metrics = pal_metrics_create();
    count_something(metrics);
    struct pal_metrics_now now = {
        .n_waiting = 3, .n_running = 2, .n_conversations = 5, .n_connections = 7};
    struct pal_buf page = render(metrics, &now);
    static const char *const lines[] = {
        "palabre_turns_accepted_total{source=\"api\"} 1",
        "palabre_turns_ended_total{source=\"api\",outcome=\"done\"} 1",
        "palabre_turns_ended_total{source=\"terminal\",outcome=\"failed\"} 1",
        "palabre_turns_ended_total{source=\"terminal\",outcome=\"done\"} 0",
        "palabre_turns_failed_total{reason=\"timeout\"} 1",
        "palabre_turns_refused_total{source=\"api\",reason=\"busy\"} 1",
        "palabre_turns_waiting 3",
        "palabre_turns_running 2",
        "palabre_conversations 5",
        "palabre_connections 7",
        "palabre_http_requests_total{code=\"200\"} 2",
        "palabre_http_requests_total{code=\"429\"} 1",
        "palabre_prompt_tokens_total 100",
        "palabre_prompt_tokens_cached_total 80",
        "palabre_completion_tokens_total 12",
        "palabre_predict_seconds_total 1.250000",
        "palabre_first_token_seconds_count 1",
        "palabre_turn_duration_seconds_count 2",
        "palabre_turn_wait_seconds_bucket{le=\"0.005\"} 1",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(lines); i++) {
        expect_line(&page, lines[i]);
    }
    assert_null(strstr(page.data, "palabre_engine"));
    pal_buf_finish(&page);
    pal_metrics_destroy(metrics);
}

static void
test_engine_and_model_are_shown_and_a_hostile_name_stays_in_its_quotes(void **state)
{
    (void)state;
    struct pal_metrics *metrics = pal_metrics_create();
    struct pal_engine *engine = fake_engine_create(on_event, NULL);
    struct pal_metrics_now now = {.engine = engine};
    struct pal_buf page = render(metrics, &now);
    expect_line(&page, "palabre_engine_state{state=\"ready\"} 1");
    expect_line(&page, "palabre_engine_state{state=\"loading\"} 0");
    expect_line(&page, "palabre_engine_load_ratio 1.000");
    expect_line(&page, "palabre_engine_threads 3");
    expect_line(&page, "palabre_engine_pace{reason=\"planned\"} 0");
    expect_line(&page, "palabre_engine_pace{reason=\"wanted\"} 1");
    expect_line(&page, "palabre_model_info{model=\"a \\\"model\\\" \\\\ of?none\","
                       "architecture=\"fake\",quantisation=\"Q4_K_M\",variant=\"none\","
                       "devices=\"CPU\"} 1");
    pal_buf_finish(&page);
    fake_engine_destroy(engine);
    pal_metrics_destroy(metrics);
}

static void
test_more_sources_than_rows_are_counted_together(void **state)
{
    (void)state;
    static const char *const sources[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    struct pal_metrics *metrics = pal_metrics_create();
    for (size_t i = 0; i < PAL_COUNT_OF(sources); i++) {
        pal_metrics_turn_accepted(metrics, sources[i]);
        pal_metrics_turn_accepted(metrics, sources[i]);
    }
    struct pal_buf page = render(metrics, &(struct pal_metrics_now){0});
    expect_line(&page, "palabre_turns_accepted_total{source=\"g\"} 2");
    expect_line(&page, "palabre_turns_accepted_total{source=\"other\"} 6");
    pal_buf_finish(&page);
    pal_metrics_destroy(metrics);
}

static void
test_buffer_that_is_too_small_is_an_error(void **state)
{
    (void)state;
    struct pal_metrics *metrics = pal_metrics_create();
    struct pal_buf page;
    pal_buf_init(&page, 1000);
    assert_int_equal(pal_metrics_render(metrics, &(struct pal_metrics_now){0}, &page),
                     PAL_ERR_LIMIT);
    pal_buf_finish(&page);
    pal_metrics_destroy(metrics);
}

/* Prometheus' own judge, where it is installed (./dev test installs it). */
static void
test_promtool_has_nothing_to_say(void **state)
{
    (void)state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        skip();
    }
    struct pal_metrics *metrics = pal_metrics_create();
    count_something(metrics);
    struct pal_engine *engine = fake_engine_create(on_event, NULL);
    struct pal_buf page = render(metrics, &(struct pal_metrics_now){.engine = engine});
    FILE *judge = popen("promtool check metrics 2>&1", "w");
    assert_non_null(judge);
    assert_int_equal(fwrite(page.data, 1, page.len, judge), page.len);
    assert_int_equal(pclose(judge), 0);
    pal_buf_finish(&page);
    fake_engine_destroy(engine);
    pal_metrics_destroy(metrics);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_says_what_was_counted),
        cmocka_unit_test(test_engine_and_model_are_shown_and_a_hostile_name_stays_in_its_quotes),
        cmocka_unit_test(test_more_sources_than_rows_are_counted_together),
        cmocka_unit_test(test_buffer_that_is_too_small_is_an_error),
        cmocka_unit_test(test_promtool_has_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
