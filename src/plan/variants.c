#include "plan/variants.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define PREFIX "libggml-cpu-"

/* Every such library answers for itself; 0 is "not on this processor". */
static int
score_of(const char *path)
{
    int (*score)(void) = NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return 0;
    }
    void *symbol = dlsym(library, "ggml_backend_score");
    memcpy(&score, &symbol, sizeof(score));
    int result = score != NULL ? score() : 0;
    (void)dlclose(library);
    return result;
}

static int
by_score(const void *a, const void *b)
{
    const struct pal_variant *x = a, *y = b;
    return x->score != y->score ? y->score - x->score : strcmp(x->name, y->name);
}

size_t
pal_variants_find(const char *folder, struct pal_variant variants[PAL_VARIANTS_MAX])
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir != NULL && n < PAL_VARIANTS_MAX && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        const char *dot = strstr(name, ".so");
        size_t prefix = strlen(PREFIX);
        if (strncmp(name, PREFIX, prefix) != 0 || dot == NULL || dot[3] != '\0' ||
            (size_t)(dot - name) - prefix >= sizeof(variants[n].name)) {
            continue;
        }
        char *path = pal_printf("%s/%s", folder, name);
        variants[n].score = score_of(path);
        (void)snprintf(variants[n].name, sizeof(variants[n].name), "%.*s",
                       (int)(dot - name - (ptrdiff_t)prefix), name + prefix);
        n += variants[n].score > 0 ? 1 : 0;
        free(path);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    qsort(variants, n, sizeof(*variants), by_score);
    return n;
}
