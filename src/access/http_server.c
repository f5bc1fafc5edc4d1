#include "access/http_conn.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* More than any burst of clients; the kernel cuts it to its own maximum. */
#define BACKLOG 511

void
server_handle_closed(struct pal_http_server *server)
{
    server->n_handles--;
    if (!server->closing || server->n_handles > 0) {
        return;
    }
    pal_http_server_closed_fn on_closed = server->on_closed;
    void *userdata = server->closed_userdata;
    free(server);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

static void
on_own_handle_closed(uv_handle_t *handle)
{
    server_handle_closed(handle->data);
}

static void
on_tick(uv_timer_t *timer)
{
    struct pal_http_server *server = timer->data;
    int64_t now_us = pal_now_us();
    for (struct pal_http_conn *conn = server->oldest; conn != NULL; conn = conn->next) {
        conn_tick(conn, now_us);
    }
    if (server->n_connections == 0) {
        (void)uv_timer_stop(timer);
    }
}

static void
on_connection(uv_stream_t *listener, int status)
{
    struct pal_http_server *server = listener->data;
    if (status < 0 || server->closing) {
        /* EMFILE and the like: libuv has already turned the peer away with its spare descriptor. */
        return;
    }
    conn_accept(server);
    if (!uv_is_active((uv_handle_t *)&server->tick)) {
        (void)uv_timer_start(&server->tick, on_tick, TICK_MS, TICK_MS);
    }
}

static enum pal_err
parse_address(const struct pal_http_server_options *options, struct sockaddr_storage *address,
              struct pal_error *error)
{
    const char *host = strcmp(options->host, "localhost") == 0 ? "127.0.0.1" : options->host;
    if (uv_ip4_addr(host, options->port, (struct sockaddr_in *)address) == 0 ||
        uv_ip6_addr(host, options->port, (struct sockaddr_in6 *)address) == 0) {
        return PAL_OK;
    }
    return pal_error_set(error, PAL_ERR_CONFIG,
                         "cannot listen on '%s': give an address as a number (127.0.0.1, ::1, "
                         "0.0.0.0) or 'localhost'",
                         options->host);
}

static enum pal_err
bind_and_listen(struct pal_http_server *server, const struct pal_http_server_options *options,
                struct pal_error *error)
{
    struct sockaddr_storage address = {0};
    enum pal_err err = parse_address(options, &address, error);
    if (err != PAL_OK) {
        return err;
    }
    int rc = uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
    if (rc == 0) {
        rc = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    }
    if (rc == UV_EADDRINUSE) {
        return pal_error_set(error, PAL_ERR_CONFIG,
                             "cannot listen on %s port %u: the port is in use; is Palabre running "
                             "already? stop the other program or choose another port with --port",
                             options->host, (unsigned)options->port);
    }
    if (rc < 0) {
        return pal_error_set(error, PAL_ERR_CONFIG, "cannot listen on %s port %u: %s",
                             options->host, (unsigned)options->port, uv_strerror(rc));
    }
    return PAL_OK;
}

enum pal_err
pal_http_server_open(uv_loop_t *loop, const struct pal_http_server_options *options,
                     const struct pal_http_handlers *handlers, void *userdata,
                     struct pal_http_server **server, struct pal_error *error)
{
    struct pal_http_server *made = pal_calloc(1, sizeof(*made));
    made->loop = loop;
    made->handlers = *handlers;
    made->userdata = userdata;
    made->max_connections = options->max_connections;
    made->max_body_bytes = options->max_body_bytes;
    (void)uv_tcp_init(loop, &made->listener); /* makes no socket yet: can't fail */
    (void)uv_timer_init(loop, &made->tick);
    made->listener.data = made;
    made->tick.data = made;
    made->n_handles = 2;
    enum pal_err err = bind_and_listen(made, options, error);
    if (err != PAL_OK) {
        pal_http_server_close(made, NULL, NULL);
        return err;
    }
    *server = made;
    return PAL_OK;
}

uint16_t
pal_http_server_port(const struct pal_http_server *server)
{
    struct sockaddr_storage address = {0};
    int len = sizeof(address);
    if (uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &len) != 0) {
        return 0;
    }
    return address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
                                         : ntohs(((struct sockaddr_in *)&address)->sin_port);
}

uint32_t
pal_http_server_n_connections(const struct pal_http_server *server)
{
    return server->n_connections;
}

void
pal_http_server_close(struct pal_http_server *server, pal_http_server_closed_fn on_closed,
                      void *userdata)
{
    server->closing = true;
    server->on_closed = on_closed;
    server->closed_userdata = userdata;
    for (struct pal_http_conn *conn = server->oldest; conn != NULL; conn = conn->next) {
        conn_close(conn);
    }
    uv_close((uv_handle_t *)&server->listener, on_own_handle_closed);
    uv_close((uv_handle_t *)&server->tick, on_own_handle_closed);
}
