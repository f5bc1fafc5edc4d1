#include "commands/download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/fetch.h"
#include "util/mem.h"

#define LOG_TOPIC "download"
#include "util/log.h"

struct pal_download {
    uv_async_t wake; /* data = this */
    uv_thread_t thread;
    uv_mutex_t lock; /* holds `now` and `has_ended` */
    struct pal_access_download now;
    bool has_ended;
    atomic_bool is_cancelled;
    bool is_running; /* the thread is to be joined; the loop's */
    pal_download_changed_fn changed;
    void *self;
};

static void
on_progress(const struct pal_fetch_progress *progress, void *userdata)
{
    static const enum pal_access_download_stage stages[] = {
        [PAL_FETCH_STAGE_ASKING] = PAL_ACCESS_DOWNLOAD_ASKING,
        [PAL_FETCH_STAGE_CHECKING] = PAL_ACCESS_DOWNLOAD_CHECKING,
        [PAL_FETCH_STAGE_DOWNLOADING] = PAL_ACCESS_DOWNLOAD_RUNNING,
        [PAL_FETCH_STAGE_WAITING] = PAL_ACCESS_DOWNLOAD_WAITING,
    };
    struct pal_download *download = userdata;
    uv_mutex_lock(&download->lock);
    download->now.stage = stages[progress->stage];
    download->now.done_bytes = progress->done_bytes;
    download->now.total_bytes = progress->total_bytes;
    (void)snprintf(download->now.file, sizeof(download->now.file), "%s", progress->file);
    uv_mutex_unlock(&download->lock);
    (void)uv_async_send(&download->wake);
}

/* The thread. `now.name` does not change while it runs. */
static void
pull(void *userdata)
{
    struct pal_download *download = userdata;
    const struct pal_fetch_options options = {
        .on_progress = on_progress,
        .userdata = download,
        .is_cancelled = &download->is_cancelled,
    };
    char *path = NULL;
    struct pal_error error = {.code = PAL_OK};
    enum pal_err err = pal_fetch_pull(download->now.name, &options, &path, &error);
    free(path);
    uv_mutex_lock(&download->lock);
    download->now.stage = err == PAL_OK ? PAL_ACCESS_DOWNLOAD_DONE : PAL_ACCESS_DOWNLOAD_FAILED;
    download->now.error = error;
    download->has_ended = true;
    uv_mutex_unlock(&download->lock);
    (void)uv_async_send(&download->wake);
}

static void
join(struct pal_download *download)
{
    if (download->is_running) {
        (void)uv_thread_join(&download->thread);
        download->is_running = false;
    }
}

static void
on_wake(uv_async_t *wake)
{
    struct pal_download *download = wake->data;
    uv_mutex_lock(&download->lock);
    struct pal_access_download now = download->now;
    bool has_ended = download->has_ended;
    uv_mutex_unlock(&download->lock);
    if (has_ended) {
        join(download);
        pal_log_info("ended", "reason=%s", pal_err_name(now.error.code));
    }
    download->changed(download->self, &now);
}

struct pal_download *
pal_download_create(uv_loop_t *loop, pal_download_changed_fn changed, void *self)
{
    struct pal_download *download = pal_calloc(1, sizeof(*download));
    download->changed = changed;
    download->self = self;
    PAL_ASSERT(uv_async_init(loop, &download->wake, on_wake) == 0);
    PAL_ASSERT(uv_mutex_init(&download->lock) == 0);
    download->wake.data = download;
    return download;
}

enum pal_err
pal_download_start(struct pal_download *download, const char *name, struct pal_error *error)
{
    if (download->is_running) {
        return pal_error_set(error, PAL_ERR_BUSY, "another model is being downloaded");
    }
    download->now = (struct pal_access_download){.stage = PAL_ACCESS_DOWNLOAD_ASKING};
    (void)snprintf(download->now.name, sizeof(download->now.name), "%s", name);
    download->has_ended = false;
    atomic_store(&download->is_cancelled, false);
    struct pal_access_download begun = download->now;
    if (uv_thread_create(&download->thread, pull, download) != 0) {
        return pal_error_set(error, PAL_ERR_NOMEM, "no thread could be started");
    }
    download->is_running = true;
    pal_log_info("started", "name=" PAL_LOG_STR, name);
    download->changed(download->self, &begun);
    return PAL_OK;
}

void
pal_download_cancel(struct pal_download *download)
{
    atomic_store(&download->is_cancelled, true);
}

static void
on_closed(uv_handle_t *handle)
{
    struct pal_download *download = handle->data;
    uv_mutex_destroy(&download->lock);
    free(download);
}

void
pal_download_close(struct pal_download *download)
{
    if (download == NULL) {
        return;
    }
    pal_download_cancel(download);
    join(download);
    uv_close((uv_handle_t *)&download->wake, on_closed);
}
