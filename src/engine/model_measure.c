#include "engine/model_measure.h"

#include "engine/model_worker.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "measure"
#include "util/log.h"

/* The most telling sizes first: a slow model may not get to the end of the list. */
static const uint32_t list[] = {1, 2, 4, 8, 3, 16, 6, 32, 5, 12, 24, 7, 10, 14, 20, 28, 48, 64};

#define SPENT_MAX_US (3 * PAL_US_PER_S)
/* The first step of a size builds its graph, and the first of all reads the weights. */
#define STEPS       2
#define STEPS_QUICK 5
/* Quicker ones are measured more often; */
#define QUICK_STEP_US (10 * PAL_US_PER_MS)
/* and what depth costs is measured at this one, where that can be reached in so short a time. */
#define DEEP_ROWS   512u
#define DEEP_CHUNK  64u
#define DEEP_MAX_US (400 * PAL_US_PER_MS)
#define DEEP_SIZE   4u

/* The sequence that no timeline has. */
#define OWN_SEQ 0

/*
 * A step of n rows of no meaning, behind `depth` others of that sequence. 0 = as it should be. Few
 * rows are mostly those of streams, which all want logits; of many most are a prompt's.
 */
static int32_t
compute(struct pal_model_worker *w, int32_t seq, uint32_t n_rows, uint32_t depth, int64_t *us)
{
    struct llama_batch *batch = &w->batch;
    uint32_t n_outputs = n_rows <= w->settings->n_sequences ? n_rows : 1;
    batch->n_tokens = (int32_t)n_rows;
    for (uint32_t i = 0; i < n_rows; i++) {
        batch->token[i] = 0;
        batch->pos[i] = (llama_pos)(depth + i);
        batch->n_seq_id[i] = 1;
        batch->seq_id[i][0] = seq;
        batch->logits[i] = i < n_outputs ? 1 : 0;
    }
    w->measuring.is_running = true;
    int64_t began_us = pal_now_us();
    int32_t status = llama_decode(w->model.context, *batch);
    llama_synchronize(w->model.context);
    *us = pal_now_us() - began_us;
    w->measuring.is_running = false;
    w->measuring.spent_us += *us;
    return status;
}

/* The least of some steps of n rows. */
static int32_t
measure_size(struct pal_model_worker *w, int32_t seq, uint32_t n_rows, uint32_t depth,
             int64_t *least_us)
{
    int64_t us = 0;
    int32_t status = 0;
    *least_us = INT64_MAX;
    for (int i = 0; i < (us < QUICK_STEP_US ? STEPS_QUICK : STEPS) && status == 0; i++) {
        status = compute(w, seq, n_rows, depth, &us);
        llama_memory_seq_rm(w->model.memory, seq, (llama_pos)depth, -1);
        *least_us = us < *least_us ? us : *least_us;
    }
    return status;
}

/* A sequence that nobody has, but for the one that is measured on; 0 = there is none. */
static int32_t
other_seq(const struct pal_model_worker *w)
{
    for (size_t i = w->lines.n_items; i > 0; i--) {
        if (w->lines.items[i - 1].n_tokens == 0) {
            return w->lines.items[i - 1].seq;
        }
    }
    return OWN_SEQ;
}

/*
 * What looking back costs, the same few rows again behind many; and what passing over others does,
 * the same rows beside as many.
 */
static int32_t
measure_behind(struct pal_model_worker *w, uint32_t n_rows)
{
    int64_t behind_us = 0;
    int64_t beside_us = 0;
    int64_t alone_us = 0;
    int32_t other = other_seq(w);
    int32_t status = measure_size(w, OWN_SEQ, DEEP_SIZE, n_rows, &behind_us);
    if (status == 0 && other != OWN_SEQ) {
        status = measure_size(w, other, DEEP_SIZE, 0, &beside_us);
    }
    llama_memory_seq_rm(w->model.memory, OWN_SEQ, -1, -1);
    if (status == 0) {
        status = measure_size(w, OWN_SEQ, DEEP_SIZE, 0, &alone_us);
    }
    if (status == 0) {
        struct pal_cost_rows rows = {.n_rows = DEEP_SIZE, .depth = n_rows};
        pal_cost_note_look(&w->cost, rows, behind_us);
        double more_us = beside_us > alone_us ? (double)(beside_us - alone_us) : 0;
        w->rest.scan_us = more_us / DEEP_SIZE / n_rows;
        pal_log_debug("measured", "rows=%u depth=%u us=%lld others_us=%lld alone_us=%lld",
                      DEEP_SIZE, n_rows, (long long)behind_us, (long long)beside_us,
                      (long long)alone_us);
    }
    return status;
}

/* Where that many are soon made. */
static int32_t
measure_depth(struct pal_model_worker *w)
{
    struct pal_cost_rows chunk = {.n_rows = DEEP_CHUNK, .depth = DEEP_ROWS / 2};
    uint32_t n_rows = DEEP_ROWS < w->model.n_ctx_max_tokens / 2 ? DEEP_ROWS : DEEP_CHUNK;
    int64_t chunk_us = pal_cost_predict(&w->cost, chunk);
    if (chunk_us * n_rows / DEEP_CHUNK > DEEP_MAX_US || w->settings->n_batch_tokens < DEEP_CHUNK ||
        pal_timelines_n_free(&w->lines) < n_rows + DEEP_SIZE) {
        return 0;
    }
    int32_t status = 0;
    int64_t us = 0;
    for (uint32_t depth = 0; depth < n_rows && status == 0; depth += DEEP_CHUNK) {
        status = compute(w, OWN_SEQ, DEEP_CHUNK, depth, &us);
    }
    if (status == 0) {
        status = measure_behind(w, n_rows);
    }
    llama_memory_seq_rm(w->model.memory, OWN_SEQ, -1, -1);
    return status;
}

bool
pal_model_measure_step(struct pal_model_worker *w)
{
    struct pal_measuring *measuring = &w->measuring;
    bool is_deep = measuring->n_done == PAL_COUNT_OF(list);
    uint32_t n = measuring->n_done < PAL_COUNT_OF(list) ? list[measuring->n_done] : 0;
    measuring->is_over = (n == 0 && !is_deep) || !w->model.can_edit ||
                         measuring->spent_us >= SPENT_MAX_US || n > w->settings->n_batch_tokens;
    if (measuring->is_over || pal_timelines_n_free(&w->lines) < n) {
        return false;
    }
    int64_t us = 0;
    int32_t status = is_deep ? measure_depth(w) : measure_size(w, OWN_SEQ, n, 0, &us);
    if (status == 2) {
        return true; /* something came in */
    }
    measuring->n_done = status == 0 ? measuring->n_done + 1 : PAL_COUNT_OF(list) + 1;
    if (status == 0 && !is_deep) {
        pal_cost_set(&w->cost, n, us);
        pal_log_debug("measured", "rows=%u us=%lld", n, (long long)us);
    }
    return true;
}
