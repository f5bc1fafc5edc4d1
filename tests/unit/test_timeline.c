#include "test.h"

#include "engine/timeline.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"
#include "util/mem.h"

/*
 * A KV that keeps what libllama's would: cells with a position, a token and their sequences. After
 * every step it must hold exactly what the timelines believe.
 */
#define CELLS 96
#define LINES 6

struct cell {
    int32_t pos;
    int32_t token;
    bool of[LINES + 1]; /* by sequence; 0 is nobody's */
};

struct fake_kv {
    struct cell cells[CELLS];
    unsigned n_shifts;
    unsigned n_shared_shifts; /* cells that were moved under somebody else's feet */
    bool refuses_parts;
    bool refuses_restores;
    int32_t first[LINES + 1]; /* of each sequence: what a window has given away is before that */
    unsigned n_saves;
    unsigned n_restores;
};

static bool
is_used(const struct cell *cell)
{
    for (int s = 0; s <= LINES; s++) {
        if (cell->of[s]) {
            return true;
        }
    }
    return false;
}

static bool
kv_remove(void *data, int32_t seq, int32_t p0, int32_t p1)
{
    struct fake_kv *kv = data;
    if (kv->refuses_parts && (p0 > 0 || p1 >= 0)) {
        return false;
    }
    for (int i = 0; i < CELLS; i++) {
        struct cell *cell = &kv->cells[i];
        if (cell->of[seq] && cell->pos >= p0 && (p1 < 0 || cell->pos < p1)) {
            cell->of[seq] = false;
        }
    }
    return true;
}

static void
kv_copy(void *data, int32_t from, int32_t to, int32_t p0, int32_t p1)
{
    struct fake_kv *kv = data;
    for (int i = 0; i < CELLS; i++) {
        struct cell *cell = &kv->cells[i];
        if (cell->of[from] && cell->pos >= p0 && (p1 < 0 || cell->pos < p1)) {
            cell->of[to] = true;
        }
    }
}

static void
kv_shift(void *data, int32_t seq, int32_t p0, int32_t p1, int32_t delta)
{
    struct fake_kv *kv = data;
    kv->n_shifts++;
    for (int i = 0; i < CELLS; i++) {
        struct cell *cell = &kv->cells[i];
        if (cell->of[seq] && cell->pos >= p0 && (p1 < 0 || cell->pos < p1)) {
            cell->pos += delta;
            for (int s = 0; s <= LINES; s++) {
                kv->n_shared_shifts += s != seq && cell->of[s] ? 1 : 0;
            }
        }
    }
}

/* Saved: position and token of each cell. */
static bool
kv_save(void *data, int32_t seq, int32_t p0, int32_t p1, struct pal_span *span)
{
    struct fake_kv *kv = data;
    size_t n_before = span->n_bytes;
    for (int i = 0; i < CELLS; i++) {
        const struct cell *cell = &kv->cells[i];
        if (cell->of[seq] && cell->pos >= p0 && cell->pos < p1) {
            const int32_t both[] = {cell->pos, cell->token};
            assert_true(pal_span_reserve(span, span->n_bytes + sizeof(both)));
            memcpy(span->data + span->n_bytes, both, sizeof(both));
            span->n_bytes += sizeof(both);
        }
    }
    /* Fewer where it has gaps. */
    assert_in_range(span->n_bytes - n_before, 8, 8 * (p1 - p0));
    kv->n_saves++;
    return true;
}

static bool
kv_restore(void *data, int32_t seq, const unsigned char *bytes, size_t n_bytes)
{
    struct fake_kv *kv = data;
    if (kv->refuses_restores) {
        return false;
    }
    int i = 0;
    for (size_t at = 0; at < n_bytes; at += 2 * sizeof(int32_t)) {
        while (is_used(&kv->cells[i])) {
            i++;
        }
        assert_true(i < CELLS);
        memcpy(&kv->cells[i].pos, bytes + at, sizeof(int32_t));
        memcpy(&kv->cells[i].token, bytes + at + sizeof(int32_t), sizeof(int32_t));
        kv->cells[i].of[seq] = true;
    }
    kv->n_restores++;
    return true;
}

static int32_t
kv_first(void *data, int32_t seq)
{
    const struct fake_kv *kv = data;
    return kv->first[seq];
}

static const struct pal_kv_ops ops = {kv_remove, kv_copy, kv_shift, kv_save, kv_restore, kv_first};

static void
check_equal(const struct pal_timelines *t, const struct fake_kv *kv)
{
    size_t n_used = 0;
    for (int i = 0; i < CELLS; i++) {
        n_used += is_used(&kv->cells[i]) ? 1 : 0;
    }
    assert_int_equal(n_used, CELLS - pal_timelines_n_free(t));
    assert_int_equal(kv->n_shared_shifts, 0);
    for (size_t k = 0; k < t->n_items; k++) {
        const struct pal_timeline *line = &t->items[k];
        int s = line->seq;
        size_t n = 0;
        assert_true(pal_timeline_position(line) <= t->n_positions);
        for (int i = 0; i < CELLS; i++) {
            const struct cell *cell = &kv->cells[i];
            if (cell->of[s]) {
                size_t at = 0;
                while (at < line->n_tokens && line->positions[at] != cell->pos) {
                    at++;
                }
                assert_in_range(at, 0, line->n_tokens - 1);
                assert_int_equal(line->tokens[at], cell->token);
                n++;
            }
        }
        assert_int_equal(n, line->n_tokens);
    }
}

/* Computes the rest of `want`, as the worker would. Returns tokens computed. */
static size_t
compute(struct pal_timelines *t, struct fake_kv *kv, struct pal_timeline *line, const int32_t *want,
        size_t n)
{
    size_t n_new = 0;
    assert_memory_equal(line->tokens, want, line->n_tokens * sizeof(*want));
    while (line->n_tokens < n) {
        while (pal_timelines_n_free(t) == 0) {
            assert_true(pal_timelines_evict(t, NULL));
        }
        assert_true(pal_timeline_append(t, line, want[line->n_tokens]));
        int i = 0;
        while (is_used(&kv->cells[i])) {
            i++;
        }
        kv->cells[i].pos = pal_timeline_position(line) - 1;
        kv->cells[i].token = line->tokens[line->n_tokens - 1];
        kv->cells[i].of[line->seq] = true;
        n_new++;
    }
    return n_new;
}

static struct pal_timeline *
bring(struct pal_timelines *t, const char *owner, const int32_t *want, size_t n)
{
    struct pal_sync_plan plan = pal_timelines_plan(t, owner, want, n);
    assert_non_null(plan.target);
    while (!pal_timelines_fetch(t, &plan)) {
        pal_disk_wait(t->park->disk);
        (void)pal_park_poll(t->park);
        plan = pal_timelines_plan(t, owner, want, n);
    }
    plan.n_ahead = n;
    struct pal_timeline *line = pal_timelines_apply(t, &plan, owner);
    line->n_prompt = n;
    assert_true(line->n_tokens < n);
    return line;
}

/* One turn from the sync to the release; returns tokens computed. */
static size_t
turn(struct pal_timelines *t, struct fake_kv *kv, const char *owner, const int32_t *want, size_t n)
{
    struct pal_timeline *line = bring(t, owner, want, n);
    check_equal(t, kv);
    size_t n_new = compute(t, kv, line, want, n);
    check_equal(t, kv);
    pal_timelines_stepped(t);
    pal_timeline_release(t, line);
    return n_new;
}

/* from, from + 1, ... */
static void
count_up(int32_t *tokens, size_t n, int32_t from)
{
    for (size_t i = 0; i < n; i++) {
        tokens[i] = from + (int32_t)i;
    }
}

static void
test_a_growing_conversation_computes_only_the_new(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    int32_t want[60];
    count_up(want, 60, 0);
    assert_int_equal(turn(&t, &kv, "anna", want, 20), 20);
    assert_int_equal(turn(&t, &kv, "anna", want, 30), 10);
    assert_int_equal(turn(&t, &kv, "anna", want, 30), 1); /* again: only for its logits */
    assert_int_equal(turn(&t, &kv, NULL, want, 40), 10);  /* goes on, whoever asks: a copy */
    pal_timelines_finish(&t);
}

static void
test_a_shared_beginning_takes_its_cells_once(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    int32_t want[30];
    count_up(want, 30, 0);
    assert_int_equal(turn(&t, &kv, "a", want, 30), 30);
    count_up(want + 20, 10, 1000);
    assert_int_equal(turn(&t, &kv, "b", want, 30), 10);
    count_up(want + 20, 10, 2000);
    assert_int_equal(turn(&t, &kv, "c", want, 30), 10);
    assert_int_equal(pal_timelines_n_free(&t), CELLS - 50);
    pal_timelines_finish(&t);
}

static void
test_a_stateless_client_does_not_take_a_strangers_timeline(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    int32_t a[30], b[30];
    count_up(a, 30, 0);
    memcpy(b, a, sizeof(b));
    count_up(b + 20, 10, 1000);
    assert_int_equal(turn(&t, &kv, NULL, a, 25), 25);
    assert_int_equal(turn(&t, &kv, NULL, b, 25), 5);
    assert_int_equal(turn(&t, &kv, NULL, a, 30), 5);
    assert_int_equal(turn(&t, &kv, NULL, b, 30), 5);
    pal_timelines_finish(&t);
}

static void
test_a_sliding_window_is_shifted(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    /* persona 0..9, messages of ten tokens 100.., 200.., 300.., 400.. */
    int32_t want[60];
    count_up(want, 10, 0);
    for (int m = 0; m < 4; m++) {
        count_up(want + 10 + 10 * m, 10, 100 * (m + 1));
    }
    assert_int_equal(turn(&t, &kv, "a", want, 50), 50);
    /* The window drops 100.. and 200.. and brings 500.. */
    memmove(want + 10, want + 30, 20 * sizeof(*want));
    count_up(want + 30, 10, 500);
    assert_int_equal(turn(&t, &kv, "a", want, 40), 10);
    pal_timelines_finish(&t);
}

static void
test_shared_cells_are_never_shifted(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    int32_t want[40];
    count_up(want, 40, 0);
    assert_int_equal(turn(&t, &kv, "a", want, 40), 40);
    assert_int_equal(turn(&t, &kv, "b", want, 40), 1);
    /* a's window slides over cells that b holds as well: they are computed again. */
    memmove(want + 5, want + 15, 25 * sizeof(*want));
    assert_int_equal(turn(&t, &kv, "a", want, 30), 25);
    pal_timelines_finish(&t);
}

static void
test_without_parts_only_growth_is_reused(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {.refuses_parts = true};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, false, false);
    int32_t want[30];
    count_up(want, 30, 0);
    assert_int_equal(turn(&t, &kv, "a", want, 20), 20);
    assert_int_equal(turn(&t, &kv, "a", want, 30), 10);
    want[25] = 7;
    assert_int_equal(turn(&t, &kv, "a", want, 30), 30);
    assert_int_equal(turn(&t, &kv, "b", want, 30), 30); /* nothing can be copied */
    pal_timelines_finish(&t);
}

static void
test_the_least_recent_gives_way_and_busy_ones_never(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    int32_t a[30], b[30], c[60];
    count_up(a, 30, 1000);
    count_up(b, 30, 2000);
    count_up(c, 60, 3000);
    (void)turn(&t, &kv, "a", a, 30);
    (void)turn(&t, &kv, "b", b, 30);
    struct pal_timeline *busy = bring(&t, "a", a, 30);
    assert_int_equal(pal_timelines_n_available(&t, NULL), CELLS - 29);
    struct pal_sync_plan plan = pal_timelines_plan(&t, "b", b, 20);
    assert_int_equal(pal_timelines_n_available(&t, &plan), CELLS - 29 - 19);
    struct pal_timeline *line = bring(&t, "c", c, 60);
    assert_int_equal(compute(&t, &kv, line, c, 60), 60);
    check_equal(&t, &kv);
    assert_int_equal(busy->n_tokens, 29); /* kept; b went */
    pal_timeline_release(&t, line);
    pal_timeline_release(&t, busy);
    assert_int_equal(turn(&t, &kv, "b", b, 10), 10);
    pal_timelines_finish(&t);
}

static uint32_t
draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void
live_at_random(struct pal_timelines *t, struct fake_kv *kv, uint32_t *seed)
{
    static const char *const owners[] = {"a", "b", "c", "d", "e", "f", "g", NULL};
    for (int i = 0; i < 80; i++) {
        const char *owner = owners[draw(seed) % PAL_COUNT_OF(owners)];
        int32_t want[90];
        size_t n = 5 + draw(seed) % 80;
        count_up(want, n, 0);
        /* A window: some of the middle is missing, sometimes the end differs. */
        size_t cut = draw(seed) % n;
        size_t gap = draw(seed) % 3 * 10;
        count_up(want + cut, n - cut, (int32_t)(cut + gap));
        if (draw(seed) % 3 == 0) {
            want[n - 1] = 5000 + (int32_t)(draw(seed) % 3);
        }
        (void)turn(t, kv, owner, want, n);
        if (draw(seed) % 4 == 0) {
            struct pal_timeline *line = &t->items[draw(seed) % LINES];
            pal_timeline_cut(t, line, draw(seed) % 40);
            check_equal(t, kv);
        }
    }
}

static void
test_random_lives_keep_books_and_kv_equal(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int life = 0; life < 60; life++) {
        struct pal_timelines t;
        struct fake_kv kv = {0};
        pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
        live_at_random(&t, &kv, &seed);
        pal_timelines_finish(&t);
    }
}

/* The same with places to park of all sizes, and bytes that sometimes can't be brought back. */
static void
test_random_lives_are_parked_and_come_back(void **state)
{
    (void)state;
    char dir[] = "/tmp/palabre-timeline-XXXXXX";
    assert_non_null(mkdtemp(dir));
    uint32_t seed = 7;
    unsigned n_restores = 0;
    for (int life = 0; life < 60; life++) {
        struct pal_timelines t;
        struct fake_kv kv = {.refuses_restores = life % 10 == 9};
        pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
        const struct pal_park_options options = {
            .ram_max_bytes = (uint64_t)(life % 3) * 1100,
            .disk_max_bytes = (uint64_t)(life % 4) * 2000,
            .dir = dir,
        };
        struct pal_park *park = pal_park_create(&options);
        t.park = park;
        t.n_gap_max = life % 4 * 20;
        t.n_positions = life % 8 < 4 ? INT32_MAX : 90;
        live_at_random(&t, &kv, &seed);
        n_restores += kv.n_restores;
        pal_timelines_finish(&t);
        pal_park_destroy(park);
    }
    assert_true(n_restores > 100);
    assert_int_equal(rmdir(dir), 0);
}

/* Eight users behind one persona, in cells for two of them. */
static void
test_parked_conversations_compute_only_the_new(void **state)
{
    (void)state;
    static const char *const owners[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct pal_timelines t;
    struct fake_kv kv = {0};
    const struct pal_park_options options = {.ram_max_bytes = 1u << 20};
    struct pal_park *park = pal_park_create(&options);
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    t.park = park;
    size_t n_new = 0;
    for (size_t round = 0; round < 4; round++) {
        for (size_t who = 0; who < PAL_COUNT_OF(owners); who++) {
            int32_t want[60];
            count_up(want, 20, 0);
            count_up(want + 20, 40, 1000 * (int32_t)(who + 1));
            size_t n = 20 + 10 * (round + 1);
            struct pal_timeline *line = bring(&t, owners[who], want, n);
            line->n_base = 20;
            n_new += compute(&t, &kv, line, want, n);
            check_equal(&t, &kv);
            pal_timelines_stepped(&t);
            pal_timeline_release(&t, line);
        }
    }
    assert_int_equal(n_new, 20 + 8 * 40);
    assert_int_equal(park->counts.n_forgotten, 0);
    pal_timelines_finish(&t);
    pal_park_destroy(park);
}

/* Two messages are taken out of the middle, not next to each other: what is left of it is moved. */
static void
test_all_kept_pieces_are_moved(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    int32_t all[90];
    count_up(all, 90, 0);
    assert_int_equal(turn(&t, &kv, "a", all, 90), 90);
    int32_t want[60];
    memcpy(want, all, 10 * sizeof(*all));
    memcpy(want + 10, all + 15, 20 * sizeof(*all));
    memcpy(want + 30, all + 50, 20 * sizeof(*all));
    count_up(want + 50, 10, 7000);
    assert_int_equal(turn(&t, &kv, "a", want, 60), 10);
    pal_timelines_finish(&t);
}

/* 10 tokens of persona, then a window of 20 that has slid over `slid`. */
static size_t
slide(struct pal_timelines *t, struct fake_kv *kv, const char *owner, int32_t first, int32_t slid)
{
    int32_t want[30];
    count_up(want, 10, 0);
    count_up(want + 10, 20, first + slid);
    return turn(t, kv, owner, want, 30);
}

static void
test_a_gap_is_left_open_until_it_is_too_wide_and_then_all_busy_ones_are_closed(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    t.n_gap_max = 8;
    assert_int_equal(slide(&t, &kv, "a", 1000, 0), 30);
    assert_int_equal(slide(&t, &kv, "b", 2000, 0), 20);
    assert_int_equal(slide(&t, &kv, "b", 2000, 4), 4);
    assert_int_equal(slide(&t, &kv, "a", 1000, 4), 4);
    assert_int_equal(slide(&t, &kv, "a", 1000, 8), 4);
    assert_int_equal(kv.n_shifts, 0);
    assert_int_equal(pal_timeline_gap(&t.items[0]), 8);
    assert_int_equal(pal_timeline_gap(&t.items[1]), 4);
    t.items[1].is_busy = true;
    assert_int_equal(slide(&t, &kv, "a", 1000, 12), 4);
    assert_int_equal(kv.n_shifts, 2);
    assert_int_equal(pal_timeline_gap(&t.items[0]), 0);
    assert_int_equal(pal_timeline_gap(&t.items[1]), 0);
    pal_timelines_finish(&t);
}

static void
test_positions_that_the_model_does_not_know_are_never_taken(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    t.n_gap_max = 50;
    t.n_positions = 34;
    assert_int_equal(slide(&t, &kv, "a", 1000, 0), 30);
    assert_int_equal(slide(&t, &kv, "a", 1000, 4), 4);
    assert_int_equal(kv.n_shifts, 0);
    assert_int_equal(slide(&t, &kv, "a", 1000, 8), 4);
    assert_int_equal(kv.n_shifts, 1);
    /* What two hold can't be moved for one: behind the gap it is computed again. */
    assert_int_equal(slide(&t, &kv, "a", 1000, 11), 3);
    int32_t want[34];
    count_up(want, 10, 0);
    count_up(want + 10, 24, 1011);
    struct pal_sync_plan plan = pal_timelines_plan(&t, "b", want, 34);
    assert_int_equal(plan.n_copy, 30);
    assert_int_equal(turn(&t, &kv, "b", want, 34), 24);
    pal_timelines_finish(&t);
}

/* A persona that was edited in its middle, and no more than that computed. */
static void
test_a_beginning_with_a_gap_is_parked_for_its_owner_alone(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    const struct pal_park_options options = {.ram_max_bytes = 1u << 20};
    struct pal_park *park = pal_park_create(&options);
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    t.n_gap_max = 8;
    t.park = park;
    assert_int_equal(slide(&t, &kv, "a", 1000, 0), 30);
    assert_int_equal(slide(&t, &kv, "a", 1000, 4), 4);
    t.items[0].n_base = 30;
    assert_true(pal_timelines_evict(&t, NULL));
    assert_int_equal(park->n_items, 1);
    assert_false(park->items[0]->span.is_base);
    assert_string_equal(park->items[0]->span.owner, "a");
    assert_int_equal(slide(&t, &kv, "a", 1000, 4), 1);
    pal_timelines_finish(&t);
    pal_park_destroy(park);
}

static void
test_who_rests_leaves_the_cells_piece_by_piece_and_comes_back(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    const struct pal_park_options options = {.ram_max_bytes = 1u << 20};
    struct pal_park *park = pal_park_create(&options);
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    int32_t want[40];
    count_up(want, 40, 100);
    t.now_us = 1000;
    t.n_rows = 50;
    assert_int_equal(turn(&t, &kv, "a", want, 30), 30);
    assert_null(pal_timelines_resting(&t, 10, 2000, 60)); /* nowhere to go */
    t.park = park;
    assert_null(pal_timelines_resting(&t, 10, 999, 60));  /* not that long ago */
    assert_null(pal_timelines_resting(&t, 10, 2000, 49)); /* nor by what was computed since */
    assert_null(pal_timelines_resting(&t, 30, 2000, 60)); /* not that full */
    struct pal_timeline *line = pal_timelines_resting(&t, 10, 1000, 50);
    assert_non_null(line);
    assert_ptr_equal(pal_timelines_unparked(&t), line);
    assert_int_equal(pal_timelines_save(&t, line, 12), 12);
    assert_int_equal(pal_timelines_save(&t, line, 12), 12);
    assert_int_equal(park->n_items, 0);
    assert_int_equal(pal_timelines_save(&t, line, 12), 6);
    assert_int_equal(pal_timelines_save(&t, line, 12), 0);
    assert_int_equal(park->n_items, 1);
    assert_null(pal_timelines_unparked(&t));
    pal_timeline_clear(&t, line);
    check_equal(&t, &kv);
    assert_int_equal(pal_timelines_n_free(&t), CELLS);
    assert_int_equal(turn(&t, &kv, "a", want, 40), 10);
    pal_timelines_finish(&t);
    pal_park_destroy(park);
}

static void
test_who_speaks_while_being_saved_is_saved_anew_later(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    const struct pal_park_options options = {.ram_max_bytes = 1u << 20};
    struct pal_park *park = pal_park_create(&options);
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    t.park = park;
    int32_t want[40];
    count_up(want, 40, 100);
    assert_int_equal(turn(&t, &kv, "a", want, 30), 30);
    struct pal_timeline *line = pal_timelines_unparked(&t);
    assert_int_equal(pal_timelines_save(&t, line, 20), 20);
    want[25] = 999; /* and what was saved isn't wanted any more */
    assert_int_equal(turn(&t, &kv, "a", want, 40), 15);
    assert_ptr_equal(pal_timelines_unparked(&t), line);
    assert_int_equal(pal_timelines_save(&t, line, 15), 15);
    kv.first[line->seq] = 3; /* others took cells of a window: it begins anew */
    assert_int_equal(pal_timelines_save(&t, line, 25), 25);
    /* Its cells are needed: the rest goes at once. */
    assert_true(pal_timelines_evict(&t, NULL));
    assert_int_equal(park->n_items, 1);
    assert_int_equal(park->items[0]->span.n_tokens, 40);
    assert_int_equal(turn(&t, &kv, "a", want, 40), 1);
    check_equal(&t, &kv);
    pal_timelines_finish(&t);
    pal_park_destroy(park);
}

static void
test_a_shared_beginning_is_saved_once_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 40; piece++) {
        struct pal_timelines t;
        struct fake_kv kv = {0};
        const struct pal_park_options options = {.ram_max_bytes = 1u << 20};
        struct pal_park *park = pal_park_create(&options);
        pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
        t.park = park;
        int32_t want[2][40];
        size_t n_saved = 0;
        for (int i = 0; i < 2; i++) {
            count_up(want[i], 20, 100);
            count_up(want[i] + 20, 18, 200 + 100 * i);
            (void)turn(&t, &kv, i == 0 ? "a" : "b", want[i], 38);
            t.items[i].n_base = 20;
        }
        struct pal_timeline *line;
        while ((line = pal_timelines_unparked(&t)) != NULL) {
            n_saved += pal_timelines_save(&t, line, piece);
        }
        assert_int_equal(n_saved, 20 + 2 * 18);
        assert_int_equal(park->n_items, 3);
        pal_timelines_forget(&t);
        assert_int_equal(turn(&t, &kv, "a", want[0], 38), 1);
        assert_int_equal(turn(&t, &kv, "b", want[1], 38), 1);
        check_equal(&t, &kv);
        pal_timelines_finish(&t);
        pal_park_destroy(park);
    }
}

static void
test_what_a_window_has_given_away_is_not_gone_back_to(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    const struct pal_park_options options = {.ram_max_bytes = 1u << 20};
    struct pal_park *park = pal_park_create(&options);
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, false);
    t.n_window = 8;
    int32_t want[40];
    count_up(want, 40, 100);
    assert_int_equal(turn(&t, &kv, "a", want, 30), 30);
    kv.first[t.items[0].seq] = 12; /* others took the cells before that */
    assert_int_equal(turn(&t, &kv, "a", want, 40), 10);
    want[25] = 999; /* who looks back from there sees 18 and on */
    assert_int_equal(turn(&t, &kv, "a", want, 40), 15);
    want[19] = 999; /* and from there 11: which is gone */
    kv.first[t.items[1].seq] = 0;
    assert_int_equal(turn(&t, &kv, "a", want, 40), 40);
    kv.first[t.items[0].seq] = 12;
    assert_int_equal(turn(&t, &kv, "b", want, 19), 19); /* and nobody copies it */
    t.park = park;
    t.items[0].n_base = 16; /* nor is it parked as a beginning by itself */
    assert_true(pal_timelines_evict(&t, &t.items[1]));
    assert_int_equal(park->n_items, 1);
    assert_false(park->items[0]->span.is_base);
    check_equal(&t, &kv);
    pal_timelines_finish(&t);
    pal_park_destroy(park);
}

static void
test_what_may_hold_no_numbers_is_not_parked(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {0};
    const struct pal_park_options options = {.ram_max_bytes = 1u << 20};
    struct pal_park *park = pal_park_create(&options);
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, true, true);
    t.park = park;
    int32_t want[40];
    count_up(want, 40, 100);
    assert_int_equal(turn(&t, &kv, "a", want, 30), 30);
    assert_int_equal(pal_timelines_save(&t, &t.items[0], 20), 20);
    t.is_doubtful = true; /* in the middle of it */
    assert_int_equal(pal_timelines_save(&t, &t.items[0], 20), 0);
    assert_true(pal_timelines_evict(&t, NULL));
    assert_int_equal(park->n_items, 0);
    assert_int_equal(turn(&t, &kv, "a", want, 30), 30);
    check_equal(&t, &kv);
    pal_timelines_finish(&t);
    pal_park_destroy(park);
}

static void
test_what_cannot_be_cut_is_parked_whole_and_only_grows(void **state)
{
    (void)state;
    struct pal_timelines t;
    struct fake_kv kv = {.refuses_parts = true};
    const struct pal_park_options options = {.ram_max_bytes = 1u << 20};
    struct pal_park *park = pal_park_create(&options);
    pal_timelines_init(&t, &ops, &kv, LINES, CELLS, false, false);
    t.park = park;
    int32_t want[40];
    count_up(want, 40, 100);
    assert_int_equal(turn(&t, &kv, "a", want, 30), 30);
    t.items[0].n_base = 20;
    assert_int_equal(pal_timelines_save(&t, &t.items[0], 5), 30);
    assert_int_equal(kv.n_saves, 1);
    pal_timelines_forget(&t);
    assert_int_equal(turn(&t, &kv, "a", want, 40), 10);
    pal_timelines_evict(&t, NULL);
    want[35] = 999;
    assert_int_equal(turn(&t, &kv, "a", want, 40), 40);
    check_equal(&t, &kv);
    pal_timelines_finish(&t);
    pal_park_destroy(park);
}

int
main(void)
{
    pal_log_init(PAL_LOG_ERROR, 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_growing_conversation_computes_only_the_new),
        cmocka_unit_test(test_a_shared_beginning_takes_its_cells_once),
        cmocka_unit_test(test_a_stateless_client_does_not_take_a_strangers_timeline),
        cmocka_unit_test(test_a_sliding_window_is_shifted),
        cmocka_unit_test(test_shared_cells_are_never_shifted),
        cmocka_unit_test(test_without_parts_only_growth_is_reused),
        cmocka_unit_test(test_the_least_recent_gives_way_and_busy_ones_never),
        cmocka_unit_test(test_random_lives_keep_books_and_kv_equal),
        cmocka_unit_test(test_random_lives_are_parked_and_come_back),
        cmocka_unit_test(test_parked_conversations_compute_only_the_new),
        cmocka_unit_test(test_all_kept_pieces_are_moved),
        cmocka_unit_test(
            test_a_gap_is_left_open_until_it_is_too_wide_and_then_all_busy_ones_are_closed),
        cmocka_unit_test(test_positions_that_the_model_does_not_know_are_never_taken),
        cmocka_unit_test(test_a_beginning_with_a_gap_is_parked_for_its_owner_alone),
        cmocka_unit_test(test_who_rests_leaves_the_cells_piece_by_piece_and_comes_back),
        cmocka_unit_test(test_who_speaks_while_being_saved_is_saved_anew_later),
        cmocka_unit_test(test_a_shared_beginning_is_saved_once_however_it_is_cut),
        cmocka_unit_test(test_what_a_window_has_given_away_is_not_gone_back_to),
        cmocka_unit_test(test_what_may_hold_no_numbers_is_not_parked),
        cmocka_unit_test(test_what_cannot_be_cut_is_parked_whole_and_only_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
