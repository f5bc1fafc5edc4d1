#include "engine/sse.h"

#include <string.h>

void
pal_sse_init(struct pal_sse *sse)
{
    *sse = (struct pal_sse){0};
    pal_buf_init(&sse->line, PAL_SSE_EVENT_BYTES_MAX);
    pal_buf_init(&sse->data, PAL_SSE_EVENT_BYTES_MAX);
}

void
pal_sse_finish(struct pal_sse *sse)
{
    pal_buf_finish(&sse->line);
    pal_buf_finish(&sse->data);
    *sse = (struct pal_sse){0};
}

static enum pal_err
add_data(struct pal_sse *sse, const char *value, size_t len)
{
    enum pal_err err = sse->has_data ? pal_buf_append(&sse->data, "\n", 1) : PAL_OK;
    sse->has_data = true;
    return err == PAL_OK ? pal_buf_append(&sse->data, value, len) : err;
}

static enum pal_err
end_event(struct pal_sse *sse, pal_sse_event_fn on_event, void *userdata)
{
    enum pal_err err = PAL_OK;
    if (sse->has_data) {
        err = on_event(sse->data.data, sse->data.len, userdata);
    }
    pal_buf_clear(&sse->data);
    sse->has_data = false;
    return err;
}

/* The line in sse->line is whole. */
static enum pal_err
take_line(struct pal_sse *sse, pal_sse_event_fn on_event, void *userdata)
{
    static const char field[] = "data:";
    const size_t n_field = sizeof(field) - 1;
    const struct pal_buf *line = &sse->line;
    enum pal_err err = PAL_OK;
    if (line->len == 0) {
        err = end_event(sse, on_event, userdata);
    } else if (line->len >= n_field && memcmp(line->data, field, n_field) == 0) {
        size_t at = n_field;
        at += at < line->len && line->data[at] == ' ';
        err = add_data(sse, line->data + at, line->len - at);
    }
    pal_buf_clear(&sse->line);
    return err;
}

static size_t
line_len(const char *bytes, size_t len)
{
    size_t n = 0;
    while (n < len && bytes[n] != '\n' && bytes[n] != '\r') {
        n++;
    }
    return n;
}

enum pal_err
pal_sse_add(struct pal_sse *sse, const char *bytes, size_t len, pal_sse_event_fn on_event,
            void *userdata)
{
    enum pal_err err = PAL_OK;
    size_t at = 0;
    while (err == PAL_OK && at < len) {
        if (sse->after_cr && bytes[at] == '\n') {
            sse->after_cr = false;
            at++;
            continue;
        }
        sse->after_cr = false;
        size_t n = line_len(bytes + at, len - at);
        err = pal_buf_append(&sse->line, bytes + at, n);
        at += n;
        if (err == PAL_OK && at < len) {
            sse->after_cr = bytes[at] == '\r';
            at++;
            err = take_line(sse, on_event, userdata);
        }
    }
    return err;
}

enum pal_err
pal_sse_end(struct pal_sse *sse, pal_sse_event_fn on_event, void *userdata)
{
    enum pal_err err = PAL_OK;
    if (sse->line.len > 0) {
        err = take_line(sse, on_event, userdata);
    }
    return err == PAL_OK ? end_event(sse, on_event, userdata) : err;
}
