#include "access/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "access/tls.h"
#include "util/mem.h"

#define READ_BYTES      ((size_t)16 * 1024)
#define PLAIN_BYTES_MAX ((size_t)256 * 1024)
/* Within so long another address is worth a try. */
#define ADDRESS_WITHIN_MS 4000

struct pal_dial {
    uv_loop_t *loop;
    const struct pal_dial_ops *ops;
    void *self;
    char *host;
    uint16_t port;
    size_t max_unsent_bytes;
    struct pal_tls *tls; /* NULL = plain */
    uv_getaddrinfo_t lookup;
    struct addrinfo *addresses; /* what the lookup found */
    struct addrinfo *next;      /* the one to try next; NULL = none is left */
    uv_tcp_t tcp;
    uv_timer_t whole;   /* until connected */
    uv_timer_t address; /* until the next address; then until ended() */
    uv_connect_t connect;
    struct pal_buf plain;
    struct pal_buf cipher;
    struct pal_error why;
    char read_room[READ_BYTES];
    unsigned n_open; /* handles and the lookup, whose callbacks are still to come */
    bool is_looking; /* the lookup is under way */
    bool has_tcp;
    bool is_connected; /* connected() was called */
    bool is_ending;
    bool is_closed; /* by its owner */
};

struct write {
    uv_write_t request;
    char *bytes;
};

static void try_next(struct pal_dial *dial);

/* ---- the end ---- */

static void
let_go(struct pal_dial *dial)
{
    if (--dial->n_open > 0) {
        return;
    }
    if (!dial->is_closed) {
        dial->ops->ended(dial->self, &dial->why);
    }
    if (dial->addresses != NULL) {
        uv_freeaddrinfo(dial->addresses);
    }
    pal_tls_destroy(dial->tls);
    pal_buf_finish(&dial->plain);
    pal_buf_finish(&dial->cipher);
    free(dial->host);
    free(dial);
}

static void
on_handle_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

static void
end(struct pal_dial *dial)
{
    if (dial->is_ending) {
        return;
    }
    dial->is_ending = true;
    if (dial->is_looking) {
        (void)uv_cancel((uv_req_t *)&dial->lookup);
    }
    if (dial->has_tcp) {
        dial->has_tcp = false;
        uv_close((uv_handle_t *)&dial->tcp, on_handle_closed);
    }
    uv_close((uv_handle_t *)&dial->whole, on_handle_closed);
    uv_close((uv_handle_t *)&dial->address, on_handle_closed);
}

static void
fail(struct pal_dial *dial, enum pal_err code, const char *what)
{
    if (!dial->is_ending) {
        (void)pal_error_set(&dial->why, code, "%s:%u: %s", dial->host, dial->port, what);
        end(dial);
    }
}

void
pal_dial_close(struct pal_dial *dial)
{
    if (dial != NULL) {
        dial->is_closed = true;
        end(dial);
    }
}

/* ---- bytes ---- */

static void
on_written(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    struct pal_dial *dial = request->data;
    free(write->bytes);
    free(write);
    if (status < 0 && status != UV_ECANCELED) {
        fail(dial, PAL_ERR_CLOSED, uv_strerror(status));
    }
}

/* What the socket doesn't take at once, the loop goes on with. */
static enum pal_err
send_raw(struct pal_dial *dial, const char *bytes, size_t len)
{
    uv_stream_t *stream = (uv_stream_t *)&dial->tcp;
    uv_buf_t buf = {.base = NULL, .len = len};
    if (len == 0) {
        return PAL_OK;
    }
    size_t unsent = uv_stream_get_write_queue_size(stream);
    if (unsent + len > dial->max_unsent_bytes) {
        return PAL_ERR_LIMIT;
    }
    struct write *write = pal_calloc(1, sizeof(*write));
    write->bytes = malloc(len);
    if (write->bytes == NULL) {
        free(write);
        return PAL_ERR_NOMEM;
    }
    memcpy(write->bytes, bytes, len);
    write->request.data = dial;
    buf.base = write->bytes;
    int status = uv_write(&write->request, stream, &buf, 1, on_written);
    if (status < 0) {
        free(write->bytes);
        free(write);
        fail(dial, PAL_ERR_CLOSED, uv_strerror(status));
        return PAL_ERR_IO;
    }
    return PAL_OK;
}

static enum pal_err
send_cipher(struct pal_dial *dial)
{
    pal_buf_clear(&dial->cipher);
    enum pal_err err = pal_tls_output(dial->tls, &dial->cipher);
    return err == PAL_OK ? send_raw(dial, dial->cipher.data, dial->cipher.len) : err;
}

enum pal_err
pal_dial_send(struct pal_dial *dial, const char *bytes, size_t len)
{
    if (!dial->is_connected || dial->is_ending) {
        return PAL_ERR_IO;
    }
    if (dial->tls == NULL) {
        return send_raw(dial, bytes, len);
    }
    enum pal_err err = pal_tls_write(dial->tls, bytes, len);
    return err == PAL_OK ? send_cipher(dial) : err;
}

/* The owner may close from inside either callback. */
static void
hand_over(struct pal_dial *dial, const char *bytes, size_t len)
{
    if (!dial->is_connected) {
        dial->is_connected = true;
        (void)uv_timer_stop(&dial->whole);
        dial->ops->connected(dial->self);
    }
    if (len > 0 && !dial->is_ending) {
        dial->ops->bytes(dial->self, bytes, len);
    }
}

static void
take_cipher(struct pal_dial *dial, const char *bytes, size_t len)
{
    struct pal_error error = {.code = PAL_OK};
    pal_buf_clear(&dial->plain);
    enum pal_err err = pal_tls_feed(dial->tls, bytes, len, &dial->plain, &error);
    enum pal_err sent = send_cipher(dial); /* also the alert that tells of a refusal */
    if (pal_tls_is_up(dial->tls)) {
        hand_over(dial, dial->plain.data, dial->plain.len);
    }
    if (err != PAL_OK) {
        fail(dial, err, error.text);
    } else if (sent != PAL_OK) {
        fail(dial, PAL_ERR_IO, "cannot send");
    }
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct pal_dial *dial = handle->data;
    (void)suggested;
    *buf = uv_buf_init(dial->read_room, sizeof(dial->read_room));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pal_dial *dial = stream->data;
    if (n < 0) {
        fail(dial, PAL_ERR_CLOSED,
             n == UV_EOF ? "the server ended the connection" : uv_strerror((int)n));
    } else if (n > 0 && dial->tls != NULL) {
        take_cipher(dial, buf->base, (size_t)n);
    } else if (n > 0) {
        hand_over(dial, buf->base, (size_t)n);
    }
}

/* ---- addresses ---- */

static void
on_connected(uv_connect_t *connect, int status)
{
    struct pal_dial *dial = connect->data;
    if (status == UV_ECANCELED || dial->is_ending) {
        return;
    }
    if (status < 0) {
        (void)pal_error_set(&dial->why, PAL_ERR_IO, "%s:%u: %s", dial->host, dial->port,
                            uv_strerror(status));
        try_next(dial);
        return;
    }
    (void)uv_timer_stop(&dial->address);
    (void)uv_tcp_nodelay(&dial->tcp, 1);
    if (uv_read_start((uv_stream_t *)&dial->tcp, on_alloc, on_read) < 0) {
        fail(dial, PAL_ERR_IO, "cannot read");
    } else if (dial->tls == NULL) {
        hand_over(dial, NULL, 0);
    } else if (send_cipher(dial) != PAL_OK) {
        fail(dial, PAL_ERR_IO, "cannot send");
    }
}

static void
connect_to_next(struct pal_dial *dial)
{
    struct addrinfo *address = dial->next;
    dial->next = address->ai_next;
    int status = uv_tcp_init(dial->loop, &dial->tcp);
    PAL_ASSERT(status == 0);
    dial->tcp.data = dial;
    dial->has_tcp = true;
    dial->n_open++;
    dial->connect.data = dial;
    status = uv_tcp_connect(&dial->connect, &dial->tcp, address->ai_addr, on_connected);
    if (status < 0) {
        (void)pal_error_set(&dial->why, PAL_ERR_IO, "%s:%u: %s", dial->host, dial->port,
                            uv_strerror(status));
        try_next(dial);
    }
}

static void
on_tcp_closed(uv_handle_t *handle)
{
    struct pal_dial *dial = handle->data;
    if (!dial->is_ending && dial->next != NULL) {
        connect_to_next(dial);
    } else if (!dial->is_ending) {
        end(dial);
    }
    let_go(dial);
}

static void
on_address_timeout(uv_timer_t *timer)
{
    struct pal_dial *dial = timer->data;
    if (dial->next != NULL) {
        try_next(dial);
    }
}

/* Gives the present address up; why it failed stands in dial->why. */
static void
try_next(struct pal_dial *dial)
{
    if (dial->has_tcp && !dial->is_ending) {
        dial->has_tcp = false;
        (void)uv_timer_start(&dial->address, on_address_timeout, ADDRESS_WITHIN_MS, 0);
        uv_close((uv_handle_t *)&dial->tcp, on_tcp_closed);
    }
}

static void
on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct pal_dial *dial = lookup->data;
    dial->addresses = found;
    dial->is_looking = false;
    if (dial->is_ending) {
        let_go(dial);
        return;
    }
    if (status < 0 || found == NULL) {
        fail(dial, PAL_ERR_IO, uv_strerror(status < 0 ? status : UV_EAI_NONAME));
    } else {
        dial->next = found;
        (void)uv_timer_start(&dial->address, on_address_timeout, ADDRESS_WITHIN_MS, 0);
        connect_to_next(dial);
    }
    let_go(dial);
}

static void
on_whole_timeout(uv_timer_t *timer)
{
    fail(timer->data, PAL_ERR_TIMEOUT, "it does not answer");
}

static void
open_timer(struct pal_dial *dial, uv_timer_t *timer)
{
    (void)uv_timer_init(dial->loop, timer);
    timer->data = dial;
    dial->n_open++;
}

enum pal_err
pal_dial_open(uv_loop_t *loop, const struct pal_dial_options *options,
              const struct pal_dial_ops *ops, void *self, struct pal_dial **opened,
              struct pal_error *error)
{
    struct pal_tls *tls = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    if (options->tls) {
        enum pal_err err = pal_tls_create(options->host, options->ca_file, &tls, error);
        if (err != PAL_OK) {
            return err;
        }
    }
    struct pal_dial *dial = pal_calloc(1, sizeof(*dial));
    dial->loop = loop;
    dial->ops = ops;
    dial->self = self;
    dial->host = pal_strdup(options->host);
    dial->port = options->port;
    dial->max_unsent_bytes = options->max_unsent_bytes;
    dial->tls = tls;
    pal_buf_init(&dial->plain, PLAIN_BYTES_MAX);
    pal_buf_init(&dial->cipher, options->max_unsent_bytes + READ_BYTES);
    open_timer(dial, &dial->whole);
    open_timer(dial, &dial->address);
    (void)uv_timer_start(&dial->whole, on_whole_timeout, options->within_ms, 0);
    (void)snprintf(service, sizeof(service), "%u", options->port);
    dial->lookup.data = dial;
    int status = uv_getaddrinfo(loop, &dial->lookup, on_looked_up, options->host, service, &hints);
    if (status == 0) {
        dial->is_looking = true;
        dial->n_open++;
    } else {
        fail(dial, PAL_ERR_IO, uv_strerror(status));
    }
    *opened = dial;
    return PAL_OK;
}
