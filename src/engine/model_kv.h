#ifndef PAL_ENGINE_MODEL_KV_H
#define PAL_ENGINE_MODEL_KV_H
/*
 * The model's KV as the timelines see it, and its bytes as the park keeps them. Compute thread.
 */
#include "engine/model.h"
#include "engine/timeline.h"

/* kv is a struct pal_model *. */
extern const struct pal_kv_ops pal_model_kv_ops;

/*
 * What makes the bytes of a span what they are: the model file (its length, time, and both ends),
 * the KV's type and layout, llama.cpp's version. Not where the layers are computed, so that a
 * timeline can move to another profile's engine.
 */
uint64_t pal_model_kv_key(const struct pal_model *model, const struct pal_settings *settings);

#endif
