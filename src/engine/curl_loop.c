#include "engine/curl_loop.h"

#include <stdlib.h>

#include "util/mem.h"

struct pal_curl_loop {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    size_t n_handles; /* of libuv, that are not closed yet */
    pal_curl_done_fn on_done;
    void *userdata;
    pal_curl_closed_fn on_closed;
    void *closed_userdata;
};

/* A socket that curl wants watched. */
struct watch {
    uv_poll_t poll;
    struct pal_curl_loop *curl;
    curl_socket_t fd;
};

static void
report_done(struct pal_curl_loop *curl)
{
    int n_left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(curl->multi, &n_left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            CURL *easy = message->easy_handle;
            CURLcode code = message->data.result; /* gone with the next call */
            (void)curl_multi_remove_handle(curl->multi, easy);
            curl->on_done(easy, code, curl->userdata);
        }
    }
}

static void
act(struct pal_curl_loop *curl, curl_socket_t fd, int events)
{
    int n_running = 0;
    (void)curl_multi_socket_action(curl->multi, fd, events, &n_running);
    report_done(curl);
}

static void
on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int
on_curl_timer(CURLM *multi, long timeout_ms, void *userdata)
{
    (void)multi;
    struct pal_curl_loop *curl = userdata;
    if (timeout_ms < 0) {
        return uv_timer_stop(&curl->timer);
    }
    return uv_timer_start(&curl->timer, on_timer, (uint64_t)timeout_ms, 0);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    int flags = (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    act(watch->curl, watch->fd, status < 0 ? CURL_CSELECT_ERR : flags);
}

static void
finish_handle(struct pal_curl_loop *curl)
{
    if (--curl->n_handles > 0) {
        return;
    }
    pal_curl_closed_fn on_closed = curl->on_closed;
    void *userdata = curl->closed_userdata;
    free(curl);
    on_closed(userdata);
}

static void
on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct pal_curl_loop *curl = watch->curl;
    free(watch);
    finish_handle(curl);
}

static struct watch *
start_watch(struct pal_curl_loop *curl, curl_socket_t fd)
{
    struct watch *watch = pal_calloc(1, sizeof(*watch));
    watch->curl = curl;
    watch->fd = fd;
    watch->poll.data = watch;
    if (uv_poll_init_socket(curl->loop, &watch->poll, fd) != 0) {
        free(watch);
        return NULL;
    }
    curl->n_handles++;
    (void)curl_multi_assign(curl->multi, fd, watch);
    return watch;
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socket_userdata)
{
    (void)easy;
    struct pal_curl_loop *curl = userdata;
    struct watch *watch = socket_userdata;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            (void)curl_multi_assign(curl->multi, fd, NULL);
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        }
        return 0;
    }
    watch = watch != NULL ? watch : start_watch(curl, fd);
    if (watch == NULL) {
        return -1;
    }
    int events = (what & CURL_POLL_IN) != 0 ? UV_READABLE : 0;
    events |= (what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0;
    return uv_poll_start(&watch->poll, events, on_poll);
}

struct pal_curl_loop *
pal_curl_loop_create(uv_loop_t *loop, pal_curl_done_fn on_done, void *userdata)
{
    struct pal_curl_loop *curl = pal_calloc(1, sizeof(*curl));
    curl->loop = loop;
    curl->on_done = on_done;
    curl->userdata = userdata;
    curl->multi = curl_multi_init();
    PAL_ASSERT(curl->multi != NULL);
    (void)uv_timer_init(loop, &curl->timer);
    curl->timer.data = curl;
    curl->n_handles = 1;
    (void)curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    (void)curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
    (void)curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    (void)curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
    return curl;
}

void
pal_curl_loop_add(struct pal_curl_loop *curl, CURL *easy)
{
    CURLMcode code = curl_multi_add_handle(curl->multi, easy);
    PAL_ASSERT(code == CURLM_OK);
}

void
pal_curl_loop_remove(struct pal_curl_loop *curl, CURL *easy)
{
    CURLMcode code = curl_multi_remove_handle(curl->multi, easy);
    PAL_ASSERT(code == CURLM_OK);
}

static void
on_timer_closed(uv_handle_t *handle)
{
    finish_handle(handle->data);
}

void
pal_curl_loop_close(struct pal_curl_loop *curl, pal_curl_closed_fn on_closed, void *userdata)
{
    curl->on_closed = on_closed;
    curl->closed_userdata = userdata;
    /* Its cached connections are told by the socket callback, so before the timer goes. */
    (void)curl_multi_cleanup(curl->multi);
    uv_close((uv_handle_t *)&curl->timer, on_timer_closed);
}
