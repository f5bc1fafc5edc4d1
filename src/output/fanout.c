#include "output/fanout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

/* One frame of 60 Hz, on libuv's clock of whole milliseconds: never more than 60 a second. */
#define FRAME_US INT64_C(16667)

struct pal_fanout {
    uv_timer_t timer;
    struct pal_link links[PAL_FANOUT_LINKS_MAX];
    size_t n_links;
    struct pal_face face;
    bool is_due;     /* the face has changed since it was handed on */
    int64_t sent_us; /* when that was */
};

struct pal_fanout *
pal_fanout_create(uv_loop_t *loop)
{
    struct pal_fanout *fanout = pal_calloc(1, sizeof(*fanout));
    (void)uv_timer_init(loop, &fanout->timer);
    fanout->timer.data = fanout;
    fanout->sent_us = -FRAME_US;
    fanout->face.speed = 3.0F;
    return fanout;
}

static void
on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void
pal_fanout_close(struct pal_fanout *fanout)
{
    if (fanout == NULL) {
        return;
    }
    for (size_t i = 0; i < fanout->n_links; i++) {
        fanout->links[i].ops->close(fanout->links[i].self);
    }
    fanout->n_links = 0;
    uv_close((uv_handle_t *)&fanout->timer, on_closed);
}

bool
pal_fanout_add(struct pal_fanout *fanout, struct pal_link link)
{
    if (fanout->n_links == PAL_FANOUT_LINKS_MAX) {
        return false;
    }
    fanout->links[fanout->n_links++] = link;
    link.ops->face(link.self, &fanout->face);
    return true;
}

void
pal_fanout_remove(struct pal_fanout *fanout, const void *self)
{
    for (size_t i = 0; i < fanout->n_links; i++) {
        if (fanout->links[i].self == self) {
            struct pal_link link = fanout->links[i];
            fanout->links[i] = fanout->links[--fanout->n_links];
            link.ops->close(link.self);
            return;
        }
    }
}

static bool
same_face(const struct pal_face *a, const struct pal_face *b)
{
    return memcmp(a->weights, b->weights, sizeof(a->weights)) == 0 &&
           memcmp(a->head_deg, b->head_deg, sizeof(a->head_deg)) == 0 && a->speed == b->speed &&
           a->auto_blink == b->auto_blink && a->auto_head == b->auto_head &&
           a->thinking == b->thinking && a->speaking == b->speaking;
}

static void
send_face(struct pal_fanout *fanout, int64_t now_us)
{
    fanout->is_due = false;
    fanout->sent_us = now_us;
    for (size_t i = 0; i < fanout->n_links; i++) {
        fanout->links[i].ops->face(fanout->links[i].self, &fanout->face);
    }
}

static void
on_timer(uv_timer_t *timer)
{
    struct pal_fanout *fanout = timer->data;
    if (fanout->is_due) {
        send_face(fanout, pal_now_us());
    }
}

void
pal_fanout_set(struct pal_fanout *fanout, const struct pal_face *face)
{
    if (same_face(&fanout->face, face)) {
        return;
    }
    fanout->face = *face;
    int64_t now_us = pal_now_us();
    int64_t wait_us = fanout->sent_us + FRAME_US - now_us;
    if (wait_us <= 0) {
        send_face(fanout, now_us);
    } else if (!fanout->is_due) {
        fanout->is_due = true;
        uv_update_time(fanout->timer.loop);
        (void)uv_timer_start(&fanout->timer, on_timer, (uint64_t)(wait_us + 999) / 1000, 0);
    }
}

void
pal_fanout_say(struct pal_fanout *fanout, const char *text, size_t len)
{
    for (size_t i = 0; i < fanout->n_links; i++) {
        if (fanout->links[i].ops->say != NULL) {
            fanout->links[i].ops->say(fanout->links[i].self, text, len);
        }
    }
}

const struct pal_face *
pal_fanout_face(const struct pal_fanout *fanout)
{
    return &fanout->face;
}

struct report {
    const char *name;
    struct pal_link_report is;
};

static size_t
take_reports(const struct pal_fanout *fanout, struct report *reports)
{
    size_t n = 0;
    for (size_t i = 0; i < fanout->n_links; i++) {
        const struct pal_link *link = &fanout->links[i];
        if (link->ops->report != NULL) {
            reports[n] = (struct report){.name = link->ops->name};
            link->ops->report(link->self, &reports[n].is);
            n++;
        }
    }
    return n;
}

static enum pal_err
render_counts(const struct report *reports, size_t n_reports, struct pal_buf *out)
{
    static const struct {
        const char *name;
        const char *help;
        size_t offset;
    } counts[] = {
        {"palabre_avatar_commands_total", "Commands sent to avatars.",
         offsetof(struct pal_link_report, n_commands)},
        {"palabre_avatar_commands_merged_total",
         "States that a newer value replaced before they were sent.",
         offsetof(struct pal_link_report, n_merged)},
        {"palabre_avatar_commands_refused_total", "Commands refused because too many waited.",
         offsetof(struct pal_link_report, n_overflows)},
    };
    enum pal_err err = PAL_OK;
    for (size_t c = 0; c < PAL_COUNT_OF(counts) && err == PAL_OK; c++) {
        err = pal_buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n", counts[c].name,
                             counts[c].help, counts[c].name);
        for (size_t i = 0; i < n_reports && err == PAL_OK; i++) {
            uint64_t value;
            memcpy(&value, (const char *)&reports[i].is + counts[c].offset, sizeof(value));
            if (reports[i].is.has_counts) {
                err = pal_buf_printf(out, "%s{link=\"%s\"} %" PRIu64 "\n", counts[c].name,
                                     reports[i].name, value);
            }
        }
    }
    return err;
}

enum pal_err
pal_fanout_render(const struct pal_fanout *fanout, struct pal_buf *out)
{
    struct report reports[PAL_FANOUT_LINKS_MAX];
    size_t n_reports = take_reports(fanout, reports);
    const struct pal_recent *round_trip = NULL; /* one link measures it: the avatar's on TCP */
    if (n_reports == 0) {
        return PAL_OK;
    }
    enum pal_err err =
        pal_buf_printf(out, "# HELP palabre_avatar_connections Who shows the face at the moment.\n"
                            "# TYPE palabre_avatar_connections gauge\n");
    for (size_t i = 0; i < n_reports && err == PAL_OK; i++) {
        err = pal_buf_printf(out, "palabre_avatar_connections{link=\"%s\"} %" PRIu32 "\n",
                             reports[i].name, reports[i].is.n_connections);
        round_trip = round_trip != NULL ? round_trip : reports[i].is.round_trip;
    }
    if (err == PAL_OK) {
        err = render_counts(reports, n_reports, out);
    }
    if (err == PAL_OK && round_trip != NULL) {
        err = pal_recent_render(round_trip, "palabre_avatar_round_trip_seconds",
                                "From a ping to the avatar until its answer, the newest 256.", out);
    }
    return err;
}
