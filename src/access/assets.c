#include "access/assets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "access/route.h"
#include "util/mem.h"

/*
 * What the page may do: load what this server sends, and nothing else. `blob:` is how three.js
 * hands a texture out of a .vrm file to the browser. Trusted types: a script that would ever build
 * HTML from text is stopped by the browser.
 */
#define SECURITY_FIELDS                                                                        \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "       \
    "img-src 'self' blob:; connect-src 'self' blob:; base-uri 'none'; form-action 'none'; "    \
    "frame-ancestors 'none'; require-trusted-types-for 'script'\r\n"                           \
    "Referrer-Policy: no-referrer\r\n"                                                         \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                              \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                            \
    "Permissions-Policy: camera=(), display-capture=(), geolocation=(), microphone=(), usb=()" \
    "\r\n"

static const char *const form_names[] = {
    [PAL_ASSET_PLAIN] = "identity",
    [PAL_ASSET_GZIP] = "gzip",
    [PAL_ASSET_BR] = "br",
};

const struct pal_asset *
pal_asset_find(const char *path)
{
    for (size_t i = 0; i < pal_n_assets; i++) {
        if (strcmp(pal_assets[i].path, path) == 0) {
            return &pal_assets[i];
        }
    }
    return NULL;
}

/* Is `;q=0` in these parameters? Any other weight is a yes: we have our own preference. */
static bool
is_refused(const char *parameters, size_t len)
{
    static const char digits[] = "0.";
    for (size_t i = 0; i + 1 < len; i++) {
        if ((parameters[i] | 0x20) == 'q' && parameters[i + 1] == '=') {
            const char *weight = parameters + i + 2;
            size_t n = strspn(weight, digits);
            return n > 0 && (weight[n] < '1' || weight[n] > '9');
        }
    }
    return false;
}

/* Does the list take this coding? `otherwise`: what to think if the list does not name it. */
static bool
takes(const char *list, const char *coding, bool otherwise)
{
    size_t coding_len = strlen(coding);
    bool answer = otherwise;
    while (*list != '\0') {
        list += strspn(list, " \t,");
        size_t item_len = strcspn(list, ",");
        size_t name_len = strcspn(list, ",; \t");
        bool any = name_len == 1 && *list == '*';
        if (any || (name_len == coding_len && strncasecmp(list, coding, name_len) == 0)) {
            answer = !is_refused(list + name_len, item_len - name_len);
            if (!any) {
                return answer;
            }
        }
        list += item_len;
    }
    return answer;
}

enum pal_asset_form
pal_asset_choose(const struct pal_asset *asset, const char *accept_encoding)
{
    enum pal_asset_form best = PAL_ASSET_FORMS;
    for (int f = 0; f < PAL_ASSET_FORMS; f++) {
        bool plain = f == PAL_ASSET_PLAIN;
        bool taken = accept_encoding == NULL ? true : takes(accept_encoding, form_names[f], plain);
        if (asset->forms[f].bytes != NULL && taken &&
            (best == PAL_ASSET_FORMS || asset->forms[f].n_bytes < asset->forms[best].n_bytes)) {
            best = (enum pal_asset_form)f;
        }
    }
    if (accept_encoding == NULL && asset->forms[PAL_ASSET_PLAIN].bytes != NULL) {
        return PAL_ASSET_PLAIN; /* the letter of the rule says anything, but such clients can't */
    }
    return best;
}

/* If-None-Match: a list of quoted tags, perhaps weak, or "*". */
static bool
has_already(const struct pal_http_head *head, const char *etag)
{
    const char *have = pal_http_field(head, "if-none-match");
    return have != NULL && (strcmp(have, "*") == 0 || strstr(have, etag) != NULL);
}

void
pal_answer_asset(const struct pal_call *call, const struct pal_asset *asset)
{
    enum pal_asset_form form =
        pal_asset_choose(asset, pal_http_field(call->head, "accept-encoding"));
    if (form == PAL_ASSET_FORMS) {
        struct pal_api_failure failure = {
            .status = 406,
            .code = "only_compressed",
            .message = "this file is only sent compressed: accept gzip or br",
        };
        pal_api_fail(call->conn, PAL_API_OPENAI, &failure, "Vary: Accept-Encoding\r\n");
        return;
    }
    char etag[64];
    (void)snprintf(etag, sizeof(etag), "\"%s-%s\"", asset->tag, form_names[form]);
    char fields[1536];
    bool packed = form != PAL_ASSET_PLAIN;
    int len = snprintf(
        fields, sizeof(fields), "ETag: %s\r\nVary: Accept-Encoding\r\n%s%s%s" SECURITY_FIELDS, etag,
        packed ? "Content-Encoding: " : "", packed ? form_names[form] : "", packed ? "\r\n" : "");
    PAL_ASSERT(len > 0 && (size_t)len < sizeof(fields));
    bool known = has_already(call->head, etag);
    struct pal_http_answer answer = {
        .status = known ? 304 : 200,
        .content_type = known ? NULL : asset->type,
        .more_fields = fields,
        .revalidate = true,
        .body = known ? "" : asset->forms[form].bytes,
        .len = known ? 0 : asset->forms[form].n_bytes,
    };
    pal_http_respond(call->conn, &answer);
}

/* Built without the page (cmake/web.cmake). */
static const char no_page[] =
    "<!doctype html>\n"
    "<html lang=\"en\"><meta charset=\"utf-8\"><title>Palabre</title>\n"
    "<h1>Palabre</h1>\n"
    "<p>A local AI companion is running here, but it was built without its page: build it with\n"
    "<code>./dev build</code>, or from a release.</p>\n"
    "<p lang=\"fr\">Un compagnon IA local tourne ici, mais il a été construit sans sa page :\n"
    "construisez-le par <code>./dev build</code>, ou depuis une version publiée.</p>\n"
    "<ul>\n"
    "<li><code>POST /v1/chat/completions</code> (OpenAI), <code>POST /api/chat</code> (Ollama)\n"
    "<li><a href=\"/health\">/health</a>, <a href=\"/metrics\">/metrics</a>,\n"
    "<a href=\"/v1/models\">/v1/models</a>\n"
    "</ul></html>\n";

static void
answer_document(const struct pal_call *call, const char *path)
{
    const struct pal_asset *asset = pal_asset_find(path);
    if (asset != NULL) {
        pal_answer_asset(call, asset);
        return;
    }
    struct pal_http_answer answer = {
        .status = 200,
        .content_type = "text/html; charset=utf-8",
        .more_fields = SECURITY_FIELDS,
        .body = no_page,
        .len = sizeof(no_page) - 1,
    };
    pal_http_respond(call->conn, &answer);
}

/* A browser gets the page; Ollama's clients look for these very words at this very place. */
void
pal_answer_page(const struct pal_call *call)
{
    static const char words[] = "Ollama is running";
    const char *accept = pal_http_field(call->head, "accept");
    if (accept == NULL || strstr(accept, "text/html") == NULL) {
        pal_call_answer(call, 200, "text/plain; charset=utf-8", words, sizeof(words) - 1);
        return;
    }
    answer_document(call, "/");
}

void
pal_answer_overlay(const struct pal_call *call)
{
    answer_document(call, "/overlay");
}

void
pal_answer_asset_path(const struct pal_call *call)
{
    const struct pal_asset *asset = pal_asset_find(call->head->path);
    if (asset != NULL) {
        pal_answer_asset(call, asset);
        return;
    }
    struct pal_api_failure failure = {
        .status = 404, .code = "unknown_path", .message = "the page has no such file"};
    pal_api_fail(call->conn, PAL_API_OPENAI, &failure, NULL);
}
