#include "access/page_face.h"

#include <stdlib.h>

#include "access/out.h"
#include "access/page.h"
#include "util/mem.h"

/* All expressions, their names and what stands around them: under 1 KiB. */
#define FACE_BYTES_MAX ((size_t)4096)
/* One piece, every byte escaped as \u00xx, and what stands around it. */
#define SAY_ROOM 64

static const char *
yes_no(bool value)
{
    return value ? "true" : "false";
}

/* An expression that is not named is at 0. */
static void
put_expressions(struct pal_out *out, const struct pal_face *face)
{
    const char *comma = "";
    pal_out_raw(out, "{");
    for (size_t i = 0; i < PAL_N_EXPRESSIONS; i++) {
        if (face->weights[i] > 0.0F) {
            pal_out_format(out, "%s\"%s\":%.3f", comma, pal_expression_vrm1((enum pal_expression)i),
                           (double)face->weights[i]);
            comma = ",";
        }
    }
    pal_out_raw(out, "}");
}

static void
show_face(void *self, const struct pal_face *face)
{
    struct pal_out out;
    pal_out_init(&out, FACE_BYTES_MAX);
    pal_out_raw(&out, "{\"type\":\"face\",\"expressions\":");
    put_expressions(&out, face);
    pal_out_format(&out, ",\"head\":[%.2f,%.2f,%.2f],\"speed\":%.2f,\"blink\":%s,\"idle\":%s",
                   (double)face->head_deg[0], (double)face->head_deg[1], (double)face->head_deg[2],
                   (double)face->speed, yes_no(face->auto_blink), yes_no(face->auto_head));
    pal_out_format(&out, ",\"thinking\":%s,\"speaking\":%s}", yes_no(face->thinking),
                   yes_no(face->speaking));
    PAL_ASSERT(out.err == PAL_OK);
    pal_pages_publish_face(self, out.buf.data, out.buf.len);
    pal_out_finish(&out);
}

static void
say(void *self, const char *text, size_t len)
{
    if (!pal_pages_listen(self, PAL_PAGE_FACE)) {
        return;
    }
    struct pal_out out;
    pal_out_init(&out, 6 * len + SAY_ROOM);
    pal_out_raw(&out, "{\"type\":\"say\",\"text\":");
    pal_out_quoted_bytes(&out, text, len);
    pal_out_format(&out, ",\"over\":%s}", yes_no(len == 0));
    PAL_ASSERT(out.err == PAL_OK);
    pal_pages_publish_text(self, PAL_PAGE_FACE, out.buf.data, out.buf.len);
    pal_out_finish(&out);
}

static void
close_link(void *self)
{
    (void)self; /* the pages are closed by whoever made them */
}

static void
report(const void *self, struct pal_link_report *report)
{
    report->n_connections = pal_pages_n_listening(self, PAL_PAGE_FACE);
}

struct pal_link
pal_page_face_link(struct pal_pages *pages)
{
    static const struct pal_link_ops ops = {
        .name = "page", .face = show_face, .close = close_link, .say = say, .report = report};
    return (struct pal_link){&ops, pages};
}
