#include "output/osc.h"

#include <string.h>

void
pal_osc_begin(struct pal_osc *osc, bool is_bundle)
{
    static const unsigned char head[16] = {'#', 'b', 'u', 'n', 'd', 'l', 'e', 0,
                                           0,   0,   0,   0,   0,   0,   0,   1};
    osc->len = 0;
    if (is_bundle) {
        memcpy(osc->bytes, head, sizeof(head));
        osc->len = sizeof(head);
    }
}

/* With its NUL, padded to four bytes. */
static bool
put_text(struct pal_osc *osc, const char *text, size_t len)
{
    size_t padded = (len / 4 + 1) * 4;
    if (padded > PAL_OSC_MAX_BYTES - osc->len) {
        return false;
    }
    memset(osc->bytes + osc->len, 0, padded);
    memcpy(osc->bytes + osc->len, text, len);
    osc->len += padded;
    return true;
}

static bool
put_word(struct pal_osc *osc, uint32_t word)
{
    if (PAL_OSC_MAX_BYTES - osc->len < 4) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        osc->bytes[osc->len++] = (unsigned char)(word >> (24 - 8 * i));
    }
    return true;
}

static bool
put_arg(struct pal_osc *osc, const struct pal_osc_arg *arg)
{
    uint32_t bits;
    switch (arg->type) {
    case 's':
        return put_text(osc, arg->text, strlen(arg->text));
    case 'f':
        memcpy(&bits, &arg->number, sizeof(bits));
        return put_word(osc, bits);
    default:
        return put_word(osc, (uint32_t)arg->integer);
    }
}

bool
pal_osc_message(struct pal_osc *osc, bool bundle, const char *address,
                const struct pal_osc_arg *args, size_t n_args)
{
    size_t len_before = osc->len;
    char types[16] = ",";
    bool good = n_args < sizeof(types) - 1 && (!bundle || put_word(osc, 0));
    for (size_t i = 0; good && i < n_args; i++) {
        types[i + 1] = args[i].type;
    }
    good = good && put_text(osc, address, strlen(address)) && put_text(osc, types, n_args + 1);
    for (size_t i = 0; good && i < n_args; i++) {
        good = put_arg(osc, &args[i]);
    }
    if (!good) {
        osc->len = len_before;
        return false;
    }
    if (bundle) {
        uint32_t size = (uint32_t)(osc->len - len_before - 4);
        for (unsigned i = 0; i < 4; i++) {
            osc->bytes[len_before + i] = (unsigned char)(size >> (24 - 8 * i));
        }
    }
    return true;
}
