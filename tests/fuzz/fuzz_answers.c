/* A person's answers.yaml. */
#include <stdint.h>

#include "chat/heart_file.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pal_err
take_any(const struct pal_heart_pair *pair, void *userdata, struct pal_error *error)
{
    (void)userdata;
    (void)error;
    PAL_ASSERT(pair->question != NULL && pair->answer != NULL);
    return PAL_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pal_error error;
    (void)pal_heart_text_read("answers.yaml", (const char *)data, size, take_any, NULL, &error);
    return 0;
}
