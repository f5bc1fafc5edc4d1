#include "plan/tuned.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/type.h"
#include "util/mem.h"
#include "util/path.h"

#define FILE_MAX_BYTES (16 * 1024)
#define FORMAT         2
#define THREADS_MAX    512

/* Sixteen digits for a model: its name, types and exact sizes. */
static uint64_t
model_key(const struct pal_shape *shape)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    const char *texts[] = {shape->name, shape->architecture, shape->quant};
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        for (const char *c = texts[i]; *c != '\0'; c++) {
            hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
        }
    }
    hash = (hash ^ shape->file_bytes) * UINT64_C(0x100000001B3);
    return (hash ^ shape->n_layers) * UINT64_C(0x100000001B3);
}

char *
pal_tuned_path(const struct pal_machine *machine, const struct pal_shape *shape)
{
    char fingerprint[PAL_FINGERPRINT_MAX];
    char *state = pal_path_user_dir(PAL_USER_DIR_STATE);
    if (state == NULL) {
        return NULL;
    }
    pal_machine_fingerprint(machine, fingerprint);
    char *path = pal_printf("%s/tune/%016" PRIx64 "-%s.json", state, model_key(shape), fingerprint);
    free(state);
    return path;
}

static bool
take_count(json_t *root, const char *key, json_int_t least, json_int_t most, uint32_t *out)
{
    json_t *value = json_object_get(root, key);
    json_int_t number = json_integer_value(value);
    *out = (uint32_t)number;
    return json_is_integer(value) && number >= least && number <= most;
}

static bool
take_bool(json_t *root, const char *key, bool *out)
{
    json_t *value = json_object_get(root, key);
    *out = json_is_true(value);
    return json_is_boolean(value);
}

/* It becomes part of a library's name. */
static bool
take_variant(json_t *root, struct pal_tuned *tuned)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const char *text = json_string_value(json_object_get(root, "variant"));
    if (text == NULL || strlen(text) >= sizeof(tuned->variant) ||
        strspn(text, allowed) != strlen(text)) {
        return false;
    }
    (void)snprintf(tuned->variant, sizeof(tuned->variant), "%s", text);
    return true;
}

static bool
take_profile(json_t *root, enum pal_profile *profile)
{
    const char *text = json_string_value(json_object_get(root, "profile"));
    for (int i = PAL_PROFILE_PERFORMANCE; text != NULL && i <= PAL_PROFILE_CPU; i++) {
        if (strcmp(text, pal_profile_name((enum pal_profile)i)) == 0) {
            *profile = (enum pal_profile)i;
            return true;
        }
    }
    return false;
}

static bool
take_all(json_t *root, struct pal_tuned *tuned)
{
    uint32_t format = 0;
    json_t *turn = json_object_get(root, "turn_ms");
    json_t *usual = json_object_get(root, "usual_turn_ms");
    json_t *made = json_object_get(root, "made_s");
    if (!take_profile(root, &tuned->profile)) {
        return false;
    }
    tuned->turn_ms = json_number_value(turn);
    tuned->usual_turn_ms = json_number_value(usual);
    tuned->made_s = json_integer_value(made);
    return take_count(root, "format", FORMAT, FORMAT, &format) && take_variant(root, tuned) &&
           take_bool(root, "extra_bufts", &tuned->has_extra_bufts) &&
           take_bool(root, "flash_attn", &tuned->has_flash_attn) &&
           take_count(root, "n_threads", 1, THREADS_MAX, &tuned->n_threads) &&
           take_count(root, "n_threads_batch", 1, THREADS_MAX, &tuned->n_threads_batch) &&
           take_bool(root, "sleeps", &tuned->sleeps) &&
           take_bool(root, "pinned", &tuned->is_pinned) &&
           take_bool(root, "quick", &tuned->is_quick) &&
           take_count(root, "n_batch_tokens", 32, 4096, &tuned->n_batch_tokens) &&
           take_count(root, "n_ubatch_tokens", 16, 4096, &tuned->n_ubatch_tokens) &&
           take_count(root, "kv_type", 0, PAL_GGUF_TYPE_Q8_0, &tuned->kv_type) &&
           (tuned->kv_type == PAL_GGUF_TYPE_F16 || tuned->kv_type == PAL_GGUF_TYPE_Q8_0) &&
           json_is_number(turn) && json_is_number(usual) && json_is_integer(made) &&
           tuned->turn_ms >= 0 && tuned->usual_turn_ms >= 0;
}

enum pal_err
pal_tuned_parse(const char *json, size_t len, struct pal_tuned *tuned, struct pal_error *error)
{
    *tuned = (struct pal_tuned){0};
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    bool is_sound = json_is_object(root) && take_all(root, tuned);
    json_decref(root);
    if (!is_sound) {
        *tuned = (struct pal_tuned){0};
        return pal_error_set(error, PAL_ERR_PROTO,
                             "no result of 'palabre tune', or of another version: tune again");
    }
    return PAL_OK;
}

enum pal_err
pal_tuned_load(const char *path, struct pal_tuned *tuned, struct pal_error *error)
{
    char *text = NULL;
    size_t len = 0;
    enum pal_err err = pal_path_read(path, FILE_MAX_BYTES, &text, &len, error);
    if (err == PAL_OK) {
        err = pal_tuned_parse(text, len, tuned, error);
    }
    free(text);
    return err;
}

enum pal_err
pal_tuned_save(const char *path, const struct pal_tuned *tuned, struct pal_error *error)
{
    char *folder = pal_path_parent(path);
    enum pal_err err = pal_path_make_dirs(folder, error);
    free(folder);
    if (err != PAL_OK) {
        return err;
    }
    json_t *root = json_pack(
        "{s:i, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:I}",
        "format", FORMAT, "profile", pal_profile_name(tuned->profile), "variant", tuned->variant,
        "quick", tuned->is_quick, "sleeps", tuned->sleeps, "pinned", tuned->is_pinned,
        "extra_bufts", tuned->has_extra_bufts, "flash_attn", tuned->has_flash_attn, "n_threads",
        (int)tuned->n_threads, "n_threads_batch", (int)tuned->n_threads_batch, "n_batch_tokens",
        (int)tuned->n_batch_tokens, "n_ubatch_tokens", (int)tuned->n_ubatch_tokens, "kv_type",
        (int)tuned->kv_type, "turn_ms", tuned->turn_ms, "usual_turn_ms", tuned->usual_turn_ms,
        "made_s", (json_int_t)tuned->made_s);
    char *temporary = pal_printf("%s.new", path);
    if (root == NULL || json_dump_file(root, temporary, JSON_INDENT(2)) != 0 ||
        rename(temporary, path) != 0) {
        err = pal_error_set(error, PAL_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
        (void)remove(temporary);
    }
    json_decref(root);
    free(temporary);
    return err;
}

static void
apply_rest(struct pal_plan *plan, const struct pal_tuned *tuned)
{
    plan->sleeps = tuned->sleeps;
    plan->is_pinned = tuned->is_pinned;
    if (plan->why_threads != PAL_WHY_ASKED && plan->why_threads != PAL_WHY_ALL_ON_GPU) {
        plan->n_threads = tuned->n_threads;
        plan->why_threads = PAL_WHY_MEASURED;
    }
    if (plan->why_threads_batch != PAL_WHY_ASKED && plan->why_threads_batch != PAL_WHY_ALL_ON_GPU) {
        plan->n_threads_batch = tuned->n_threads_batch;
        plan->why_threads_batch = PAL_WHY_MEASURED;
    }
    if (plan->why_batch == PAL_WHY_DEFAULT) {
        plan->n_batch_tokens = tuned->n_batch_tokens;
        plan->n_ubatch_tokens = tuned->n_ubatch_tokens;
        plan->why_batch = PAL_WHY_MEASURED;
    }
    /* A smaller KV that was asked for needs it. */
    bool needs_flash = plan->why_kv_type == PAL_WHY_ASKED && plan->kv_type != PAL_GGUF_TYPE_F16;
    if (plan->why_flash == PAL_WHY_DEFAULT && !needs_flash) {
        plan->has_flash_attn = tuned->has_flash_attn;
        plan->why_flash = PAL_WHY_MEASURED;
    }
    if (plan->why_kv_type == PAL_WHY_DEFAULT &&
        (plan->has_flash_attn || tuned->kv_type == PAL_GGUF_TYPE_F16)) {
        plan->kv_type = tuned->kv_type;
        plan->why_kv_type = PAL_WHY_MEASURED;
    }
}

void
pal_plan_apply(struct pal_plan *plan, const struct pal_machine *machine,
               const struct pal_shape *shape, const struct pal_tuned *tuned)
{
    if (tuned->profile != plan->profile) {
        return;
    }
    plan->is_tuned = true;
    plan->is_tuned_quickly = tuned->is_quick;
    memcpy(plan->variant, tuned->variant, sizeof(plan->variant));
    if (plan->why_extra_bufts == PAL_WHY_DEFAULT) {
        plan->has_extra_bufts = tuned->has_extra_bufts;
        plan->why_extra_bufts = tuned->is_quick ? PAL_WHY_GLANCED : PAL_WHY_MEASURED;
    }
    if (!tuned->is_quick) {
        apply_rest(plan, tuned);
    }
    pal_plan_size(machine, shape, plan);
}
