/*
 * The cards that llama.cpp itself can drive here, by ggml's device list. Asked in a child process:
 * a graphics driver that crashes, hangs or prints takes nothing with it, and the memory that its
 * start takes is given back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ggml-backend.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/probe.h"
#include "util/buf.h"
#include "util/clock.h"

#define ANSWER_MAX_BYTES (64 * 1024)
#define ANSWER_TIMEOUT_S 20
#define MATRIX_ROW       4096
#define MATRIX_LEAST     (64 * PAL_MIB)
#define MATRIX_MOST      (8 * PAL_GIB)

static void
drop_log(enum ggml_log_level level, const char *text, void *userdata)
{
    (void)level;
    (void)text;
    (void)userdata;
}

/* Every backend but the CPU's. */
static void
load_backends(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        char path[4352];
        if (strncmp(name, "libggml-", 8) != 0 || strncmp(name, "libggml-cpu", 11) == 0 ||
            strncmp(name, "libggml-base", 12) == 0 || strstr(name, ".so") == NULL) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        (void)ggml_backend_load(path);
    }
    (void)closedir(dir);
}

/* Some drivers bind no matrix beyond a limit of theirs; llama.cpp then leaves it to the CPU. */
static uint64_t
largest_matrix(ggml_backend_dev_t device)
{
    const struct ggml_init_params params = {
        .mem_size = 64 * ggml_tensor_overhead(), .mem_buffer = NULL, .no_alloc = true};
    struct ggml_context *context = ggml_init(params);
    uint64_t largest = 0;
    for (uint64_t bytes = MATRIX_LEAST; context != NULL && bytes <= MATRIX_MOST; bytes *= 2) {
        int64_t rows = (int64_t)(bytes / (MATRIX_ROW * 2));
        struct ggml_tensor *weights = ggml_new_tensor_2d(context, GGML_TYPE_F16, MATRIX_ROW, rows);
        struct ggml_tensor *state = ggml_new_tensor_2d(context, GGML_TYPE_F32, MATRIX_ROW, 1);
        if (!ggml_backend_dev_supports_op(device, ggml_mul_mat(context, weights, state))) {
            ggml_free(context);
            return largest;
        }
        largest = bytes;
    }
    ggml_free(context);
    return 0; /* no limit that matters */
}

static json_t *
describe(ggml_backend_dev_t device, enum ggml_backend_dev_type type)
{
    struct ggml_backend_dev_props props;
    memset(&props, 0, sizeof(props));
    ggml_backend_dev_get_props(device, &props);
    size_t free_bytes = 0, total = 0;
    ggml_backend_dev_memory(device, &free_bytes, &total);
    const char *about = props.description != NULL ? props.description : "";
    const char *kind = strstr(about, "llvmpipe") != NULL       ? "software"
                       : type == GGML_BACKEND_DEVICE_TYPE_IGPU ? "integrated"
                                                               : "discrete";
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "name", about, "device",
                     props.name != NULL ? props.name : "", "pci",
                     props.device_id != NULL ? props.device_id : "", "kind", kind, "sources",
                     "ggml", "total", (json_int_t)total, "free", (json_int_t)free_bytes,
                     "tensor_max", (json_int_t)largest_matrix(device));
}

static void
answer(const char *folder, int fd)
{
    ggml_log_set(drop_log, NULL);
    load_backends(folder);
    json_t *cards = json_array();
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        enum ggml_backend_dev_type type = ggml_backend_dev_type(device);
        if (type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU) {
            json_t *card = describe(device, type);
            if (card != NULL) {
                (void)json_array_append_new(cards, card);
            }
        }
    }
    json_t *root = json_pack("{s:o}", "gpus", cards);
    (void)json_dumpfd(root, fd, 0);
}

/* Everything that the child writes until it ends; false if it takes too long. */
static bool
collect(int fd, struct pal_buf *text)
{
    int64_t deadline_us = pal_now_us() + ANSWER_TIMEOUT_S * PAL_US_PER_S;
    for (;;) {
        int64_t left_us = deadline_us - pal_now_us();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (left_us <= 0 || poll(&ready, 1, (int)(left_us / PAL_US_PER_MS) + 1) == 0) {
            return false;
        }
        char bytes[4096];
        ssize_t n = read(fd, bytes, sizeof(bytes));
        if (n == 0) {
            return true;
        }
        if ((n < 0 && errno != EINTR) ||
            (n > 0 && pal_buf_append(text, bytes, (size_t)n) != PAL_OK)) {
            return false;
        }
    }
}

static pid_t
start_child(const char *folder, int fds[2])
{
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child != 0) {
        (void)close(fds[1]);
        if (child < 0) {
            (void)close(fds[0]);
        }
        return child;
    }
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
    }
    answer(folder, fds[1]);
    _exit(0); /* without the drivers' own farewells, some of which crash */
}

void
pal_probe_ggml(const char *llama_dir, struct pal_machine *machine)
{
    int fds[2];
    pid_t child = start_child(llama_dir, fds);
    if (child < 0) {
        pal_machine_note(machine, "ggml", "cannot start a process to ask the drivers in");
        return;
    }
    struct pal_buf text;
    pal_buf_init(&text, ANSWER_MAX_BYTES);
    bool is_whole = collect(fds[0], &text);
    (void)close(fds[0]);
    if (!is_whole) {
        (void)kill(child, SIGKILL);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    struct pal_error error;
    if (!is_whole) {
        pal_machine_note(machine, "ggml", "a graphics driver did not answer within %d s",
                         ANSWER_TIMEOUT_S);
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        pal_machine_note(machine, "ggml", "a graphics driver crashed when it was asked (signal %d)",
                         WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    } else if (pal_gpus_read(text.data, text.len, machine, &error) != PAL_OK) {
        pal_machine_note(machine, "ggml", "no sense in the drivers' answer: %s", error.text);
    }
    pal_buf_finish(&text);
}
