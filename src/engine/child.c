#include "engine/child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/engine.h"
#include "util/mem.h"
#include "util/path.h"

#define LOG_TOPIC "child"
#include "util/log.h"

#define CHILD_FD 3
/* Two of the largest jobs on their way: more than a living engine ever leaves unread. */
#define UNSENT_MAX_BYTES ((size_t)2 * PAL_WIRE_FRAME_MAX_BYTES)
#define READ_BYTES       (64 * 1024)

struct pal_child {
    const struct pal_child_callbacks *callbacks; /* borrowed */
    void *userdata;                              /* borrowed */
    uv_pipe_t pipe;
    uv_process_t process;
    pthread_t thread;
    int thread_fd; /* the thread's end of the socket; it closes it */
    struct pal_buf received;
    struct pal_child_end end;
    bool is_thread;
    bool has_exited;   /* the process has been reaped */
    bool is_pipe_gone; /* the pipe's handle is closed */
    bool is_broken;    /* it broke the protocol: nothing more is read */
    char bytes[READ_BYTES];
};

struct write_request {
    uv_write_t request;
    char *bytes; /* owned */
};

static void
on_process_closed(uv_handle_t *handle)
{
    struct pal_child *child = handle->data;
    child->callbacks->on_gone(&child->end, child->userdata);
    pal_buf_finish(&child->received);
    free(child);
}

static void
end_if_gone(struct pal_child *child)
{
    if (!child->is_pipe_gone || !child->has_exited) {
        return;
    }
    if (!child->is_thread) {
        uv_close((uv_handle_t *)&child->process, on_process_closed);
        return;
    }
    child->callbacks->on_gone(&child->end, child->userdata);
    pal_buf_finish(&child->received);
    free(child);
}

static void
on_pipe_closed(uv_handle_t *handle)
{
    struct pal_child *child = handle->data;
    child->is_pipe_gone = true;
    if (child->is_thread) {
        /* The socket's end is the last thing that the thread does, so this does not wait. */
        (void)pthread_join(child->thread, NULL);
        child->has_exited = true;
    }
    end_if_gone(child);
}

static void
close_pipe(struct pal_child *child)
{
    if (!uv_is_closing((uv_handle_t *)&child->pipe)) {
        uv_close((uv_handle_t *)&child->pipe, on_pipe_closed);
    }
}

static void
on_process_exit(uv_process_t *process, int64_t exit_status, int term_signal)
{
    struct pal_child *child = process->data;
    child->end = (struct pal_child_end){.exit_status = (int)exit_status, .signal = term_signal};
    child->has_exited = true;
    /* The pipe is read to its end first: a DONE may still be in it. */
    end_if_gone(child);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct pal_child *child = handle->data;
    *buf = uv_buf_init(child->bytes, sizeof(child->bytes));
}

static void
dispatch(struct pal_child *child)
{
    size_t at = 0;
    while (!child->is_broken) {
        struct pal_wire_message message;
        size_t used = 0;
        enum pal_err err =
            pal_wire_read(child->received.data + at, child->received.len - at, &message, &used);
        if (err == PAL_ERR_AGAIN) {
            break;
        }
        bool is_ours = err == PAL_OK && message.kind >= PAL_WIRE_EVENT;
        if (is_ours) {
            child->callbacks->on_message(&message, child->userdata);
            at += used;
        } else {
            pal_log_error("the engine broke the protocol", "pid=%d err=%s", pal_child_pid(child),
                          pal_err_name(err));
            child->is_broken = true;
        }
        pal_wire_message_finish(&message);
    }
    pal_buf_consume(&child->received, at);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pal_child *child = stream->data;
    if (n < 0) {
        close_pipe(child);
        return;
    }
    if (n == 0 || child->is_broken) {
        return;
    }
    if (pal_buf_append(&child->received, buf->base, (size_t)n) != PAL_OK) {
        child->is_broken = true;
    } else {
        dispatch(child);
    }
    if (child->is_broken) {
        pal_child_kill(child, SIGKILL);
    }
}

static void
on_written(uv_write_t *request, int status)
{
    (void)status; /* a broken socket is seen by the reader as well */
    struct write_request *write = (struct write_request *)request;
    free(write->bytes);
    free(write);
}

enum pal_err
pal_child_send(struct pal_child *child, struct pal_buf *bytes)
{
    if (uv_is_closing((uv_handle_t *)&child->pipe) || child->is_broken) {
        return PAL_ERR_CLOSED;
    }
    if (uv_stream_get_write_queue_size((uv_stream_t *)&child->pipe) > UNSENT_MAX_BYTES) {
        return PAL_ERR_BUSY;
    }
    struct write_request *write = pal_calloc(1, sizeof(*write));
    size_t len = bytes->len;
    write->bytes = pal_buf_take(bytes);
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)len);
    if (uv_write(&write->request, (uv_stream_t *)&child->pipe, &buf, 1, on_written) != 0) {
        free(write->bytes);
        free(write);
        return PAL_ERR_CLOSED;
    }
    return PAL_OK;
}

void
pal_child_kill(struct pal_child *child, int signal)
{
    if (child->is_thread) {
        /* It sees the end of the stream, ends its step and closes its own end, which we wait for:
         * joining now would block the loop. */
        uv_os_fd_t fd;
        if (uv_fileno((uv_handle_t *)&child->pipe, &fd) == 0) {
            (void)shutdown(fd, SHUT_WR);
        }
    } else if (!child->has_exited) {
        (void)uv_process_kill(&child->process, signal);
    }
}

bool
pal_child_is_cut_off(const struct pal_child *child)
{
    return uv_is_closing((const uv_handle_t *)&child->pipe) && !child->has_exited;
}

int
pal_child_pid(const struct pal_child *child)
{
    return child->is_thread ? 0 : child->process.pid;
}

/* ---- starting ---- */

static void *
run_thread(void *data)
{
    struct pal_child *child = data;
    (void)pal_engine_serve(child->thread_fd, false);
    return NULL;
}

/* The environment, with what the engine's process needs on top. NULL-terminated, owned. */
static char **
make_environment(const char *llama_dir)
{
    size_t n = 0;
    while (environ[n] != NULL) {
        n++;
    }
    char **env = pal_calloc(n + 4, sizeof(*env));
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        /* Keys are the front's business: what a broken model file could reach holds none. */
        bool is_replaced =
            (llama_dir != NULL && strncmp(environ[i], "LD_LIBRARY_PATH=", 16) == 0) ||
            strncmp(environ[i], "PALABRE_SERVER_API_KEY=", 23) == 0 ||
            strncmp(environ[i], "PALABRE_ENGINE_UPSTREAM_KEYS=", 29) == 0 ||
            strncmp(environ[i], "HF_TOKEN=", 9) == 0;
        if (!is_replaced) {
            env[used++] = pal_strdup(environ[i]);
        }
    }
    if (getenv("GLIBC_TUNABLES") == NULL) {
        /* KV and rearranged weights in huge pages: touching them first, page by page, is half of
         * the time that a small model takes to load. */
        env[used++] = pal_strdup("GLIBC_TUNABLES=glibc.malloc.hugetlb=1");
    }
    /* ggml would start a debugger to print where it died, and hold up the news of it. */
    env[used++] = pal_strdup("GGML_NO_BACKTRACE=1");
    if (llama_dir != NULL) {
        env[used++] = pal_printf("LD_LIBRARY_PATH=%s", llama_dir);
    }
    return env;
}

static const char *
log_level_name(void)
{
    return pal_log_enabled(PAL_LOG_TRACE)   ? "trace"
           : pal_log_enabled(PAL_LOG_DEBUG) ? "debug"
           : pal_log_enabled(PAL_LOG_INFO)  ? "info"
           : pal_log_enabled(PAL_LOG_WARN)  ? "warn"
                                            : "error";
}

/*
 * palabre-engine beside the program, or where it is installed: the engine without the libraries of
 * everything else. Else the program itself. The caller's.
 */
static char *
engine_file(const char *program)
{
    static const char *const places[] = {"palabre-engine", "../lib/palabre/palabre-engine"};
    char *folder = pal_path_parent(program);
    char *file = NULL;
    for (size_t i = 0; i < PAL_COUNT_OF(places) && file == NULL; i++) {
        char *candidate = pal_path_join(folder, places[i]);
        if (access(candidate, X_OK) == 0) {
            file = candidate;
        } else {
            free(candidate);
        }
    }
    free(folder);
    return file != NULL ? file : pal_strdup(program);
}

static int
spawn(uv_loop_t *loop, struct pal_child *child, const char *program, const char *llama_dir, int fd)
{
    char *file = engine_file(program);
    char *args[] = {
        pal_strdup(program),
        pal_strdup("engine"),
        pal_printf("--fd=%d", CHILD_FD),
        pal_printf("--log-level=%s", log_level_name()),
        NULL,
    };
    char **env = make_environment(llama_dir);
    /* Standard output is the user's answer in `palabre chat`: a library's stray print must not get
     * into it, so the engine's goes to standard error. */
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = fd},
    };
    uv_process_options_t options = {
        .exit_cb = on_process_exit,
        .file = file,
        .args = args,
        .env = env,
        .stdio = stdio,
        .stdio_count = PAL_COUNT_OF(stdio),
    };
    int status = uv_spawn(loop, &child->process, &options);
    child->process.data = child;
    for (size_t i = 0; args[i] != NULL; i++) {
        free(args[i]);
    }
    for (size_t i = 0; env[i] != NULL; i++) {
        free(env[i]);
    }
    free(env);
    free(file);
    return status;
}

static void
free_on_close(uv_handle_t *handle)
{
    struct pal_child *child = handle->data;
    pal_buf_finish(&child->received);
    free(child);
}

static void
free_process_on_close(uv_handle_t *handle)
{
    struct pal_child *child = handle->data;
    uv_close((uv_handle_t *)&child->pipe, free_on_close);
}

enum pal_err
pal_child_hire(uv_loop_t *loop, const char *program, const char *llama_dir,
               const struct pal_child_callbacks *callbacks, void *userdata, struct pal_child **out,
               struct pal_error *error)
{
    /* libuv writes without MSG_NOSIGNAL: a write to an engine that has just died must be an error,
     * not our own end. */
    (void)signal(SIGPIPE, SIG_IGN);
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        return pal_error_set(error, PAL_ERR_IO, "cannot make a socket for the engine: %s",
                             strerror(errno));
    }
    struct pal_child *child = pal_calloc(1, sizeof(*child));
    child->callbacks = callbacks;
    child->userdata = userdata;
    child->is_thread = program == NULL;
    child->thread_fd = fds[1];
    pal_buf_init(&child->received, PAL_WIRE_FRAME_MAX_BYTES + PAL_WIRE_HEAD_BYTES + READ_BYTES);
    child->pipe.data = child;
    child->process.data = child;
    (void)uv_pipe_init(loop, &child->pipe, 0);
    if (uv_pipe_open(&child->pipe, fds[0]) != 0) {
        (void)close(fds[0]);
        (void)close(fds[1]);
        uv_close((uv_handle_t *)&child->pipe, free_on_close);
        return pal_error_set(error, PAL_ERR_IO, "cannot use the engine's socket");
    }
    int status = 0;
    if (child->is_thread) {
        status = -pthread_create(&child->thread, NULL, run_thread, child);
    } else {
        status = spawn(loop, child, program, llama_dir, fds[1]);
        if (status == 0) {
            (void)close(fds[1]);
        }
    }
    if (status != 0) {
        (void)close(fds[1]);
        if (child->is_thread) {
            uv_close((uv_handle_t *)&child->pipe, free_on_close);
        } else {
            /* libuv wants even the handle of a failed spawn to be closed. */
            uv_close((uv_handle_t *)&child->process, free_process_on_close);
        }
        return pal_error_set(error, PAL_ERR_IO, "cannot start the engine '%s': %s",
                             program != NULL ? program : "thread", uv_strerror(status));
    }
    (void)uv_read_start((uv_stream_t *)&child->pipe, on_alloc, on_read);
    *out = child;
    return PAL_OK;
}

void
pal_child_follow(struct pal_child *child, const struct pal_child_callbacks *callbacks,
                 void *userdata)
{
    child->callbacks = callbacks;
    child->userdata = userdata;
}

void
pal_child_employ(struct pal_child *child, const struct pal_settings *settings,
                 const struct pal_child_callbacks *callbacks, void *userdata)
{
    pal_child_follow(child, callbacks, userdata);
    struct pal_buf first;
    pal_buf_init(&first, PAL_WIRE_FRAME_MAX_BYTES);
    enum pal_err err = pal_wire_put_settings(&first, settings);
    PAL_ASSERT(err == PAL_OK); /* their lengths have been checked */
    err = pal_child_send(child, &first);
    pal_buf_finish(&first);
    if (err != PAL_OK) {
        pal_log_debug("the engine takes no settings", "pid=%d err=%s", pal_child_pid(child),
                      pal_err_name(err)); /* it is going: its reader or its end tells */
    }
}

enum pal_err
pal_child_start(uv_loop_t *loop, const char *program, const struct pal_settings *settings,
                const struct pal_child_callbacks *callbacks, void *userdata, struct pal_child **out,
                struct pal_error *error)
{
    enum pal_err err =
        pal_child_hire(loop, program, settings->llama_dir, callbacks, userdata, out, error);
    if (err == PAL_OK) {
        pal_child_employ(*out, settings, callbacks, userdata);
    }
    return err;
}
