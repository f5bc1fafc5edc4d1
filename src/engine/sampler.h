#ifndef PAL_ENGINE_SAMPLER_H
#define PAL_ENGINE_SAMPLER_H
/* How a turn's tokens are drawn: its settings as a chain of llama.cpp's samplers. Compute thread.
 */
#include "engine/job.h"
#include "engine/model.h"

/*
 * The caller frees it with llama_sampler_free(). A turn without a seed gets one from the system.
 * NULL only if llama.cpp has no memory for it.
 */
struct llama_sampler *pal_sampler_create(const struct pal_model *model,
                                         const struct pal_sampling *sampling);

/*
 * Can a token be drawn from these? Not if one is NaN or +infinity, or none is finite, or all are
 * the same (what NaN becomes where activations are quantised): damaged weights and overflows make
 * such, and the samplers would then say one token for ever, or any.
 */
bool pal_logits_are_numbers(const float *logits, size_t n);

#endif
