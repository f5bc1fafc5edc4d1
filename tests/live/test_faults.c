/*
 * What is promised when things break: every turn that was accepted ends, exactly once.
 *
 * The counts here are a sample; the environment asks for more, as `./dev faults` does:
 *     PAL_FAULT_KILLS    deaths of a scripted engine under load, by seven kinds
 *     PAL_FAULT_DEATHS   the same with a model
 *     PAL_FAULT_LEAVERS  clients that leave in the middle of a reply
 *     PAL_FAULT_FILES    damaged models through a real engine
 */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/metrics.h"
#include "chat/sched.h"
#include "commands/command.h"
#include "live_model.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/mem.h"

#define IN_FLIGHT_MAX 6
#define GUARD_MS      120000 /* for one round; only against hanging */
#define FILE_MAX      (8u << 20)

static unsigned
count_of(const char *name, unsigned sample)
{
    const char *text = getenv(name);
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : sample;
}

static char script_path[] = "/tmp/palabre-faults-XXXXXX.script";
static char mutant_path[] = "/tmp/palabre-faults-XXXXXX.gguf";

/* ---- people who keep on asking ---- */

struct crowd {
    uv_loop_t loop;
    uv_timer_t guard;
    uv_timer_t tick;
    struct pal_engine *engine;
    struct pal_sched *sched;
    struct pal_metrics *metrics;
    const char *ask;
    int32_t max_tokens;
    bool is_open; /* new turns come as long as this is so */
    unsigned n_in_flight;
    unsigned n_ready;
    uint64_t n_accepted, n_refused;
    uint64_t n_done, n_failed, n_cancelled;
    uint64_t n_pieces;
    uint64_t talking; /* a turn that has sent something just now; 0 = none */
    bool is_closed;
    bool hung;
};

static void ask(struct crowd *c);

static void
on_text(void *self, const char *text, size_t len)
{
    struct crowd *c = self;
    assert_true(text != NULL && len > 0);
    c->n_pieces++;
}

static void
on_end(void *self, const struct pal_turn_end *ended)
{
    struct crowd *c = self;
    c->n_done += ended->outcome == PAL_OUTCOME_DONE;
    c->n_failed += ended->outcome == PAL_OUTCOME_FAILED;
    c->n_cancelled += ended->outcome == PAL_OUTCOME_CANCELLED;
    assert_true(c->n_in_flight > 0); /* none ends twice */
    c->n_in_flight--;
    c->talking = ended->turn_id == c->talking ? 0 : c->talking;
}

static const struct pal_sink_ops sink_ops = {.text = on_text, .end = on_end};

static void
ask(struct crowd *c)
{
    struct pal_turn_request request = {.source = "api", .sink = {.ops = &sink_ops, .self = c}};
    struct pal_error error;
    uint64_t turn_id = 0;
    request.job.sampling = pal_sampling_default();
    request.job.sampling.temperature = 0;
    request.job.sampling.max_tokens = c->max_tokens;
    request.job.sampling.ignore_eos = true;
    assert_int_equal(pal_job_add_message(&request.job, PAL_ROLE_USER, c->ask, strlen(c->ask)),
                     PAL_OK);
    if (pal_sched_submit(c->sched, &request, &turn_id, &error) == PAL_OK) {
        c->n_accepted++;
        c->n_in_flight++;
    } else {
        c->n_refused++;
        pal_job_finish(&request.job);
    }
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    struct crowd *c = userdata;
    if (event->kind == PAL_EVENT_STATE && event->state == PAL_ENGINE_READY) {
        c->n_ready++;
    } else if (event->kind == PAL_EVENT_PIECE) {
        c->talking = event->turn_id;
    }
    if (c->sched != NULL) {
        pal_sched_on_event(event, c->sched);
    }
}

static void
on_guard(uv_timer_t *timer)
{
    ((struct crowd *)timer->data)->hung = true;
}

/* One turn of the loop; keeps the crowd at its size. */
static void
go_on(struct crowd *c)
{
    for (unsigned i = c->n_in_flight; c->is_open && i < IN_FLIGHT_MAX; i++) {
        ask(c);
    }
    (void)uv_run(&c->loop, UV_RUN_ONCE);
    if (c->hung) {
        fail_msg("hung: %u turns have no end", c->n_in_flight);
    }
}

/* Only to wake the loop. */
static void
on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void
wait_ms(struct crowd *c, uint64_t ms)
{
    uint64_t until = uv_hrtime() / 1000000 + ms;
    (void)uv_timer_start(&c->tick, on_tick, 1, 1);
    while (uv_hrtime() / 1000000 < until) {
        go_on(c);
    }
    (void)uv_timer_stop(&c->tick);
}

static void
rearm(struct crowd *c)
{
    (void)uv_timer_start(&c->guard, on_guard, GUARD_MS, 0);
}

static void
open_crowd(struct crowd *c, const struct pal_engine_options *options)
{
    struct pal_error error;
    struct pal_sched_options sched = {.max_concurrent = 4};
    assert_int_equal(uv_loop_init(&c->loop), 0);
    (void)uv_timer_init(&c->loop, &c->guard);
    (void)uv_timer_init(&c->loop, &c->tick);
    c->guard.data = c;
    rearm(c);
    c->metrics = pal_metrics_create();
    assert_int_equal(pal_sched_create(&c->loop, &sched, c->metrics, &c->sched, &error), PAL_OK);
    assert_int_equal(pal_engine_open(&c->loop, options, on_event, c, &c->engine, &error), PAL_OK);
    pal_sched_set_engine(c->sched, c->engine);
    while (c->n_ready == 0) {
        go_on(c);
    }
}

static void
on_closed(void *userdata)
{
    *(bool *)userdata = true;
}

static uint64_t
metric_sum(const char *text, const char *name)
{
    uint64_t sum = 0;
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        const char *value = at == text || at[-1] == '\n' ? strchr(at, ' ') : NULL;
        sum += value != NULL ? strtoull(value, NULL, 10) : 0;
    }
    return sum;
}

/* Lets everybody finish, closes, and counts. */
static void
close_crowd(struct crowd *c, const char *what)
{
    c->is_open = false;
    rearm(c);
    while (c->n_in_flight > 0) {
        go_on(c);
    }
    struct pal_buf text;
    pal_buf_init(&text, 1u << 20);
    struct pal_metrics_now now = {.engine = c->engine};
    assert_int_equal(pal_metrics_render(c->metrics, &now, &text), PAL_OK);
    uint64_t counted = metric_sum(text.data, "palabre_turns_accepted_total");
    pal_buf_finish(&text);
    print_message("%s: accepted %llu = answered %llu + failed %llu + cancelled %llu; refused %llu; "
                  "restarts %u\n",
                  what, (unsigned long long)c->n_accepted, (unsigned long long)c->n_done,
                  (unsigned long long)c->n_failed, (unsigned long long)c->n_cancelled,
                  (unsigned long long)c->n_refused, pal_engine_n_restarts(c->engine));
    assert_int_equal(c->n_accepted, c->n_done + c->n_failed + c->n_cancelled);
    assert_int_equal(counted, c->n_accepted);
    bool is_sched_closed = false;
    bool is_engine_closed = false;
    struct pal_sched *sched = c->sched;
    c->sched = NULL;
    pal_sched_close(sched, on_closed, &is_sched_closed);
    pal_engine_close(c->engine, on_closed, &is_engine_closed);
    uv_close((uv_handle_t *)&c->guard, NULL);
    uv_close((uv_handle_t *)&c->tick, NULL);
    while (!is_sched_closed || !is_engine_closed) {
        (void)uv_run(&c->loop, UV_RUN_ONCE);
    }
    (void)uv_run(&c->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&c->loop), 0);
    pal_metrics_destroy(c->metrics);
}

/* ---- deaths ---- */

static void
kill_under_load(struct crowd *c, unsigned n_kills)
{
    static const int kinds[] = {SIGABRT, SIGSEGV, SIGILL, SIGBUS, SIGKILL, SIGSTOP, SIGTERM};
    uint32_t seed = 7;
    c->is_open = true;
    for (unsigned i = 0; i < n_kills; i++) {
        rearm(c);
        uint64_t n_done = c->n_done;
        while (c->n_done == n_done) {
            go_on(c); /* so that the next restart is at once */
        }
        seed = seed * 1664525u + 1013904223u;
        wait_ms(c, (seed >> 16) % 15);
        unsigned n_ready = c->n_ready;
        assert_int_equal(kill(pal_engine_pid(c->engine), kinds[i % PAL_COUNT_OF(kinds)]), 0);
        while (c->n_ready == n_ready) {
            go_on(c);
        }
    }
}

static void
test_no_turn_is_lost_when_a_scripted_engine_is_killed_by_seven_kinds(void **state)
{
    (void)state;
    static const char script[] = "on * say \"un deux trois quatre cinq six\" rate 400/s\n";
    int fd = open(script_path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, script, strlen(script)), strlen(script));
    assert_int_equal(close(fd), 0);
    struct crowd c = {.ask = "salut", .max_tokens = 100};
    struct pal_engine_options options = {
        .program = "/proc/self/exe", .script_path = script_path, .n_sequences = 4};
    open_crowd(&c, &options);
    kill_under_load(&c, count_of("PAL_FAULT_KILLS", 14));
    close_crowd(&c, "scripted engine killed");
}

static struct pal_engine_options
model_options(void)
{
    const char *starter = live_model_starter();
    return (struct pal_engine_options){
        .program = "/proc/self/exe",
        .model_path = starter != NULL ? starter : live_model_tiny(),
        .n_ctx_tokens = 1024,
        .n_sequences = 4,
        .n_threads = 1, /* beside other tests, two that spin are many times slower */
    };
}

static void
test_no_turn_is_lost_when_an_engine_with_a_model_is_killed(void **state)
{
    (void)state;
    struct crowd c = {.ask = "Raconte-moi une histoire.", .max_tokens = 24};
    struct pal_engine_options options = model_options();
    open_crowd(&c, &options);
    kill_under_load(&c, count_of("PAL_FAULT_DEATHS", 4));
    close_crowd(&c, "engine with a model killed");
}

/* ---- clients that leave ---- */

static void
test_a_client_that_leaves_frees_its_place(void **state)
{
    (void)state;
    struct crowd c = {.ask = "Raconte-moi une histoire.", .max_tokens = 400};
    struct pal_engine_options options = model_options();
    unsigned n = count_of("PAL_FAULT_LEAVERS", 30);
    uint64_t longest_us = 0;
    open_crowd(&c, &options);
    c.is_open = true;
    for (unsigned i = 0; i < n; i++) {
        rearm(&c);
        while (c.talking == 0) {
            go_on(&c);
        }
        uint64_t n_ended = c.n_done + c.n_failed + c.n_cancelled;
        uint64_t left_at = uv_hrtime();
        pal_sched_cancel(c.sched, c.talking);
        while (c.n_done + c.n_failed + c.n_cancelled == n_ended) {
            go_on(&c);
        }
        uint64_t us = (uv_hrtime() - left_at) / 1000;
        longest_us = us > longest_us ? us : longest_us;
    }
    print_message("longest until a place was free: %.1f ms\n", (double)longest_us / 1000);
    close_crowd(&c, "clients left");
}

/* ---- damaged models ---- */

static uint8_t bytes[FILE_MAX];

static uint32_t
next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* A copy of the tiny model with some bytes changed, most of them in its header; or cut short. */
static void
write_mutant(size_t len, uint32_t *seed)
{
    static const unsigned n_changes[] = {1, 8, 64};
    static uint8_t copy[FILE_MAX];
    memcpy(copy, bytes, len);
    unsigned n = n_changes[next_random(seed) % 3];
    for (unsigned i = 0; i < n; i++) {
        size_t reach = next_random(seed) % 4 != 0 && len > 4096 ? 4096 : len;
        copy[next_random(seed) % reach] = (uint8_t)next_random(seed);
    }
    size_t kept = next_random(seed) % 8 == 0 ? next_random(seed) % len : len;
    int fd = open(mutant_path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, copy, kept), kept);
    assert_int_equal(close(fd), 0);
}

static void
test_a_damaged_model_ends_with_an_answer_or_a_reason(void **state)
{
    (void)state;
    int fd = open(live_model_tiny(), O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, bytes, sizeof(bytes));
    assert_true(len > 0 && close(fd) == 0);
    unsigned n = count_of("PAL_FAULT_FILES", 12);
    unsigned n_loaded = 0;
    uint32_t n_deaths = 0;
    uint32_t seed = count_of("PAL_FAULT_SEED", 1);
    for (unsigned i = 0; i < n; i++) {
        write_mutant((size_t)len, &seed);
        struct crowd c = {.ask = "salut", .max_tokens = 4};
        struct pal_engine_options options = model_options();
        options.model_path = mutant_path;
        struct pal_error error;
        struct pal_sched_options sched = {.max_concurrent = 4};
        assert_int_equal(uv_loop_init(&c.loop), 0);
        (void)uv_timer_init(&c.loop, &c.guard);
        c.guard.data = &c;
        rearm(&c);
        c.metrics = pal_metrics_create();
        assert_int_equal(pal_sched_create(&c.loop, &sched, c.metrics, &c.sched, &error), PAL_OK);
        assert_int_equal(pal_engine_open(&c.loop, &options, on_event, &c, &c.engine, &error),
                         PAL_OK);
        pal_sched_set_engine(c.sched, c.engine);
        ask(&c); /* it waits until the model is there, or never will be */
        while (c.n_in_flight > 0) {
            go_on(&c);
        }
        assert_int_equal(c.n_accepted, c.n_done + c.n_failed);
        n_loaded += c.n_ready > 0;
        n_deaths += pal_engine_n_restarts(c.engine);
        bool is_sched_closed = false;
        bool is_engine_closed = false;
        struct pal_sched *closing = c.sched;
        c.sched = NULL;
        pal_sched_close(closing, on_closed, &is_sched_closed);
        pal_engine_close(c.engine, on_closed, &is_engine_closed);
        uv_close((uv_handle_t *)&c.guard, NULL);
        (void)uv_run(&c.loop, UV_RUN_DEFAULT);
        assert_true(is_sched_closed && is_engine_closed);
        assert_int_equal(uv_loop_close(&c.loop), 0);
        pal_metrics_destroy(c.metrics);
    }
    print_message("damaged models: %u, of which %u loaded; engines restarted: %u; front alive\n", n,
                  n_loaded, n_deaths);
}

static int
make_files(void **state)
{
    int script = mkstemps(script_path, 7);
    int mutant = mkstemps(mutant_path, 5);
    if (script < 0 || mutant < 0) {
        return -1;
    }
    (void)close(script);
    (void)close(mutant);
    return live_model_make(state);
}

static int
remove_files(void **state)
{
    (void)unlink(script_path);
    (void)unlink(mutant_path);
    return live_model_remove(state);
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "engine") == 0) {
        return pal_command_engine(argc - 1, argv + 1);
    }
    pal_log_init(PAL_LOG_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_turn_is_lost_when_a_scripted_engine_is_killed_by_seven_kinds),
        cmocka_unit_test(test_no_turn_is_lost_when_an_engine_with_a_model_is_killed),
        cmocka_unit_test(test_a_client_that_leaves_frees_its_place),
        cmocka_unit_test(test_a_damaged_model_ends_with_an_answer_or_a_reason),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
