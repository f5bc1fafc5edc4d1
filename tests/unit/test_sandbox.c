#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/sandbox.h"

/* Nothing of it can be taken back, so each test is a process of its own. */
static int
in_child(int (*run)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(run());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool
is_refused(long result)
{
    return result == -1 && errno == EACCES;
}

static void *
open_socket(void *data)
{
    *(bool *)data = is_refused(socket(AF_INET, SOCK_STREAM, 0));
    return NULL;
}

/* A thread that is there before the filter, as ggml's are. */
static pthread_barrier_t closed;

static void *
open_socket_later(void *data)
{
    (void)pthread_barrier_wait(&closed);
    return open_socket(data);
}

static int
run_closed(void)
{
    struct pal_error error;
    pthread_t before;
    pthread_t after;
    bool refused_before = false;
    bool refused_after = false;
    int fds[2];
    if (pthread_barrier_init(&closed, NULL, 2) != 0 || pipe(fds) != 0 ||
        pthread_create(&before, NULL, open_socket_later, &refused_before) != 0) {
        return 10;
    }
    if (pal_sandbox_close(&error) != PAL_OK) {
        return error.code == PAL_ERR_UNSUPPORTED ? 77 : 11;
    }
    (void)pthread_barrier_wait(&closed);
    char *args[] = {"true", NULL};
    if (!is_refused(socket(AF_INET, SOCK_STREAM, 0)) ||
        !is_refused(socket(AF_UNIX, SOCK_DGRAM, 0))) {
        return 1;
    }
    if (!is_refused(execv("/bin/true", args))) {
        return 2;
    }
    /* What an engine needs goes on: threads, files, memory, the socket that it has. */
    if (pthread_create(&after, NULL, open_socket, &refused_after) != 0 ||
        pthread_join(after, NULL) != 0 || pthread_join(before, NULL) != 0) {
        return 3;
    }
    if (!refused_before || !refused_after) {
        return 4;
    }
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return file >= 0 && memory != MAP_FAILED && write(fds[1], "x", 1) == 1 ? 0 : 5;
}

static void
test_no_socket_and_no_program_once_it_is_closed(void **state)
{
    (void)state;
    int status = in_child(run_closed);
    if (status == 77) {
        skip();
    }
    assert_int_equal(status, 0);
}

static int
run_limited(void)
{
    struct pal_error error;
    if (pal_sandbox_limit_memory(64u << 20, &error) != PAL_OK) {
        return 10;
    }
    void *little = malloc(16u << 20);
    void *much = mmap(NULL, 512u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status = little == NULL ? 1 : much == MAP_FAILED ? 0 : 2;
    free(little);
    return status;
}

static void
test_memory_grows_only_so_far(void **state)
{
    (void)state;
    int status = in_child(run_limited);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    assert_int_equal(status, 2); /* the sanitizer's own memory: no limit */
#else
    assert_int_equal(status, 0);
#endif
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_socket_and_no_program_once_it_is_closed),
        cmocka_unit_test(test_memory_grows_only_so_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
