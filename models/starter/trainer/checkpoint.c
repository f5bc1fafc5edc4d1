// Checkpoint file: magic, shape, progress, then parameters and both Adam moments as f32.
#define _POSIX_C_SOURCE 200809L
#include "checkpoint.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct header {
    char magic[8];
    struct st_config config;
    uint64_t size;
    uint32_t step, epoch, at, unused;
    uint64_t seed;
};

static const char magic[8] = "PSTCKP1";

bool
st_checkpoint_save(const char *path, struct st_model *model, const struct st_adam *adam,
                   const struct st_progress *progress)
{
    char temporary[4096];
    int len = snprintf(temporary, sizeof temporary, "%s.part", path);
    if (len < 0 || (size_t)len >= sizeof temporary)
        return false;
    struct header h;
    memset(&h, 0, sizeof h); // padding goes to disk too
    memcpy(h.magic, magic, sizeof h.magic);
    h.config = *st_model_config(model);
    h.size = st_model_size(model);
    h.step = progress->step;
    h.epoch = progress->cursor.epoch;
    h.at = progress->cursor.at;
    h.seed = progress->cursor.seed;
    FILE *f = fopen(temporary, "wb");
    if (!f)
        return false;
    size_t n = st_model_size(model);
    bool ok = fwrite(&h, sizeof h, 1, f) == 1 &&
              fwrite(st_model_params(model), sizeof(float), n, f) == n &&
              fwrite(adam->m, sizeof(float), n, f) == n &&
              fwrite(adam->v, sizeof(float), n, f) == n;
    ok = fflush(f) == 0 && fsync(fileno(f)) == 0 && ok;
    ok = fclose(f) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    if (!ok)
        remove(temporary);
    return ok;
}

bool
st_checkpoint_config(const char *path, struct st_config *config)
{
    struct header h;
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    bool ok = fread(&h, sizeof h, 1, f) == 1 && memcmp(h.magic, magic, sizeof magic) == 0;
    fclose(f);
    if (ok)
        *config = h.config;
    return ok;
}

bool
st_checkpoint_load(const char *path, struct st_model *model, struct st_adam *adam,
                   struct st_progress *progress, char *err, size_t err_size)
{
    struct header h;
    size_t n = st_model_size(model);
    FILE *f = fopen(path, "rb");
    if (!f) {
        snprintf(err, err_size, "cannot open '%s'", path);
        return false;
    }
    bool ok = fread(&h, sizeof h, 1, f) == 1 && memcmp(h.magic, magic, sizeof magic) == 0;
    if (ok && (h.size != n || memcmp(&h.config, st_model_config(model), sizeof h.config))) {
        snprintf(err, err_size, "'%s' holds a model of another shape", path);
        fclose(f);
        return false;
    }
    ok = ok && fread(st_model_params(model), sizeof(float), n, f) == n;
    if (ok && adam)
        ok = fread(adam->m, sizeof(float), n, f) == n && fread(adam->v, sizeof(float), n, f) == n;
    fclose(f);
    if (!ok) {
        snprintf(err, err_size, "'%s' is cut short or no checkpoint", path);
        return false;
    }
    if (progress)
        *progress = (struct st_progress){
            .step = h.step,
            .cursor = {.seed = h.seed, .epoch = h.epoch, .at = h.at},
        };
    st_model_refresh(model);
    return true;
}
