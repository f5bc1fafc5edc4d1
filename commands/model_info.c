/* palabre model info: what a GGUF holds, for people and as JSON. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "commands/model.h"
#include "commands/model_file.h"
#include "gguf/gguf.h"
#include "gguf/type.h"
#include "util/mem.h"
#include "util/text.h"
#include "util/utf8.h"

#define SHOWN_ITEMS      8
#define SHOWN_TEXT_BYTES 100

struct arguments {
    const char *file;
    bool as_json;
    bool with_keys;
    bool with_tensors;
};

static void
print_help(FILE *to)
{
    (void)fputs(PAL_T("Usage: palabre model info [--keys] [--tensors] [--json] FILE.gguf|NAME\n"
                      "\n"
                      "Reads a model file's header, checks it strictly, and says what it holds.\n"
                      "\n"
                      "  --keys       every key and its value as well\n"
                      "  --tensors    every tensor as well\n"
                      "  --json       all of it, for programs\n",
                      "Usage : palabre model info [--keys] [--tensors] [--json] FICHIER.gguf|NOM\n"
                      "\n"
                      "Lit l'en-tête d'un fichier de modèle, le vérifie et dit ce qu'il contient.\n"
                      "\n"
                      "  --keys       aussi chaque clé et sa valeur\n"
                      "  --tensors    aussi chaque tenseur\n"
                      "  --json       tout cela, pour les programmes\n"),
                to);
}

/* A label and the room up to the values, counted in characters and not in bytes. */
static void
print_label(const char *label)
{
    (void)printf("%s", label);
    for (size_t n = pal_utf8_count(label, strlen(label)); n < 18; n++) {
        (void)putchar(' ');
    }
}

static void
print_layers(const struct pal_gguf *gguf, const struct pal_gguf_facts *facts)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (uint32_t i = 0; i < facts->n_layers; i++) {
        uint64_t bytes = pal_gguf_layer_bytes(gguf, i);
        least = bytes < least ? bytes : least;
        most = bytes > most ? bytes : most;
    }
    char low[32];
    char high[32];
    char outside[32];
    pal_model_format_bytes(least, low, sizeof(low));
    pal_model_format_bytes(most, high, sizeof(high));
    pal_model_format_bytes(pal_gguf_outside_bytes(gguf), outside, sizeof(outside));
    print_label(PAL_T("Layers", "Couches"));
    (void)printf(PAL_T("%u, of %s to %s each; the rest takes %s\n",
                       "%u, de %s à %s chacune ; le reste prend %s\n"),
                 facts->n_layers, low, high, outside);
}

/* Bytes of keys and values of one token, at 16 bits. */
static uint64_t
kv_bytes(const struct pal_gguf *gguf, const struct pal_gguf_facts *facts)
{
    uint64_t heads = 0;
    for (uint32_t i = 0; i < facts->n_layers; i++) {
        heads += pal_gguf_layer_heads_kv(gguf, i);
    }
    return heads * ((uint64_t)facts->key_length + facts->value_length) * 2;
}

static void
print_parameters(const struct pal_gguf_facts *facts)
{
    char number[32];
    double billions = (double)facts->n_parameters / 1e9;
    (void)snprintf(number, sizeof(number), "%.2f", billions >= 0.995 ? billions : billions * 1000);
    char *point = strchr(number, '.');
    if (point != NULL && pal_lang() == PAL_LANG_FR) {
        *point = ',';
    }
    print_label(PAL_T("Parameters", "Paramètres"));
    (void)printf("%s %s\n", number,
                 billions >= 0.995 ? PAL_T("billion", "milliards") : PAL_T("million", "millions"));
    print_label(PAL_T("Quantisation", "Quantification"));
    (void)printf(PAL_T("%s, %.1f bits a weight\n", "%s, %.1f bits par poids\n"), facts->quant,
                 facts->n_parameters > 0
                     ? (double)facts->tensor_bytes * 8 / (double)facts->n_parameters
                     : 0.0);
}

static void
print_facts(const struct pal_gguf *gguf, const char *path)
{
    struct pal_gguf_facts facts = pal_gguf_facts(gguf);
    char size[32];
    char cache[32];
    pal_model_format_bytes(facts.file_bytes, size, sizeof(size));
    pal_model_format_bytes(kv_bytes(gguf, &facts), cache, sizeof(cache));
    print_label(PAL_T("File", "Fichier"));
    (void)printf("%s (%s, GGUF v%u", path, size, facts.version);
    if (facts.n_parts > 1) {
        (void)printf(PAL_T(", %u parts", ", %u parties"), facts.n_parts);
    }
    (void)printf(")\n");
    if (facts.name[0] != '\0') {
        print_label(PAL_T("Name", "Nom"));
        (void)printf("%s\n", facts.name);
    }
    print_label("Architecture");
    (void)printf("%s\n", facts.architecture);
    print_parameters(&facts);
    if (facts.n_layers > 0) {
        print_layers(gguf, &facts);
    }
    print_label("Dimensions");
    (void)printf(PAL_T("%u, feed-forward %u\n", "%u, couche intermédiaire %u\n"),
                 facts.embedding_length, facts.feed_forward_length);
    print_label("Attention");
    (void)printf(PAL_T("%u heads, %u for keys and values, of %u and %u\n",
                       "%u têtes, %u pour clés et valeurs, de %u et %u\n"),
                 facts.n_heads, facts.n_heads_kv, facts.key_length, facts.value_length);
    if (facts.n_experts > 0) {
        print_label("Experts");
        (void)printf(PAL_T("%u, %u at a time\n", "%u, %u à la fois\n"), facts.n_experts,
                     facts.n_experts_used);
    }
    print_label(PAL_T("Context", "Contexte"));
    (void)printf(PAL_T("%u tokens; each takes %s of memory (F16)\n",
                       "%u jetons ; chacun prend %s de mémoire (F16)\n"),
                 facts.context_tokens, cache);
    print_label(PAL_T("Vocabulary", "Vocabulaire"));
    (void)printf(PAL_T("%u tokens\n", "%u jetons\n"), facts.n_vocab);
    print_label(PAL_T("Chat template", "Gabarit de chat"));
    (void)printf("%s\n", facts.has_chat_template ? PAL_T("yes", "oui") : PAL_T("none", "aucun"));
}

/* A file's text on a terminal: one line, cut, whole characters, no control characters. */
static void
print_text(const struct pal_gguf_text *text)
{
    char shown[SHOWN_TEXT_BYTES + 1];
    size_t len = text->len;
    if (len > SHOWN_TEXT_BYTES) {
        len = pal_utf8_whole(text->data, SHOWN_TEXT_BYTES);
    }
    memcpy(shown, text->data, len);
    shown[len] = '\0';
    pal_utf8_scrub(shown, len);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)shown[i] < 0x20 || shown[i] == 0x7f) {
            shown[i] = ' ';
        }
    }
    (void)printf("\"%s\"%s", shown, len < text->len ? "..." : "");
}

static void
print_value(const struct pal_gguf_kv *kv)
{
    const uint8_t *at = kv->data;
    struct pal_gguf_text text;
    uint64_t i = 0;
    for (; i < kv->n_items && i < SHOWN_ITEMS; i++) {
        (void)printf("%s", i > 0 ? ", " : "");
        if (kv->item_kind == PAL_GGUF_KIND_TEXT) {
            (void)(pal_gguf_kv_next_text(kv, &at, &text) && (print_text(&text), true));
        } else if (kv->item_kind == PAL_GGUF_KIND_BOOL) {
            (void)printf("%s", pal_gguf_kv_number(kv, i) != 0 ? "true" : "false");
        } else {
            (void)printf("%.10g", pal_gguf_kv_number(kv, i));
        }
    }
    if (i < kv->n_items) {
        (void)printf(PAL_T(", ... (%llu in all)", ", ... (%llu en tout)"),
                     (unsigned long long)kv->n_items);
    }
}

static void
print_keys(const struct pal_gguf *gguf)
{
    (void)printf("\n");
    for (size_t i = 0; i < pal_gguf_n_kv(gguf); i++) {
        struct pal_gguf_kv kv = pal_gguf_kv_at(gguf, i);
        (void)printf("%.*s = ", (int)kv.key.len, kv.key.data);
        print_value(&kv);
        (void)printf("\n");
    }
}

static void
print_tensors(const struct pal_gguf *gguf)
{
    (void)printf("\n");
    for (size_t i = 0; i < pal_gguf_n_tensors(gguf); i++) {
        const struct pal_gguf_tensor *tensor = pal_gguf_tensor_at(gguf, i);
        char size[32];
        pal_model_format_bytes(tensor->bytes, size, sizeof(size));
        (void)printf("%-32s %-6s %10s  %" PRIu64, tensor->name,
                     pal_gguf_type_traits(tensor->type)->name, size, tensor->shape[0]);
        for (uint32_t j = 1; j < tensor->n_dims; j++) {
            (void)printf(" x %" PRIu64, tensor->shape[j]);
        }
        (void)printf("\n");
    }
}

/* Texts of a hostile file need not be UTF-8; JSON has to be. */
static json_t *
json_text(const struct pal_gguf_text *text)
{
    char *copy = pal_strndup(text->data, text->len);
    pal_utf8_scrub(copy, text->len);
    json_t *json = json_stringn(copy, text->len);
    free(copy);
    return json;
}

static json_t *
json_value(const struct pal_gguf_kv *kv)
{
    json_t *items = json_array();
    const uint8_t *at = kv->data;
    for (uint64_t i = 0; i < kv->n_items && i < SHOWN_ITEMS; i++) {
        struct pal_gguf_text text;
        if (kv->item_kind == PAL_GGUF_KIND_TEXT && pal_gguf_kv_next_text(kv, &at, &text)) {
            (void)json_array_append_new(items, json_text(&text));
        } else if (kv->item_kind == PAL_GGUF_KIND_BOOL) {
            (void)json_array_append_new(items, json_boolean(pal_gguf_kv_number(kv, i) != 0));
        } else {
            /* NULL for what JSON has no number for (NaN). */
            json_t *number = json_real(pal_gguf_kv_number(kv, i));
            (void)json_array_append_new(items, number != NULL ? number : json_null());
        }
    }
    if (kv->kind == PAL_GGUF_KIND_ARRAY) {
        return json_pack("{s:I, s:o}", "count", (json_int_t)kv->n_items, "first", items);
    }
    json_t *only = json_incref(json_array_get(items, 0));
    json_decref(items);
    return only;
}

static json_t *
json_tensors(const struct pal_gguf *gguf)
{
    json_t *tensors = json_array();
    for (size_t i = 0; i < pal_gguf_n_tensors(gguf); i++) {
        const struct pal_gguf_tensor *tensor = pal_gguf_tensor_at(gguf, i);
        json_t *shape = json_array();
        for (uint32_t j = 0; j < tensor->n_dims; j++) {
            (void)json_array_append_new(shape, json_integer((json_int_t)tensor->shape[j]));
        }
        (void)json_array_append_new(
            tensors, json_pack("{s:s, s:s, s:o, s:I, s:I, s:I}", "name", tensor->name, "type",
                               pal_gguf_type_traits(tensor->type)->name, "shape", shape, "bytes",
                               (json_int_t)tensor->bytes, "offset", (json_int_t)tensor->offset,
                               "part", (json_int_t)tensor->part));
    }
    return tensors;
}

static void
print_json(const struct pal_gguf *gguf, const struct arguments *arguments, const char *path)
{
    struct pal_gguf_facts f = pal_gguf_facts(gguf);
    json_t *layers = json_array();
    for (uint32_t i = 0; i < f.n_layers; i++) {
        (void)json_array_append_new(layers,
                                    json_integer((json_int_t)pal_gguf_layer_bytes(gguf, i)));
    }
    json_t *root = json_pack(
        "{s:o, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, "
        "s:i, s:i, s:i, s:b, s:I, s:I, s:o}",
        "path", pal_model_json_text(path), "architecture", f.architecture, "name", f.name,
        "quantization", f.quant, "version", (int)f.version, "parts", (int)f.n_parts, "file_bytes",
        (json_int_t)f.file_bytes, "tensor_bytes", (json_int_t)f.tensor_bytes, "parameters",
        (json_int_t)f.n_parameters, "layers", (int)f.n_layers, "context_tokens",
        (int)f.context_tokens, "embedding_length", (int)f.embedding_length, "feed_forward_length",
        (int)f.feed_forward_length, "heads", (int)f.n_heads, "heads_kv", (int)f.n_heads_kv,
        "key_length", (int)f.key_length, "value_length", (int)f.value_length, "vocabulary",
        (int)f.n_vocab, "experts", (int)f.n_experts, "experts_used", (int)f.n_experts_used,
        "chat_template", f.has_chat_template, "kv_bytes_a_token_f16",
        (json_int_t)kv_bytes(gguf, &f), "outside_bytes", (json_int_t)pal_gguf_outside_bytes(gguf),
        "layer_bytes", layers);
    PAL_ASSERT(root != NULL);
    json_t *keys = json_object();
    for (size_t i = 0; i < pal_gguf_n_kv(gguf); i++) {
        struct pal_gguf_kv kv = pal_gguf_kv_at(gguf, i);
        char *key = pal_strndup(kv.key.data, kv.key.len);
        (void)json_object_set_new(keys, key, json_value(&kv));
        free(key);
    }
    (void)json_object_set_new(root, "keys", keys);
    if (arguments->with_tensors) {
        (void)json_object_set_new(root, "tensors", json_tensors(gguf));
    }
    (void)json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    (void)printf("\n");
    json_decref(root);
}

/* PAL_EXIT_OK without a file if there is nothing left to do. */
static int
read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"keys", no_argument, NULL, 'k'},
        {"tensors", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "jkth", options, NULL)) != -1) {
        switch (option) {
        case 'j':
            arguments->as_json = true;
            break;
        case 'k':
            arguments->with_keys = true;
            break;
        case 't':
            arguments->with_tensors = true;
            break;
        case 'h':
            print_help(stdout);
            return PAL_EXIT_OK;
        default:
            return PAL_EXIT_USAGE;
        }
    }
    if (optind + 1 != argc) {
        print_help(stderr);
        return PAL_EXIT_USAGE;
    }
    arguments->file = argv[optind];
    return PAL_EXIT_OK;
}

int
pal_model_info(int argc, char **argv)
{
    struct arguments arguments = {0};
    int status = read_arguments(argc, argv, &arguments);
    if (arguments.file == NULL) {
        return status;
    }
    struct pal_error error;
    char *path = NULL;
    bool starter;
    if (pal_model_file_find(arguments.file, &path, &starter, &error) != PAL_OK) {
        return pal_model_fail(&error);
    }
    struct pal_gguf *gguf;
    if (pal_gguf_open(path, &gguf, &error) != PAL_OK) {
        free(path);
        return pal_model_fail(&error);
    }
    if (arguments.as_json) {
        print_json(gguf, &arguments, path);
    } else {
        print_facts(gguf, path);
        if (arguments.with_keys) {
            print_keys(gguf);
        }
        if (arguments.with_tensors) {
            print_tensors(gguf);
        }
    }
    pal_gguf_close(gguf);
    free(path);
    return PAL_EXIT_OK;
}
