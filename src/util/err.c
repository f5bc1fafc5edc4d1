#include "util/err.h"

#include <stdio.h>
#include <string.h>

#include "util/utf8.h"

const char *
pal_err_name(enum pal_err code)
{
    switch (code) {
    case PAL_OK:
        return "ok";
    case PAL_ERR_AGAIN:
        return "again";
    case PAL_ERR_PROTO:
        return "proto";
    case PAL_ERR_ARGUMENT:
        return "argument";
    case PAL_ERR_BUSY:
        return "busy";
    case PAL_ERR_LIMIT:
        return "limit";
    case PAL_ERR_CONTEXT:
        return "context";
    case PAL_ERR_CONFIG:
        return "config";
    case PAL_ERR_MODEL:
        return "model";
    case PAL_ERR_NOMEM:
        return "nomem";
    case PAL_ERR_IO:
        return "io";
    case PAL_ERR_CLOSED:
        return "closed";
    case PAL_ERR_NOT_FOUND:
        return "not_found";
    case PAL_ERR_DENIED:
        return "denied";
    case PAL_ERR_TIMEOUT:
        return "timeout";
    case PAL_ERR_CANCELLED:
        return "cancelled";
    case PAL_ERR_ENGINE:
        return "engine";
    case PAL_ERR_UNSUPPORTED:
        return "unsupported";
    }
    return "unknown";
}

enum pal_err
pal_error_set(struct pal_error *error, enum pal_err code, const char *format, ...)
{
    if (error == NULL) {
        return code;
    }
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    if (wanted <= 0) {
        (void)snprintf(error->text, sizeof(error->text), "%s", pal_err_name(code));
    }
    /* The cut may have fallen inside a character, and a file's name may hold anything. */
    pal_utf8_scrub(error->text, strlen(error->text));
    for (char *c = error->text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    error->code = code;
    return code;
}
