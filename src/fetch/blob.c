#include "fetch/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define TRIES_MAX         5 /* in a row, without a byte between them */
#define FIRST_WAIT_MS     500
#define WAIT_STEP_MS      50
#define REPORT_US         (100 * PAL_US_PER_MS)
#define SHA256_BYTES      32
#define READ_BUFFER_BYTES ((size_t)256 * 1024)

struct blob {
    const struct pal_blob_job *job;
    char *part_path; /* owned */
    int fd;
    EVP_MD_CTX *sha256; /* owned; over bytes [0, at) */
    uint64_t at;
    int64_t reported_us;
    bool has_disk_error; /* no use in asking the server again */
    struct pal_error *error;
};

uint64_t
pal_blob_there_bytes(const char *path, uint64_t wanted_bytes)
{
    struct stat st;
    if (stat(path, &st) == 0 && (uint64_t)st.st_size == wanted_bytes) {
        return wanted_bytes;
    }
    char *part = pal_printf("%s.incomplete", path);
    uint64_t bytes =
        stat(part, &st) == 0 && (uint64_t)st.st_size <= wanted_bytes ? (uint64_t)st.st_size : 0;
    free(part);
    return bytes;
}

static bool
is_cancelled(const struct blob *blob)
{
    const atomic_bool *flag = blob->job->options->is_cancelled;
    return flag != NULL && atomic_load(flag);
}

static void
report(struct blob *blob, enum pal_fetch_stage stage, bool at_once)
{
    const struct pal_blob_job *job = blob->job;
    int64_t now_us = pal_now_us();
    if (job->options->on_progress == NULL || (!at_once && now_us - blob->reported_us < REPORT_US)) {
        return;
    }
    blob->reported_us = now_us;
    struct pal_fetch_progress progress = {
        .stage = stage,
        .file = job->promise->file,
        .done_bytes = job->before_bytes + blob->at,
        .total_bytes = job->total_bytes,
        .fresh_bytes = *job->fresh_bytes,
    };
    job->options->on_progress(&progress, job->options->userdata);
}

static enum pal_err
disk_error(struct blob *blob, const char *what)
{
    blob->has_disk_error = true;
    return pal_error_set(blob->error, errno == ENOSPC ? PAL_ERR_LIMIT : PAL_ERR_IO,
                         PAL_T("cannot %s '%s': %s", "échec (%s) de « %s » : %s"), what,
                         blob->part_path, strerror(errno));
}

/* Forgets everything that is there. */
static enum pal_err
start_again(struct blob *blob)
{
    blob->at = 0;
    if (ftruncate(blob->fd, 0) != 0 || lseek(blob->fd, 0, SEEK_SET) != 0) {
        return disk_error(blob, PAL_T("empty", "vider"));
    }
    int ok = EVP_DigestInit_ex(blob->sha256, EVP_sha256(), NULL);
    PAL_ASSERT(ok == 1);
    return PAL_OK;
}

static void
add_to_sum(struct blob *blob, const void *bytes, size_t len)
{
    int ok = EVP_DigestUpdate(blob->sha256, bytes, len);
    PAL_ASSERT(ok == 1);
    blob->at += len;
}

/* Takes what an earlier pull left into the checksum, so that the end can be believed. */
static enum pal_err
take_up(struct blob *blob)
{
    struct stat st;
    enum pal_err err = PAL_OK;
    if (fstat(blob->fd, &st) != 0) {
        return disk_error(blob, PAL_T("look at", "examiner"));
    }
    if ((uint64_t)st.st_size > blob->job->promise->bytes) {
        return start_again(blob);
    }
    char *buffer = pal_calloc(READ_BUFFER_BYTES, 1);
    while (err == PAL_OK) {
        ssize_t n = read(blob->fd, buffer, READ_BUFFER_BYTES);
        if (n == 0) {
            break;
        }
        if (n < 0) {
            err = errno == EINTR ? PAL_OK : disk_error(blob, PAL_T("read", "lire"));
        } else {
            add_to_sum(blob, buffer, (size_t)n);
            report(blob, PAL_FETCH_STAGE_CHECKING, false);
            err = is_cancelled(blob)
                      ? pal_error_set(blob->error, PAL_ERR_CANCELLED,
                                      PAL_T("the download was cancelled", "téléchargement annulé"))
                      : PAL_OK;
        }
    }
    free(buffer);
    return err;
}

/* The server may answer a range with the whole file: then that is what is coming. */
static enum pal_err
begin(const struct pal_http_head *head, void *userdata)
{
    struct blob *blob = userdata;
    if (head->status == 206 && head->range_start == (int64_t)blob->at) {
        return PAL_OK;
    }
    if (head->status == 206) {
        return pal_error_set(
            blob->error, PAL_ERR_PROTO,
            PAL_T("the server sent another piece of '%s' than was asked for",
                  "le serveur a envoyé un autre morceau de « %s » que celui demandé"),
            blob->job->promise->file);
    }
    return start_again(blob);
}

static enum pal_err
take_bytes(const void *bytes, size_t len, void *userdata)
{
    struct blob *blob = userdata;
    if (len > blob->job->promise->bytes - blob->at) {
        return pal_error_set(
            blob->error, PAL_ERR_PROTO,
            PAL_T("the server sends more than the %llu bytes that it promised of '%s'",
                  "le serveur envoie plus que les %llu octets promis de « %s »"),
            (unsigned long long)blob->job->promise->bytes, blob->job->promise->file);
    }
    const char *at = bytes;
    size_t left = len;
    while (left > 0) {
        ssize_t n = write(blob->fd, at, left);
        if (n < 0 && errno != EINTR) {
            return disk_error(blob, PAL_T("write", "écrire"));
        }
        if (n > 0) {
            at += n;
            left -= (size_t)n;
        }
    }
    add_to_sum(blob, bytes, len);
    *blob->job->fresh_bytes += len;
    report(blob, PAL_FETCH_STAGE_DOWNLOADING, false);
    return PAL_OK;
}

/* False if cancelled meanwhile. */
static bool
wait_ms(struct blob *blob, int ms)
{
    for (int waited = 0; waited < ms && !is_cancelled(blob); waited += WAIT_STEP_MS) {
        (void)usleep(WAIT_STEP_MS * 1000);
        report(blob, PAL_FETCH_STAGE_WAITING, false);
    }
    return !is_cancelled(blob);
}

static bool
is_worth_another_try(const struct blob *blob, enum pal_err err, long status)
{
    bool is_line = err == PAL_ERR_IO && !blob->has_disk_error;
    bool is_server = err == PAL_OK && (status == 429 || status >= 500 || status == 416);
    bool is_short = err == PAL_OK && (status == 200 || status == 206);
    return is_line || is_server || is_short;
}

static enum pal_err
status_error(const struct blob *blob, long status)
{
    enum pal_err err = status == 401 || status == 403 ? PAL_ERR_DENIED : PAL_ERR_IO;
    return pal_error_set(blob->error, err,
                         PAL_T("cannot download '%s': the server answered %ld",
                               "impossible de télécharger « %s » : le serveur a répondu %ld"),
                         blob->job->promise->file, status);
}

/* Requests, each from where the last one ended, until all bytes are there. */
static enum pal_err
get_bytes(struct blob *blob)
{
    const struct pal_blob_job *job = blob->job;
    struct pal_http_sink sink = {.begin = begin, .bytes = take_bytes, .userdata = blob};
    int n_tries = 0;
    while (blob->at < job->promise->bytes) {
        struct pal_http_head head;
        uint64_t before = blob->at;
        enum pal_err err =
            pal_http_download(job->http, job->url, blob->at, &sink, &head, blob->error);
        if (err == PAL_OK && blob->at == job->promise->bytes) {
            break;
        }
        if (!is_worth_another_try(blob, err, head.status)) {
            return err != PAL_OK ? err : status_error(blob, head.status);
        }
        if (head.status == 416 && start_again(blob) != PAL_OK) {
            return PAL_ERR_IO;
        }
        n_tries = blob->at > before ? 0 : n_tries + 1;
        if (n_tries >= TRIES_MAX) {
            char reason[160];
            (void)snprintf(reason, sizeof(reason), "%.150s",
                           err != PAL_OK ? blob->error->text
                                         : PAL_T("the server gives no more bytes",
                                                 "le serveur ne donne plus d'octets"));
            return pal_error_set(blob->error, PAL_ERR_IO,
                                 PAL_T("the download of '%s' broke off at %llu of %llu bytes: %s; "
                                       "try again, it goes on from there",
                                       "le téléchargement de « %s » s'est arrêté à %llu octets sur "
                                       "%llu : %s ; réessayez, il reprendra là"),
                                 job->promise->file, (unsigned long long)blob->at,
                                 (unsigned long long)job->promise->bytes, reason);
        }
        if (!wait_ms(blob, FIRST_WAIT_MS << n_tries)) {
            return pal_error_set(blob->error, PAL_ERR_CANCELLED,
                                 PAL_T("the download was cancelled", "téléchargement annulé"));
        }
    }
    report(blob, PAL_FETCH_STAGE_DOWNLOADING, true);
    return PAL_OK;
}

static enum pal_err
check_sum(struct blob *blob)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int ok = EVP_DigestFinal_ex(blob->sha256, sum, &len);
    PAL_ASSERT(ok == 1 && len == SHA256_BYTES);
    char text[SHA256_BYTES * 2 + 1];
    for (unsigned i = 0; i < len; i++) {
        (void)snprintf(text + (size_t)i * 2, 3, "%02x", sum[i]);
    }
    const struct pal_fetch_promise *promise = blob->job->promise;
    if (!promise->has_sha256 || strcasecmp(text, promise->etag) == 0) {
        return PAL_OK;
    }
    (void)unlink(blob->part_path);
    return pal_error_set(
        blob->error, PAL_ERR_PROTO,
        PAL_T("the checksum of '%s' is wrong: it is damaged or not the file that was promised; it "
              "was thrown away, try again (wanted %.12s..., got %.12s...)",
              "la somme de contrôle de « %s » est fausse : il est abîmé ou n'est pas le fichier "
              "promis ; il a été jeté, réessayez (attendue %.12s..., reçue %.12s...)"),
        promise->file, promise->etag, text);
}

static enum pal_err
complete(struct blob *blob)
{
    enum pal_err err = take_up(blob);
    if (err == PAL_OK) {
        err = get_bytes(blob);
    }
    if (err == PAL_OK) {
        err = check_sum(blob);
    }
    if (err == PAL_OK && (fsync(blob->fd) != 0 || rename(blob->part_path, blob->job->path) != 0)) {
        err = disk_error(blob, PAL_T("finish", "terminer"));
    }
    if (err == PAL_ERR_PROTO) {
        (void)unlink(blob->part_path);
    }
    return err;
}

enum pal_err
pal_blob_download(const struct pal_blob_job *job, struct pal_error *error)
{
    struct pal_error unread = {0};
    struct blob blob = {
        .job = job,
        .part_path = pal_printf("%s.incomplete", job->path),
        .sha256 = EVP_MD_CTX_new(),
        .error = error != NULL ? error : &unread,
    };
    PAL_ASSERT(blob.sha256 != NULL);
    int ok = EVP_DigestInit_ex(blob.sha256, EVP_sha256(), NULL);
    PAL_ASSERT(ok == 1);
    blob.fd = open(blob.part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    enum pal_err err = blob.fd >= 0 ? complete(&blob) : disk_error(&blob, PAL_T("open", "ouvrir"));
    if (blob.fd >= 0) {
        (void)close(blob.fd);
    }
    EVP_MD_CTX_free(blob.sha256);
    free(blob.part_path);
    return err;
}
