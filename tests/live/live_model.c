#include "test.h"

#include "live_model.h"

#include <stdlib.h>
#include <unistd.h>

#include "gguf/synth.h"

static char tiny_path[] = "/tmp/palabre-live-XXXXXX.gguf";

const char *
live_model_tiny(void)
{
    return tiny_path;
}

const char *
live_model_starter(void)
{
    static const char path[] = PALABRE_SOURCE_DIR "/models/starter.gguf";
    return access(path, R_OK) == 0 ? path : NULL;
}

static int
make(const char *shape, const char *quant, char *path)
{
    int fd = mkstemps(path, 5);
    if (fd < 0) {
        return -1;
    }
    (void)close(fd);
    struct pal_gguf_synth_options synth = {
        .shape = pal_gguf_shape_find(shape),
        .quant = pal_gguf_quant_find(quant),
        .seed = 7,
    };
    struct pal_error error = {0};
    return pal_gguf_synth(path, &synth, &error) == PAL_OK ? 0 : -1;
}

void
live_model_make_like(const char *shape, char *path)
{
    assert_int_equal(make(shape, "q8_0", path), 0);
}

int
live_model_make(void **state)
{
    (void)state;
    return make("tiny", "q4_k_m", tiny_path);
}

int
live_model_remove(void **state)
{
    (void)state;
    return unlink(tiny_path);
}
