/* Any bytes written as a JSON text: jansson reads it, and reads the same where they were UTF-8. */
#include <string.h>

#include "access/json.h"
#include "util/mem.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct pal_buf out;
    pal_buf_init(&out, 6 * len + 2);
    PAL_ASSERT(pal_json_put_text(&out, text, len) == PAL_OK);
    PAL_ASSERT(pal_utf8_valid(out.data, out.len));
    PAL_ASSERT(strpbrk(out.data, "\r\n") == NULL);
    json_t *read = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    PAL_ASSERT(read != NULL);
    if (pal_utf8_valid(text, len)) {
        PAL_ASSERT(json_string_length(read) == len);
        PAL_ASSERT(memcmp(json_string_value(read), text, len) == 0);
    }
    json_decref(read);
    pal_buf_finish(&out);
    return 0;
}
