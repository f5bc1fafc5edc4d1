#include "commands/stand_in.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf/synth.h"
#include "plan/machine.h"
#include "util/mem.h"

#define LOG_TOPIC "quick"
#include "util/log.h"

/* Larger models are stood in for by about so many bytes of their layers: more than caches hold. */
#define WHOLE_MAX_BYTES (192 * PAL_MIB)
#define STAND_IN_BYTES  (96 * PAL_MIB)

/* The file's own mixture of types, or the usual one. */
static const struct pal_gguf_quant *
quant_of(const struct pal_shape *shape)
{
    const struct pal_gguf_quant *quant = pal_gguf_quant_find(shape->quant);
    return quant != NULL ? quant : pal_gguf_quant_find("q4_k_m");
}

/* The model's dimensions, with few layers and a small vocabulary. */
static bool
stand_in_shape(const struct pal_shape *shape, struct pal_gguf_shape *small)
{
    const struct pal_shape_layer *layer = &shape->layers[0];
    *small = *pal_gguf_shape_find("tiny");
    if (shape->n_heads == 0 || shape->q_row % shape->n_heads != 0 || layer->bytes == 0) {
        return false;
    }
    uint32_t head = shape->q_row / shape->n_heads;
    small->name = "stand-in";
    small->n_layers = (uint32_t)((STAND_IN_BYTES + layer->bytes - 1) / layer->bytes);
    small->n_layers = small->n_layers < shape->n_layers ? small->n_layers : shape->n_layers;
    small->embedding = shape->n_embd;
    small->feed_forward = shape->n_ff;
    small->n_heads = shape->n_heads;
    small->n_heads_kv = layer->k_row / head;
    small->head_length = head;
    small->has_rope_factors = false;
    /* What the writer can't pack into blocks of 32 is no model that it knows. */
    return small->n_heads_kv > 0 && layer->k_row % head == 0 &&
           shape->n_heads % small->n_heads_kv == 0 && small->embedding % 32 == 0 &&
           small->feed_forward > 0 && small->feed_forward % 32 == 0 && head % 2 == 0;
}

/* Writes it and takes its name away at once, so that nothing stays behind. */
bool
pal_stand_in_make(struct pal_stand_in *stand_in, const struct pal_shape *shape)
{
    struct pal_gguf_shape small;
    struct pal_error error;
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    const struct pal_gguf_synth_options options = {.shape = &small, .quant = quant_of(shape)};
    *stand_in = (struct pal_stand_in){.fd = -1};
    if (shape->file_bytes <= WHOLE_MAX_BYTES || !stand_in_shape(shape, &small)) {
        return false;
    }
    char *path = pal_printf("%s/palabre-stand-in-%d.gguf", folder, (int)getpid());
    if (pal_gguf_synth(path, &options, &error) == PAL_OK) {
        stand_in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        (void)unlink(path);
    } else {
        pal_log_debug("no stand-in", "reason=" PAL_LOG_STR, error.text);
    }
    free(path);
    if (stand_in->fd >= 0) {
        stand_in->path = pal_printf("/proc/%d/fd/%d", (int)getpid(), stand_in->fd);
    }
    return stand_in->fd >= 0;
}

void
pal_stand_in_remove(struct pal_stand_in *stand_in)
{
    if (stand_in->path != NULL) {
        (void)close(stand_in->fd);
        free(stand_in->path);
    }
    *stand_in = (struct pal_stand_in){.fd = -1};
}
