/*
 * An engine that is given too little memory for the context that was asked for comes down the
 * ladder and runs with a smaller one, instead of failing.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/trial.h"
#include "live_model.h"
#include "util/clock.h"
#include "util/log.h"

#define TIMEOUT_US (120 * PAL_US_PER_S)
#define CTX_WANTED (1u << 20) /* KV of 2 GiB */
#define ROOM_BYTES (1u << 30) /* beyond what is mapped already */

static uint64_t
mapped_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%llu", &pages), 1);
    (void)fclose(file);
    return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static void
test_too_long_a_context_is_halved_until_it_fits(void **state)
{
    (void)state;
    const struct pal_engine_options options = {
        .model_path = live_model_tiny(),
        .n_ctx_tokens = CTX_WANTED,
        .n_sequences = 2,
        .n_batch_tokens = 64,
        .n_threads = 1,
    };
    struct rlimit before, tight;
    struct pal_trial trial;
    struct pal_trial_turns turns;
    struct pal_error error;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    tight = before;
    tight.rlim_cur = mapped_bytes() + ROOM_BYTES;
    assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
    if (pal_trial_open(&trial, &options, TIMEOUT_US, &error) != PAL_OK) {
        (void)setrlimit(RLIMIT_AS, &before);
        fail_msg("%s", error.text);
    }
    uint32_t n_ctx_tokens = pal_engine_facts(trial.engine)->n_ctx_tokens;
    enum pal_err err = pal_trial_run(&trial, 1, 4, 3, TIMEOUT_US, &turns, &error);
    pal_trial_close(&trial);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(err, PAL_OK);
    assert_int_equal(turns.n_reply_tokens, 3);
    assert_true(n_ctx_tokens < CTX_WANTED && n_ctx_tokens >= 512);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_long_a_context_is_halved_until_it_fits),
    };
    pal_log_init(PAL_LOG_WARN, STDERR_FILENO);
    return cmocka_run_group_tests(tests, live_model_make, live_model_remove);
}
