#ifndef PAL_OUTPUT_OSC_H
#define PAL_OUTPUT_OSC_H
/*
 * Writing OSC 1.0: messages of strings, 32-bit integers and floats, alone or in a bundle. Pure; one
 * owner. A message that does not fit leaves the packet as it was.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A datagram that no Ethernet cuts. */
#define PAL_OSC_MAX_BYTES 1472

struct pal_osc {
    unsigned char bytes[PAL_OSC_MAX_BYTES];
    size_t len;
};

/* Empties the packet; a bundle begins with its head ("at once"). */
void pal_osc_begin(struct pal_osc *osc, bool is_bundle);

/* One argument; `type` says which of the others counts: 's', 'i' or 'f'. */
struct pal_osc_arg {
    char type;
    const char *text;
    int32_t integer;
    float number;
};

/* Appends a message; in a bundle (bundle == true) with its size before it. False: no room. */
bool pal_osc_message(struct pal_osc *osc, bool bundle, const char *address,
                     const struct pal_osc_arg *args, size_t n_args);

#endif
