#include "access/access.h"

#include <stdlib.h>
#include <string.h>

#include "access/page.h"
#include "access/page_face.h"
#include "access/page_status.h"
#include "access/route.h"
#include "output/performance.h"
#define LOG_TOPIC "access"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define DEFAULT_HOST            "127.0.0.1"
#define DEFAULT_MAX_CONNECTIONS 256
#define DEFAULT_MAX_BODY_BYTES  (4u * 1024 * 1024)

static void
access_free(struct pal_access *access)
{
    for (char **name = access->allowed_hosts; name != NULL && *name != NULL; name++) {
        free(*name);
    }
    free(access->allowed_hosts);
    free(access->api_key);
    free(access->model_id);
    free(access->name);
    free(access->plan_json);
    free(access);
}

static char **
copy_list(const char *const *list)
{
    size_t n = 0;
    while (list != NULL && list[n] != NULL) {
        n++;
    }
    char **copy = pal_calloc(n + 1, sizeof(*copy));
    for (size_t i = 0; i < n; i++) {
        copy[i] = pal_strdup(list[i]);
    }
    return copy;
}

static enum pal_err
check_key(const char *host, const char *api_key, struct pal_error *error)
{
    if (api_key != NULL && *api_key == '\0') {
        return pal_error_set(error, PAL_ERR_CONFIG,
                             "the API key is empty: leave it out, or give "
                             "one that can't be guessed");
    }
    if (api_key == NULL && !pal_host_is_loopback(host)) {
        return pal_error_set(error, PAL_ERR_CONFIG,
                             "cannot listen on '%s' without an API key: other machines could use "
                             "this one; give --api-key, or listen on 127.0.0.1",
                             host);
    }
    return PAL_OK;
}

enum pal_err
pal_access_open(uv_loop_t *loop, const struct pal_access_options *options, struct pal_sched *sched,
                struct pal_companion *companion, struct pal_metrics *metrics,
                struct pal_access **access, struct pal_error *error)
{
    const char *host = options->host != NULL ? options->host : DEFAULT_HOST;
    enum pal_err err = check_key(host, options->api_key, error);
    if (err != PAL_OK) {
        return err;
    }
    struct pal_access *made = pal_calloc(1, sizeof(*made));
    *made = (struct pal_access){
        .sched = sched,
        .companion = companion,
        .metrics = metrics,
        .performance = options->performance,
        .starter = options->starter,
        .cares = options->cares,
        .has_kv_on_gpu = options->has_kv_on_gpu,
        .feed = options->feed,
        .room = options->room,
        .name = pal_strdup(options->name != NULL ? options->name : "Palabre"),
        .plan_json = pal_strdup(options->plan_json),
        .profile = options->profile,
        .switching = {.profile = ""},
        .opened_s = pal_wall_seconds(),
        .api_key = pal_strdup(options->api_key),
        .allowed_hosts = copy_list(options->allowed_hosts),
        .model_id = pal_strdup(options->model_id),
    };
    made->pages = pal_pages_create(made);
    struct pal_http_server_options server_options = {
        .host = host,
        .port = options->port,
        .max_connections =
            options->max_connections > 0 ? options->max_connections : DEFAULT_MAX_CONNECTIONS,
        .max_body_bytes =
            options->max_body_bytes > 0 ? options->max_body_bytes : DEFAULT_MAX_BODY_BYTES,
    };
    err = pal_http_server_open(loop, &server_options, &pal_route_handlers, made, &made->server,
                               error);
    if (err != PAL_OK) {
        pal_pages_destroy(made->pages);
        access_free(made);
        return err;
    }
    made->guard = (struct pal_guard){
        .port = pal_http_server_port(made->server),
        .on_loopback = pal_host_is_loopback(host),
        .allowed_hosts = (const char *const *)made->allowed_hosts,
        .api_key = made->api_key,
    };
    if (made->performance != NULL) {
        /* One of three links, and there is room for more than three. */
        bool added = pal_performance_add_link(made->performance, pal_page_face_link(made->pages));
        PAL_ASSERT(added);
    }
    (void)uv_random(NULL, NULL, &made->id_salt, sizeof(made->id_salt), 0, NULL);
    pal_log_info("listening", "host=" PAL_LOG_STR " port=%u", host, (unsigned)made->guard.port);
    *access = made;
    return PAL_OK;
}

void
pal_access_set_engine(struct pal_access *access, struct pal_engine *engine)
{
    access->engine = engine;
}

void
pal_access_set_controls(struct pal_access *access, const struct pal_access_controls *controls)
{
    access->controls = *controls;
}

void
pal_access_show_download(struct pal_access *access, const struct pal_access_download *download)
{
    access->download = *download;
    pal_access_engine_changed(access);
}

void
pal_access_show_switch(struct pal_access *access, const struct pal_access_switch *how)
{
    access->switching = *how;
    pal_access_engine_changed(access);
}

void
pal_access_set_plan(struct pal_access *access, const char *plan_json, const char *profile,
                    bool has_kv_on_gpu)
{
    free(access->plan_json);
    access->plan_json = pal_strdup(plan_json);
    access->profile = profile;
    access->has_kv_on_gpu = has_kv_on_gpu;
}

void
pal_access_engine_changed(struct pal_access *access)
{
    pal_pages_publish(access->pages, PAL_PAGE_STATE, pal_page_state(access));
}

uint16_t
pal_access_port(const struct pal_access *access)
{
    return access->guard.port;
}

static void
on_server_closed(void *userdata)
{
    struct pal_access *access = userdata;
    pal_access_closed_fn on_closed = access->on_closed;
    pal_pages_destroy(access->pages);
    void *closed_userdata = access->closed_userdata;
    access_free(access);
    if (on_closed != NULL) {
        on_closed(closed_userdata);
    }
}

void
pal_access_close(struct pal_access *access, pal_access_closed_fn on_closed, void *userdata)
{
    if (access == NULL) {
        if (on_closed != NULL) {
            on_closed(userdata);
        }
        return;
    }
    access->on_closed = on_closed;
    access->closed_userdata = userdata;
    if (access->performance != NULL) {
        pal_performance_remove_link(access->performance, access->pages);
    }
    pal_http_server_close(access->server, on_server_closed, access);
}
