// Writes the model and its tokenizer as a GGUF v3 file that stock llama.cpp loads.
#ifndef STARTER_GGUF_OUT_H
#define STARTER_GGUF_OUT_H

#include "model.h"

// Matrices become Q8_0, vectors stay f32. `tokenizer` is the text file that build.py writes.
bool st_gguf_write(const char *path, struct st_model *model, const char *tokenizer, char *err,
                   size_t err_size);

#endif
