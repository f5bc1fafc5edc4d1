#ifndef PAL_ENGINE_CURL_LOOP_H
#define PAL_ENGINE_CURL_LOOP_H
/*
 * libcurl's transfers on a libuv loop: nothing blocks, connections are kept and reused. Loop thread
 * only. No function of it may be called from inside a transfer's own callbacks.
 */
#include <curl/curl.h>
#include <uv.h>

struct pal_curl_loop;

/* A transfer is over; `easy` is out of the loop again and the caller's. */
typedef void (*pal_curl_done_fn)(CURL *easy, CURLcode code, void *userdata);
typedef void (*pal_curl_closed_fn)(void *userdata);

struct pal_curl_loop *pal_curl_loop_create(uv_loop_t *loop, pal_curl_done_fn on_done,
                                           void *userdata);
/* Starts a transfer; `easy` stays the caller's to clean up, after on_done or remove(). */
void pal_curl_loop_add(struct pal_curl_loop *curl, CURL *easy);
/* Takes a running transfer out and closes its connection; on_done is not called. */
void pal_curl_loop_remove(struct pal_curl_loop *curl, CURL *easy);
/* No transfer is in it any more. Frees; on_closed comes from the loop. */
void pal_curl_loop_close(struct pal_curl_loop *curl, pal_curl_closed_fn on_closed, void *userdata);

#endif
