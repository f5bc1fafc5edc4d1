/*
 * Any bytes as the body of a chat request, in each dialect: what is accepted passes the engine's
 * own check of a job, what is refused leaves nothing behind and says why.
 */
#include "access/ollama_request.h"
#include "access/openai_request.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef enum pal_err (*read_fn)(const char *, size_t, struct pal_api_request *,
                                struct pal_api_error *);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const read_fn readers[] = {pal_openai_read_chat, pal_ollama_read_chat,
                                      pal_ollama_read_generate};
    if (len == 0) {
        return 0;
    }
    struct pal_api_request request;
    struct pal_api_error error;
    read_fn read = readers[data[0] % PAL_COUNT_OF(readers)];
    if (read((const char *)data + 1, len - 1, &request, &error) != PAL_OK) {
        PAL_ASSERT(error.error.text[0] != '\0');
        PAL_ASSERT(request.job.messages == NULL && request.user == NULL && request.model == NULL);
        return 0;
    }
    request.job.turn_id = 1;
    struct pal_error why;
    PAL_ASSERT(request.only_load || pal_job_check(&request.job, &why) == PAL_OK);
    PAL_ASSERT(request.deadline_ms >= 0);
    pal_api_request_finish(&request);
    return 0;
}
