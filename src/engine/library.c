#include "engine/library.h"

#include <dirent.h>
#include <dlfcn.h>
#include <ggml-backend.h>
#include <limits.h>
#include <llama.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/clear.h"
#include "plan/probe.h"
#include "util/mem.h"

#define LOG_TOPIC "llama"
#include "util/log.h"

#define VARIANT_PREFIX "libggml-cpu-"

/* A step that our own callback broke off, as something came in: GGML_STATUS_ABORTED, and what the
 * layers above say of it. */
static bool
is_given_up(const char *text, size_t len)
{
    static const char *const ends[] = {"graph_compute_async failed with error 1",
                                       "compute status: 1", "failed to decode, ret = 2"};
    for (size_t i = 0; i < PAL_COUNT_OF(ends); i++) {
        size_t n = strlen(ends[i]);
        if (len >= n && memcmp(text + len - n, ends[i], n) == 0) {
            return true;
        }
    }
    return false;
}

/* llama.cpp is talkative: what it calls news is detail to us. Its texts come in parts of lines. */
static void
on_llama_log(enum ggml_log_level level, const char *text, void *userdata)
{
    (void)userdata;
    size_t len = strcspn(text, "\n");
    if (len == 0 || level == GGML_LOG_LEVEL_CONT) {
        return;
    }
    if (level == GGML_LOG_LEVEL_ERROR && !is_given_up(text, len)) {
        pal_log_warn("llama.cpp reports an error", "text=\"%.*s\"", (int)len, text);
    } else if (level == GGML_LOG_LEVEL_WARN) {
        /* Mostly what was done on purpose: one KV for several timelines, each within n_ctx_train.
         */
        pal_log_info("llama.cpp warns", "text=\"%.*s\"", (int)len, text);
    } else {
        pal_log_debug("llama.cpp", "text=\"%.*s\"", (int)len, text);
    }
}

static void
on_ggml_abort(const char *text)
{
    pal_log_error("llama.cpp gives up and ends the process", "reason=" PAL_LOG_STR, text);
}

static bool
is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* lib/palabre of the tree that this program is installed in, if it is there: from bin, or from
 * lib/palabre itself (palabre-engine). Owned by the caller; NULL if not. */
static char *
beside_program(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (n <= 0) {
        return NULL;
    }
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return NULL;
    }
    *slash = '\0';
    static const char *const places[] = {"../lib/palabre", "../../lib/palabre"};
    for (size_t i = 0; i < PAL_COUNT_OF(places); i++) {
        char *dir = pal_printf("%s/%s", path, places[i]);
        if (is_folder(dir)) {
            return dir;
        }
        free(dir);
    }
    return NULL;
}

/* The CPU backend of that name alone; ggml takes it for its only choice. */
static bool
load_variant(const char *dir, const char *variant)
{
    char *path = pal_printf("%s/" VARIANT_PREFIX "%s.so", dir, variant);
    bool is_loaded = access(path, R_OK) == 0 && ggml_backend_load(path) != NULL;
    if (!is_loaded) {
        pal_log_warn("no such CPU variant here: the fastest is taken", "variant=%s", variant);
    }
    free(path);
    return is_loaded;
}

/* How good this file is here, by its own words, as ggml's loader asks it; 0 = it can't run. */
static int
score_variant(const char *dir, const char *name)
{
    char *path = pal_printf("%s/%s", dir, name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *found = library != NULL ? dlsym(library, "ggml_backend_score") : NULL;
    int (*score_fn)(void) = NULL;
    int score = 0;
    if (found != NULL) {
        memcpy(&score_fn, &found, sizeof(score_fn));
        score = score_fn();
    }
    if (library != NULL) {
        (void)dlclose(library);
    }
    free(path);
    return score;
}

/* The fastest of the folder's variants that run here, by its file's name; NULL = it has none. */
static char *
best_variant(const char *dir)
{
    char *best = NULL;
    int best_score = 0;
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        size_t len = strlen(entry->d_name);
        if (strncmp(entry->d_name, VARIANT_PREFIX, strlen(VARIANT_PREFIX)) != 0 || len < 3 ||
            strcmp(entry->d_name + len - 3, ".so") != 0) {
            continue;
        }
        int score = score_variant(dir, entry->d_name);
        if (score > best_score) {
            free(best);
            best = pal_printf("%s/%s", dir, entry->d_name);
            best_score = score;
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return best;
}

static bool
load_best_variant(const char *dir)
{
    char *path = best_variant(dir);
    bool is_loaded = path != NULL && ggml_backend_load(path) != NULL;
    free(path);
    return is_loaded;
}

/* The backends of graphics cards, beside a CPU variant that is loaded already. */
static void
load_cards(const char *dir)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        if (strncmp(name, "libggml-", 8) == 0 && strstr(name, ".so") != NULL &&
            strncmp(name, VARIANT_PREFIX, strlen(VARIANT_PREFIX)) != 0 &&
            strncmp(name, "libggml-base", 12) != 0) {
            char *path = pal_printf("%s/%s", dir, name);
            (void)ggml_backend_load(path);
            free(path);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

/* What has been loaded; under the lock of pal_library_init(). */
struct loaded {
    bool is_done;
    bool has_cards;
    char *dir; /* owned, to the end of the process; NULL = a system's llama.cpp knows its own */
};

void
pal_library_prepare(void)
{
    llama_log_set(on_llama_log, NULL);
    (void)ggml_set_abort_callback(on_ggml_abort);
    pal_clear_prepare();
    llama_backend_init(); /* its tables are made the first time only */
}

static void
load_backends(struct loaded *loaded, const char *dir, const char *variant)
{
    pal_library_prepare();
    loaded->dir = dir != NULL ? pal_strdup(dir) : beside_program();
    if (loaded->dir == NULL && is_folder(PALABRE_LLAMA_LIB_DIR)) {
        loaded->dir = pal_strdup(PALABRE_LLAMA_LIB_DIR);
    }
    bool has_cpu = loaded->dir != NULL && variant != NULL && load_variant(loaded->dir, variant);
    if (!has_cpu && (loaded->dir == NULL || !load_best_variant(loaded->dir))) {
        ggml_backend_load_all_from_path(loaded->dir);
        loaded->has_cards = true;
    }
    pal_log_debug("backends loaded", "dir=" PAL_LOG_STR,
                  loaded->dir != NULL ? loaded->dir : "(default)");
}

enum pal_err
pal_library_init(const char *dir, const char *variant, bool wants_cards, struct pal_error *error)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct loaded loaded;
    (void)pthread_mutex_lock(&lock);
    if (!loaded.is_done) {
        load_backends(&loaded, dir, variant);
        loaded.is_done = true;
    }
    if (wants_cards && !loaded.has_cards && pal_probe_may_have_cards(NULL)) {
        load_cards(loaded.dir);
        loaded.has_cards = true;
    }
    (void)pthread_mutex_unlock(&lock);
    if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == NULL) {
        return pal_error_set(error, PAL_ERR_MODEL,
                             "llama.cpp has no CPU backend in '%s': run ./dev deps, or set "
                             "PALABRE_LLAMA_DIR",
                             dir != NULL ? dir : PALABRE_LLAMA_LIB_DIR);
    }
    return PAL_OK;
}

void
pal_library_variant(char *text, size_t size)
{
    (void)snprintf(text, size, "system");
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (device == NULL) {
        return;
    }
    /* Which file one of the backend's own functions is in: the loader opens all variants and keeps
     * one. */
    Dl_info info;
    void *function = ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device),
                                                       "ggml_backend_set_n_threads");
    if (function == NULL || dladdr(function, &info) == 0 || info.dli_fname == NULL) {
        return;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    const char *name = slash != NULL ? slash + 1 : info.dli_fname;
    size_t prefix = strlen(VARIANT_PREFIX);
    if (strncmp(name, VARIANT_PREFIX, prefix) == 0) {
        name += prefix;
        (void)snprintf(text, size, "%.*s", (int)strcspn(name, "."), name);
    }
}

const char *
pal_library_version(void)
{
    return llama_version();
}
