#include "engine/spare.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/child.h"
#include "util/mem.h"

#define LOG_TOPIC "engine"
#include "util/log.h"

struct pal_spare {
    struct pal_child *child; /* NULL: taken, or gone */
    char *program;           /* owned */
    char *llama_dir;         /* owned, may be NULL */
    struct pal_buf briefing; /* the settings that it has been sent; empty = none */
    bool is_ending;          /* freed with its child */
};

static void
finish(struct pal_spare *spare)
{
    free(spare->program);
    free(spare->llama_dir);
    pal_buf_finish(&spare->briefing);
    free(spare);
}

/* It has nothing to say before it knows what it is for. */
static void
on_message(const struct pal_wire_message *message, void *userdata)
{
    (void)message;
    (void)userdata;
}

static void
on_gone(const struct pal_child_end *end, void *userdata)
{
    struct pal_spare *spare = userdata;
    (void)end;
    spare->child = NULL;
    if (spare->is_ending) {
        finish(spare);
    }
}

static const struct pal_child_callbacks callbacks = {
    .on_message = on_message,
    .on_gone = on_gone,
};

struct pal_spare *
pal_spare_start(uv_loop_t *loop, const char *program, const char *llama_dir)
{
    struct pal_spare *spare = pal_calloc(1, sizeof(*spare));
    struct pal_error error;
    if (pal_child_hire(loop, program, llama_dir, &callbacks, spare, &spare->child, &error) !=
        PAL_OK) {
        pal_log_debug("no engine ahead of its plan", "reason=" PAL_LOG_STR, error.text);
        free(spare);
        return NULL;
    }
    spare->program = pal_strdup(program);
    spare->llama_dir = pal_strdup(llama_dir);
    pal_buf_init(&spare->briefing, PAL_WIRE_FRAME_MAX_BYTES);
    return spare;
}

int
pal_spare_pid(const struct pal_spare *spare)
{
    return spare != NULL && spare->child != NULL ? pal_child_pid(spare->child) : 0;
}

static bool
is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
is_briefed_so(const struct pal_spare *spare, const struct pal_settings *settings)
{
    struct pal_buf frame;
    pal_buf_init(&frame, PAL_WIRE_FRAME_MAX_BYTES);
    bool is_so = pal_wire_put_settings(&frame, settings) == PAL_OK &&
                 frame.len == spare->briefing.len &&
                 memcmp(frame.data, spare->briefing.data, frame.len) == 0;
    pal_buf_finish(&frame);
    return is_so;
}

void
pal_spare_brief(struct pal_spare *spare, const struct pal_engine_options *options)
{
    struct pal_settings settings;
    struct pal_error error;
    if (spare == NULL || spare->child == NULL ||
        pal_settings_init(&settings, options, &error) != PAL_OK) {
        return;
    }
    if (is_same(spare->llama_dir, settings.llama_dir)) {
        enum pal_err err = pal_wire_put_settings(&spare->briefing, &settings);
        PAL_ASSERT(err == PAL_OK); /* their lengths have been checked */
        pal_child_employ(spare->child, &settings, &callbacks, spare);
    }
    pal_settings_finish(&settings);
}

struct pal_child *
pal_spare_take(struct pal_spare *spare, const char *program, const struct pal_settings *settings,
               bool *is_briefed)
{
    if (spare == NULL || !is_same(spare->program, program) ||
        !is_same(spare->llama_dir, settings->llama_dir)) {
        return NULL;
    }
    *is_briefed = spare->briefing.len > 0;
    if (*is_briefed && !is_briefed_so(spare, settings)) {
        return NULL;
    }
    struct pal_child *child = spare->child;
    spare->child = NULL;
    return child;
}

void
pal_spare_end(struct pal_spare *spare)
{
    if (spare == NULL) {
        return;
    }
    if (spare->child == NULL) {
        finish(spare);
        return;
    }
    spare->is_ending = true;
    pal_child_kill(spare->child, SIGKILL);
}
