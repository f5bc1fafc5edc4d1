/* palabre model list: what is here, and what can be downloaded. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands/command.h"
#include "commands/model.h"
#include "commands/model_file.h"
#include "fetch/fetch.h"
#include "util/mem.h"
#include "util/text.h"

struct listing {
    json_t *models; /* owned; NULL if people read it */
    size_t n_models;
};

static void
print_help(FILE *to)
{
    (void)fputs(
        PAL_T("Usage: palabre model list [--json]\n"
              "\n"
              "Shows the models of the shared Hugging Face cache, whoever downloaded them,\n"
              "and those that 'palabre model pull' knows by name.\n",
              "Usage : palabre model list [--json]\n"
              "\n"
              "Montre les modèles du cache partagé de Hugging Face, quel que soit le\n"
              "programme qui les a téléchargés, et ceux que « palabre model pull » connaît.\n"),
        to);
}

/* How to name this file: by the built-in list if it is there, else "hf:". */
static char *
name_of(const struct pal_cache_model *model)
{
    const struct pal_fetch_entry *entry;
    for (size_t i = 0; (entry = pal_fetch_catalogue_at(i)) != NULL; i++) {
        if (strcasecmp(entry->user, model->user) == 0 &&
            strcasecmp(entry->repo, model->repo) == 0 && strcmp(entry->file, model->file) == 0) {
            return pal_strdup(entry->name);
        }
    }
    char quant[32];
    pal_fetch_quant_of(model->file, quant, sizeof(quant));
    return pal_printf("hf:%s/%s%s%s", model->user, model->repo, quant[0] != '\0' ? ":" : "", quant);
}

static void
show_model(const struct pal_cache_model *model, void *userdata)
{
    struct listing *listing = userdata;
    char *name = name_of(model);
    char size[32];
    pal_model_format_bytes(model->bytes, size, sizeof(size));
    listing->n_models++;
    if (listing->models != NULL) {
        (void)json_array_append_new(
            listing->models,
            json_pack("{s:o, s:b, s:I, s:o}", "name", pal_model_json_text(name), "is_here", 1,
                      "bytes", (json_int_t)model->bytes, "path", pal_model_json_text(model->path)));
    } else {
        (void)printf("  %-40s %8s\n", name, size);
    }
    free(name);
}

static bool
is_here(const struct pal_fetch_entry *entry)
{
    char *path = NULL;
    bool found = pal_fetch_find(entry->name, &path, NULL) == PAL_OK;
    free(path);
    return found;
}

static void
show_catalogue(struct listing *listing)
{
    const struct pal_fetch_entry *entry;
    for (size_t i = 0; (entry = pal_fetch_catalogue_at(i)) != NULL; i++) {
        if (is_here(entry)) {
            continue;
        }
        if (listing->models != NULL) {
            char *from = pal_printf("hf:%s/%s:%s", entry->user, entry->repo, entry->quant);
            (void)json_array_append_new(
                listing->models,
                json_pack("{s:s, s:b, s:s}", "name", entry->name, "is_here", 0, "from", from));
            free(from);
        } else {
            (void)printf("  %-24s %s (%s/%s)\n", entry->name, entry->quant, entry->user,
                         entry->repo);
        }
    }
}

static void
list_for_people(void)
{
    struct listing listing = {0};
    char *root = pal_cache_root();
    (void)printf("%s", PAL_T("Here:\n", "Présents :\n"));
    (void)printf("  %-40s %s\n", PAL_MODEL_FILE_STARTER, PAL_T("built in", "intégré"));
    pal_cache_list(root, show_model, &listing);
    (void)printf(PAL_T("\nTo download with 'palabre model pull NAME':\n",
                       "\nÀ télécharger avec « palabre model pull NOM » :\n"));
    show_catalogue(&listing);
    (void)printf(PAL_T("  or any other: hf:user/repository:QUANT\n\nThey are kept in %s\n",
                       "  ou tout autre : hf:utilisateur/dépôt:QUANT\n\nIls sont gardés dans %s\n"),
                 root);
    free(root);
}

static void
list_as_json(void)
{
    struct listing listing = {.models = json_array()};
    char *root = pal_cache_root();
    (void)json_array_append_new(
        listing.models, json_pack("{s:s, s:b}", "name", PAL_MODEL_FILE_STARTER, "is_here", 1));
    pal_cache_list(root, show_model, &listing);
    show_catalogue(&listing);
    json_t *object =
        json_pack("{s:o, s:o}", "cache", pal_model_json_text(root), "models", listing.models);
    (void)json_dumpf(object, stdout, JSON_INDENT(2));
    (void)printf("\n");
    json_decref(object);
    free(root);
}

int
pal_model_list(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool as_json = false;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
        if (option == 'h') {
            print_help(stdout);
            return PAL_EXIT_OK;
        }
        if (option != 'j') {
            return PAL_EXIT_USAGE;
        }
        as_json = true;
    }
    if (optind != argc) {
        print_help(stderr);
        return PAL_EXIT_USAGE;
    }
    if (as_json) {
        list_as_json();
    } else {
        list_for_people();
    }
    return PAL_EXIT_OK;
}
