/* A list of cards as JSON: a person's file, or what the probe's child process found. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "plan/probe.h"

#define CARD_MAX_BYTES (UINT64_C(1) << 44)

/* A number of bytes, or a text such as "6GiB". False: it is there and absurd. */
static bool
read_bytes(json_t *card, const char *key, uint64_t *bytes)
{
    json_t *value = json_object_get(card, key);
    if (value == NULL) {
        return true;
    }
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        *bytes = number < 0 ? 0 : (uint64_t)number;
        return number >= 0 && *bytes <= CARD_MAX_BYTES;
    }
    return json_is_string(value) && pal_bytes_parse(json_string_value(value), bytes) == PAL_OK &&
           *bytes <= CARD_MAX_BYTES;
}

static bool
read_count(json_t *card, const char *key, uint32_t most, uint32_t *count)
{
    json_t *value = json_object_get(card, key);
    if (value == NULL) {
        return true;
    }
    json_int_t number = json_integer_value(value);
    *count = number < 0 || number > most ? 0 : (uint32_t)number;
    return json_is_integer(value) && number >= 0 && number <= most;
}

static bool
read_kind(json_t *card, enum pal_gpu_kind *kind)
{
    static const char *const words[] = {"discrete", "integrated", "software"};
    json_t *value = json_object_get(card, "kind");
    if (value == NULL) {
        return true;
    }
    for (size_t i = 0; json_is_string(value) && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(json_string_value(value), words[i]) == 0) {
            *kind = (enum pal_gpu_kind)i;
            return true;
        }
    }
    return false;
}

/* Copies a text of printable characters; false if it has others. */
static bool
read_text(json_t *card, const char *key, char *out, size_t size)
{
    json_t *value = json_object_get(card, key);
    if (value == NULL) {
        return true;
    }
    if (!json_is_string(value)) {
        return false;
    }
    const char *text = json_string_value(value);
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            return false;
        }
    }
    (void)snprintf(out, size, "%s", text);
    return true;
}

static void
read_card(json_t *card, size_t i, struct pal_machine *machine)
{
    struct pal_gpu gpu = {.sources = "file"};
    (void)snprintf(gpu.device, sizeof(gpu.device), "GPU%zu", i);
    (void)snprintf(gpu.name, sizeof(gpu.name), "card %zu", i);
    bool is_sound = json_is_object(card) && read_text(card, "name", gpu.name, sizeof(gpu.name)) &&
                    read_text(card, "device", gpu.device, sizeof(gpu.device)) &&
                    read_text(card, "pci", gpu.pci, sizeof(gpu.pci)) && read_kind(card, &gpu.kind);
    if (!is_sound) {
        pal_machine_note(machine, "gpus", "card %zu is not described as docs/plan.md says", i);
        return;
    }
    if (!read_bytes(card, "total", &gpu.total_bytes)) {
        pal_machine_note(machine, "gpus", "'%s': no card has such a total: left out", gpu.name);
        return;
    }
    gpu.free_bytes = gpu.total_bytes;
    if (!read_bytes(card, "free", &gpu.free_bytes) ||
        !read_bytes(card, "used_by_others", &gpu.others_bytes) ||
        !read_bytes(card, "tensor_max", &gpu.tensor_max_bytes) ||
        !read_count(card, "processes", 65535, &gpu.n_others) ||
        !read_count(card, "compute_major", 99, &gpu.compute_major) ||
        !read_count(card, "temperature", 200, &gpu.temperature_c)) {
        pal_machine_note(machine, "gpus", "'%s': a number is absurd: left out", gpu.name);
        return;
    }
    (void)read_text(card, "sources", gpu.sources, sizeof(gpu.sources));
    pal_machine_add_gpu(machine, &gpu);
}

enum pal_err
pal_gpus_read(const char *json, size_t len, struct pal_machine *machine, struct pal_error *error)
{
    json_error_t where;
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL) {
        return pal_error_set(error, PAL_ERR_CONFIG, "cannot read the list of cards: line %d: %s",
                             where.line, where.text);
    }
    json_t *cards = json_object_get(root, "gpus");
    if (!json_is_array(cards)) {
        json_decref(root);
        return pal_error_set(error, PAL_ERR_CONFIG,
                             "cannot read the list of cards: it must be {\"gpus\": [...]}");
    }
    for (size_t i = 0; i < json_array_size(cards); i++) {
        read_card(json_array_get(cards, i), i, machine);
    }
    json_decref(root);
    return PAL_OK;
}
