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

int
live_model_make(void **state)
{
    (void)state;
    int fd = mkstemps(tiny_path, 5);
    if (fd < 0) {
        return -1;
    }
    (void)close(fd);
    struct pal_gguf_synth_options synth = {
        .shape = pal_gguf_shape_find("tiny"),
        .quant = pal_gguf_quant_find("q4_k_m"),
        .seed = 7,
    };
    struct pal_error error = {0};
    return pal_gguf_synth(tiny_path, &synth, &error) == PAL_OK ? 0 : -1;
}

int
live_model_remove(void **state)
{
    (void)state;
    return unlink(tiny_path);
}
