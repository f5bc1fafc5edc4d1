#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/script.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pal_script *script = pal_calloc(1, sizeof(*script));
    struct pal_error error = {0};
    if (pal_script_parse(script, (const char *)data, len, &error) == PAL_OK) {
        for (size_t i = 0; i < script->n_rules; i++) {
            const struct pal_script_rule *rule = &script->rules[i];
            const char *text = rule->say != NULL ? rule->say : "";
            for (size_t at = 0; text[at] != '\0';) {
                size_t end = pal_script_piece_end(rule, text, at);
                PAL_ASSERT(end > at && end <= strlen(text));
                at = end;
            }
        }
    } else {
        PAL_ASSERT(error.text[0] != '\0');
    }
    pal_script_finish(script);
    free(script);
    return 0;
}
