#include "fetch/fetch.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fetch/blob.h"
#include "fetch/http.h"
#include "util/mem.h"
#include "util/text.h"

#define HUB_ENDPOINT      "https://huggingface.co"
#define LISTING_MAX_BYTES (8u << 20)
#define FILES_MAX         4096
#define REDIRECTS_MAX     5
#define ASK_TRIES         3
#define SPARE_BYTES       (64u << 20) /* left free on the disk */
/* Of one part. A promise of more is a lie, and sums over all parts must not wrap around. */
#define PART_MAX_BYTES (INT64_C(1) << 50)

struct pull {
    struct pal_fetch_options options; /* with the defaults filled in */
    struct pal_fetch_spec spec;
    struct pal_http *http;
    char *root;                         /* owned */
    char *endpoint;                     /* owned; no slash at its end */
    struct pal_fetch_promise *promises; /* owned; one a part */
    unsigned n_parts;
    uint64_t fresh_bytes;
    struct pal_error *error;
};

static char *
copy_endpoint(const char *endpoint)
{
    const char *env = getenv("HF_ENDPOINT");
    if (endpoint == NULL) {
        endpoint = env != NULL && env[0] != '\0' ? env : HUB_ENDPOINT;
    }
    size_t len = strlen(endpoint);
    while (len > 0 && endpoint[len - 1] == '/') {
        len--;
    }
    return pal_strndup(endpoint, len);
}

/* "<endpoint>/<user>/<repo>/resolve/main/<file>", with what a URL cannot hold written as %XX. */
static char *
file_url(const struct pull *pull, const char *file)
{
    char escaped[PAL_FETCH_FILE_MAX * 3 + 1];
    size_t n = 0;
    for (const char *c = file; *c != '\0'; c++) {
        if (isalnum((unsigned char)*c) || strchr("-._~/", *c) != NULL) {
            escaped[n++] = *c;
        } else {
            n += (size_t)snprintf(escaped + n, 4, "%%%02X", (unsigned char)*c);
        }
    }
    escaped[n] = '\0';
    return pal_printf("%s/%s/%s/resolve/main/%s", pull->endpoint, pull->spec.user, pull->spec.repo,
                      escaped);
}

static void
report_asking(const struct pull *pull)
{
    if (pull->options.on_progress != NULL) {
        struct pal_fetch_progress progress = {.stage = PAL_FETCH_STAGE_ASKING, .file = ""};
        pull->options.on_progress(&progress, pull->options.userdata);
    }
}

/* What an answer that is no success means for a person. `what` is "user/repo" or a file in it. */
static enum pal_err
status_error(const struct pull *pull, long status, const char *what)
{
    const char *repo = pull->spec.repo;
    const char *user = pull->spec.user;
    if (status == 401 || status == 403) {
        return pal_error_set(
            pull->error, PAL_ERR_DENIED,
            PAL_T(
                "the server does not give '%s/%s' to everybody (answer %ld): if the name is right, "
                "accept its terms on its page, make an access token, and set HF_TOKEN to it",
                "le serveur ne donne pas « %s/%s » à tout le monde (réponse %ld) : si le nom est "
                "juste, acceptez ses conditions sur sa page, créez un jeton d'accès et mettez-le "
                "dans HF_TOKEN"),
            user, repo, status);
    }
    if (status == 404) {
        return pal_error_set(
            pull->error, PAL_ERR_NOT_FOUND,
            PAL_T("there is no '%s' in '%s/%s' on the server; check the name",
                  "il n'y a pas de « %s » dans « %s/%s » sur le serveur ; vérifiez le nom"),
            what, user, repo);
    }
    return pal_error_set(pull->error, PAL_ERR_IO,
                         PAL_T("cannot ask for '%s/%s': the server answered %ld",
                               "impossible de demander « %s/%s » : le serveur a répondu %ld"),
                         user, repo, status);
}

static enum pal_err
ask_error(const struct pull *pull, enum pal_err err)
{
    if (err == PAL_ERR_CANCELLED) {
        return err;
    }
    char reason[300];
    (void)snprintf(reason, sizeof(reason), "%.290s", pull->error->text);
    return pal_error_set(
        pull->error, err,
        PAL_T("cannot ask '%s' for '%s/%s': %s", "impossible de demander à « %s » « %s/%s » : %s"),
        pull->endpoint, pull->spec.user, pull->spec.repo, reason);
}

/* Chooses from the parsed listing {"siblings": [{"rfilename": "..."}]}. */
static enum pal_err
choose_from_listing(struct pull *pull, const json_t *listing)
{
    const json_t *siblings = json_object_get(listing, "siblings");
    size_t n_listed = json_array_size(siblings);
    const char **files = pal_calloc(FILES_MAX, sizeof(*files));
    size_t n = 0;
    for (size_t i = 0; i < n_listed && n < FILES_MAX; i++) {
        const char *name =
            json_string_value(json_object_get(json_array_get(siblings, i), "rfilename"));
        if (name != NULL) {
            files[n++] = name;
        }
    }
    int chosen = pal_fetch_choose(&pull->spec, files, n);
    enum pal_err err = PAL_OK;
    if (chosen >= 0) {
        (void)snprintf(pull->spec.file, sizeof(pull->spec.file), "%s", files[chosen]);
    } else {
        char known[200] = "";
        size_t len = 0;
        for (size_t i = 0; i < n; i++) {
            char quant[32];
            pal_fetch_quant_of(files[i], quant, sizeof(quant));
            bool is_model =
                strlen(files[i]) > 5 && strcasecmp(files[i] + strlen(files[i]) - 5, ".gguf") == 0;
            if (is_model && quant[0] != '\0' && strstr(known, quant) == NULL &&
                len + strlen(quant) + 3 < sizeof(known)) {
                len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
                                        len > 0 ? ", " : "", quant);
            }
        }
        err = pal_error_set(
            pull->error, PAL_ERR_NOT_FOUND,
            PAL_T("'%s/%s' has no %s file%s%s", "« %s/%s » n'a pas de fichier %s%s%s"),
            pull->spec.user, pull->spec.repo, pull->spec.quant,
            len > 0 ? PAL_T("; it has ", " ; il a ")
                    : PAL_T(", nor any other GGUF", ", ni aucun autre GGUF"),
            known);
    }
    free(files);
    return err;
}

static enum pal_err
ask_for_listing(struct pull *pull)
{
    char *url = pal_printf("%s/api/models/%s/%s", pull->endpoint, pull->spec.user, pull->spec.repo);
    struct pal_buf body;
    struct pal_http_head head;
    pal_buf_init(&body, LISTING_MAX_BYTES);
    enum pal_err err = pal_http_get(pull->http, url, &head, &body, pull->error);
    if (err != PAL_OK) {
        err = ask_error(pull, err);
    } else if (head.status != 200) {
        err = status_error(pull, head.status, "such repository");
    } else {
        json_t *listing = json_loadb(body.data, body.len, 0, NULL);
        if (listing == NULL) {
            err = pal_error_set(
                pull->error, PAL_ERR_PROTO,
                PAL_T("'%s' did not answer with a list of files; is it a Hugging Face server?",
                      "« %s » n'a pas répondu par une liste de fichiers ; est-ce un serveur "
                      "Hugging Face ?"),
                pull->endpoint);
        } else {
            err = choose_from_listing(pull, listing);
        }
        json_decref(listing);
    }
    pal_buf_finish(&body);
    free(url);
    return err;
}

/* 64 hexadecimal digits. */
static bool
is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

/* These become names of files in the cache, so nothing else goes. */
static bool
is_plain_name(const char *text)
{
    size_t len = strlen(text);
    return len >= 4 && len < 128 &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == len;
}

static enum pal_err
read_promise(const struct pull *pull, const struct pal_http_head *head,
             struct pal_fetch_promise *promise)
{
    const char *etag = head->linked_etag[0] != '\0' ? head->linked_etag : head->etag;
    int64_t bytes = head->linked_size >= 0 ? head->linked_size : head->content_length;
    if (!is_plain_name(etag) || !is_plain_name(head->commit) || bytes <= 0) {
        return pal_error_set(pull->error, PAL_ERR_PROTO,
                             PAL_T("the server does not say which version of '%s' it has; is '%s' "
                                   "a Hugging Face server?",
                                   "le serveur ne dit pas quelle version de « %s » il a ; « %s » "
                                   "est-il un serveur Hugging Face ?"),
                             promise->file, pull->endpoint);
    }
    if (bytes > PART_MAX_BYTES) {
        return pal_error_set(
            pull->error, PAL_ERR_PROTO,
            PAL_T("the server promises %lld bytes of '%s': no model is so long",
                  "le serveur promet %lld octets de « %s » : aucun modèle n'est si long"),
            (long long)bytes, promise->file);
    }
    (void)snprintf(promise->etag, sizeof(promise->etag), "%s", etag);
    (void)snprintf(promise->commit, sizeof(promise->commit), "%s", head->commit);
    promise->bytes = (uint64_t)bytes;
    promise->has_sha256 = is_sha256(etag);
    return PAL_OK;
}

/* Whether `location` stays on the endpoint's host; *next is then its URL, owned by the caller. */
static bool
stays_here(const struct pull *pull, const char *location, char **next)
{
    size_t len = strlen(pull->endpoint);
    if (location[0] == '/' && location[1] != '/') {
        const char *scheme_end = strstr(pull->endpoint, "://");
        const char *host = scheme_end != NULL ? scheme_end + 3 : pull->endpoint;
        size_t origin = (size_t)(host - pull->endpoint) + strcspn(host, "/");
        *next = pal_printf("%.*s%s", (int)origin, pull->endpoint, location);
        return true;
    }
    if (strncmp(location, pull->endpoint, len) == 0 && location[len] == '/') {
        *next = pal_strdup(location);
        return true;
    }
    return false;
}

/*
 * HEAD, through the redirects of a renamed repository. The redirect to the host that has the bytes
 * is where it ends: the facts are in the headers of that answer itself.
 */
static enum pal_err
ask_for_promise(struct pull *pull, struct pal_fetch_promise *promise)
{
    char *url = file_url(pull, promise->file);
    enum pal_err err = PAL_OK;
    struct pal_http_head head = {0};
    for (int i = 0; i <= REDIRECTS_MAX; i++) {
        for (int n_tries = 0; n_tries < ASK_TRIES; n_tries++) {
            err = pal_http_head(pull->http, url, true, &head, pull->error);
            if (err != PAL_OK || (head.status < 500 && head.status != 429)) {
                break;
            }
            (void)usleep(300 * 1000);
        }
        char *next = NULL;
        bool is_redirect = err == PAL_OK && head.status >= 300 && head.status < 400;
        if (!is_redirect || head.linked_etag[0] != '\0' ||
            !stays_here(pull, head.location, &next)) {
            break;
        }
        free(url);
        url = next;
    }
    if (err != PAL_OK) {
        err = ask_error(pull, err);
    } else if (head.status >= 400 || head.status < 200) {
        err = status_error(pull, head.status, promise->file);
    } else {
        err = read_promise(pull, &head, promise);
    }
    free(url);
    return err;
}

static enum pal_err
ask_for_promises(struct pull *pull)
{
    pull->n_parts = pal_fetch_n_parts(pull->spec.file);
    pull->promises = pal_calloc(pull->n_parts, sizeof(*pull->promises));
    enum pal_err err = PAL_OK;
    for (unsigned i = 0; i < pull->n_parts && err == PAL_OK; i++) {
        struct pal_fetch_promise *promise = &pull->promises[i];
        if (!pal_fetch_part_name(pull->spec.file, i, promise->file, sizeof(promise->file))) {
            return pal_error_set(pull->error, PAL_ERR_PROTO,
                                 PAL_T("'%s' has too long a name", "« %s » a un nom trop long"),
                                 pull->spec.file);
        }
        err = ask_for_promise(pull, promise);
    }
    return err;
}

static uint64_t
total_bytes(const struct pull *pull)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < pull->n_parts; i++) {
        total += pull->promises[i].bytes;
    }
    return total;
}

static enum pal_err
check_room(const struct pull *pull)
{
    uint64_t needed = SPARE_BYTES;
    for (unsigned i = 0; i < pull->n_parts; i++) {
        const struct pal_fetch_promise *promise = &pull->promises[i];
        char *path = pal_cache_blob_path(pull->root, &pull->spec, promise->etag);
        needed += promise->bytes - pal_blob_there_bytes(path, promise->bytes);
        free(path);
    }
    struct statvfs st;
    if (statvfs(pull->root, &st) != 0) {
        return PAL_OK; /* then the write will say it */
    }
    uint64_t free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    if (free_bytes >= needed) {
        return PAL_OK;
    }
    return pal_error_set(
        pull->error, PAL_ERR_LIMIT,
        PAL_T("no room for '%s': it needs %.2f GB, %.2f GB are free in '%s'; free some, or set "
              "HF_HUB_CACHE to a folder on another disk",
              "pas de place pour « %s » : il faut %.2f Go, %.2f Go sont libres dans « %s » ; "
              "faites de la place, ou donnez à HF_HUB_CACHE un dossier sur un autre disque"),
        pull->spec.file, (double)needed / 1e9, (double)free_bytes / 1e9, pull->root);
}

static enum pal_err
get_part(struct pull *pull, unsigned i, uint64_t before_bytes)
{
    const struct pal_fetch_promise *promise = &pull->promises[i];
    char *path = pal_cache_blob_path(pull->root, &pull->spec, promise->etag);
    char *url = file_url(pull, promise->file);
    int lock = -1;
    enum pal_err err = pal_cache_lock(pull->root, &pull->spec, promise->etag, &lock, pull->error);
    if (err == PAL_OK && access(path, R_OK) != 0) {
        struct pal_blob_job job = {
            .http = pull->http,
            .url = url,
            .path = path,
            .promise = promise,
            .options = &pull->options,
            .before_bytes = before_bytes,
            .total_bytes = total_bytes(pull),
            .fresh_bytes = &pull->fresh_bytes,
        };
        err = pal_blob_download(&job, pull->error);
    }
    if (err == PAL_OK) {
        err = pal_cache_link(pull->root, &pull->spec, promise->commit, promise->file, promise->etag,
                             pull->error);
    }
    if (lock >= 0) {
        (void)close(lock);
    }
    free(path);
    free(url);
    return err;
}

static enum pal_err
get_parts(struct pull *pull)
{
    uint64_t before_bytes = 0;
    enum pal_err err = pal_cache_prepare(pull->root, &pull->spec, pull->error);
    if (err == PAL_OK) {
        err = check_room(pull);
    }
    for (unsigned i = 0; i < pull->n_parts && err == PAL_OK; i++) {
        err = get_part(pull, i, before_bytes);
        before_bytes += pull->promises[i].bytes;
    }
    if (err == PAL_OK) {
        err = pal_cache_set_main(pull->root, &pull->spec, pull->promises[0].commit, pull->error);
    }
    return err;
}

enum pal_err
pal_fetch_pull(const char *name, const struct pal_fetch_options *options, char **path,
               struct pal_error *error)
{
    struct pal_error unread = {0};
    struct pull pull = {.options = *options, .error = error != NULL ? error : &unread};
    *path = NULL;
    enum pal_err err = pal_fetch_spec_parse(name, &pull.spec, pull.error);
    if (err != PAL_OK) {
        return err;
    }
    pull.root = options->cache_dir != NULL ? pal_strdup(options->cache_dir) : pal_cache_root();
    *path = pal_cache_find(pull.root, &pull.spec);
    if (*path != NULL) {
        free(pull.root);
        return PAL_OK;
    }
    pull.endpoint = copy_endpoint(options->endpoint);
    pull.http = pal_http_create(options->token != NULL ? options->token : getenv("HF_TOKEN"),
                                options->is_cancelled);
    report_asking(&pull);
    if (pull.spec.file[0] == '\0') {
        err = ask_for_listing(&pull);
    }
    if (err == PAL_OK) {
        err = ask_for_promises(&pull);
    }
    if (err == PAL_OK) {
        err = get_parts(&pull);
    }
    if (err == PAL_OK) {
        *path = pal_cache_snapshot_path(pull.root, &pull.spec, pull.promises[0].commit,
                                        pull.promises[0].file);
    }
    pal_http_destroy(pull.http);
    free(pull.promises);
    free(pull.endpoint);
    free(pull.root);
    return err;
}

enum pal_err
pal_fetch_find(const char *name, char **path, struct pal_error *error)
{
    struct pal_fetch_spec spec;
    *path = NULL;
    enum pal_err err = pal_fetch_spec_parse(name, &spec, error);
    if (err != PAL_OK) {
        return err;
    }
    char *root = pal_cache_root();
    *path = pal_cache_find(root, &spec);
    free(root);
    if (*path == NULL) {
        return pal_error_set(
            error, PAL_ERR_NOT_FOUND,
            PAL_T(
                "the model '%s' is not downloaded yet: run 'palabre model pull %s'",
                "le modèle « %s » n'est pas encore téléchargé : lancez « palabre model pull %s »"),
            name, name);
    }
    return PAL_OK;
}
