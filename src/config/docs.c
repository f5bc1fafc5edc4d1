#include <string.h>

#include "config/load.h"
#include "config/option.h"
#include "config/print.h"
#include "config/value.h"
#include "util/text.h"

static enum pal_err
print_intro(struct pal_buf *out)
{
    return pal_buf_append_text(
        out,
        PAL_T(
            "# Configuration\n\n"
            "<!-- Written by `palabre config docs`; change src/config/options.c instead. -->\n\n"
            "Nothing has to be configured. What you want otherwise goes into a `config.yaml`, a\n"
            "`PALABRE_...` variable or an option of the command; where several say something, the\n"
            "lowest of this list wins:\n\n"
            "1. the default\n"
            "2. `" PAL_CONFIG_SYSTEM_PATH "`\n"
            "3. `$XDG_CONFIG_HOME/palabre/config.yaml`, usually `~/.config/palabre/config.yaml`\n"
            "   (`palabre config path` prints it)\n"
            "4. the environment (an empty variable counts as absent)\n"
            "5. the command line\n\n"
            "`--config FILE` or `PALABRE_CONFIG` reads that file in place of 2 and 3.\n\n"
            "`palabre config show` prints every setting in force and where it comes from, as a\n"
            "`config.yaml` to start from. `palabre config check` reports all that is wrong, with\n"
            "line and column, and ends with status 78 if something is. A key that nobody knows is\n"
            "an error, so that a slip of the pen can't pass for a setting.\n\n"
            "A time is in seconds, or has its unit: `500ms`, `10s`, `2m`, `1h`. `~/` at the start\n"
            "of a path is your home. A list is `[a, b]` in the file and `a,b` elsewhere. An "
            "option\n"
            "that is true or false stands alone for true: `--avatar`, `--no-avatar`. The file is\n"
            "UTF-8, at most 256 KiB, without anchors, aliases and tags; JSON is YAML too.\n",
            "# Configuration\n\n"
            "<!-- Écrit par `palabre config docs --lang fr` ; modifiez src/config/options.c. "
            "-->\n\n"
            "Rien n'est à configurer. Ce que vous voulez autrement va dans un `config.yaml`, une\n"
            "variable `PALABRE_...` ou une option de la commande ; quand plusieurs parlent, le\n"
            "dernier de cette liste l'emporte :\n\n"
            "1. la valeur par défaut\n"
            "2. `" PAL_CONFIG_SYSTEM_PATH "`\n"
            "3. `$XDG_CONFIG_HOME/palabre/config.yaml`, d'ordinaire\n"
            "   `~/.config/palabre/config.yaml` (`palabre config path` l'affiche)\n"
            "4. l'environnement (une variable vide compte pour absente)\n"
            "5. la ligne de commande\n\n"
            "`--config FICHIER` ou `PALABRE_CONFIG` lit ce fichier à la place de 2 et 3.\n\n"
            "`palabre config show` affiche tous les réglages en vigueur et d'où ils viennent, "
            "sous\n"
            "la forme d'un `config.yaml` de départ. `palabre config check` dit tout ce qui ne va\n"
            "pas, avec ligne et colonne, et finit alors avec le statut 78. Une clé inconnue est "
            "une\n"
            "erreur : une faute de frappe ne peut pas passer pour un réglage.\n\n"
            "Une durée est en secondes, ou porte son unité : `500ms`, `10s`, `2m`, `1h`. `~/` au\n"
            "début d'un chemin est votre dossier personnel. Une liste s'écrit `[a, b]` dans le\n"
            "fichier et `a,b` ailleurs. Une option vraie ou fausse s'écrit seule pour vrai :\n"
            "`--avatar`, `--no-avatar`. Le fichier est en UTF-8, 256 Kio au plus, sans ancres,\n"
            "alias ni étiquettes ; le JSON est aussi du YAML.\n"));
}

static enum pal_err
print_default(const struct pal_option *option, struct pal_buf *out)
{
    if (option->initial[0] != '\0') {
        return pal_buf_printf(out, "`%s`", option->initial);
    }
    return pal_buf_append_text(
        out, option->initial_en != NULL ? PAL_T(option->initial_en, option->initial_fr) : "");
}

static enum pal_err
print_row(const struct pal_option *option, struct pal_buf *out)
{
    char flag[PAL_OPTION_NAME_MAX];
    char variable[PAL_OPTION_NAME_MAX];
    char allowed[256];
    pal_option_flag(option, flag);
    pal_option_variable(option, variable);
    pal_value_describe(option, allowed, sizeof(allowed));
    enum pal_err err = pal_buf_printf(out, "| `%s` | ", option->key);
    err = err == PAL_OK ? print_default(option, out) : err;
    if (err == PAL_OK) {
        err = pal_buf_printf(out, PAL_T(" | %s *It is %s.* | `--%s`", " | %s *C'est %s.* | `--%s`"),
                             PAL_T(option->en, option->fr), allowed, flag);
    }
    if (err == PAL_OK && option->letter != '\0') {
        err = pal_buf_printf(out, ", `-%c`", option->letter);
    }
    return err == PAL_OK ? pal_buf_printf(out, "<br>`%s` |\n", variable) : err;
}

static enum pal_err
print_section(const struct pal_option_section *section, struct pal_buf *out)
{
    enum pal_err err = pal_buf_printf(
        out,
        PAL_T("\n## %s%s%s\n\n| Key | Default | What it does | Option and variable |\n"
              "|---|---|---|---|\n",
              "\n## %s%s%s\n\n| Clé | Par défaut | Effet | Option et variable |\n"
              "|---|---|---|---|\n"),
        PAL_T(section->en, section->fr), section->name[0] != '\0' ? PAL_T(": ", " : ") : "",
        section->name);
    size_t len = strlen(section->name);
    for (size_t i = 0; err == PAL_OK && i < pal_n_options; i++) {
        const struct pal_option *option = &pal_options[i];
        if (!option->hidden && pal_option_section_len(option->key) == len &&
            strncmp(option->key, section->name, len) == 0) {
            err = print_row(option, out);
        }
    }
    return err;
}

static enum pal_err
print_old_keys(struct pal_buf *out)
{
    enum pal_err err =
        pal_buf_append_text(out, PAL_T("\n## Files written for other companions\n\n"
                                       "These keys are accepted with a warning.\n\n"
                                       "| Key | Here |\n|---|---|\n",
                                       "\n## Fichiers écrits pour d'autres compagnons\n\n"
                                       "Ces clés sont acceptées, avec un avertissement.\n\n"
                                       "| Clé | Ici |\n|---|---|\n"));
    for (size_t i = 0; err == PAL_OK && i < pal_n_old_keys; i++) {
        const struct pal_old_key *old = &pal_old_keys[i];
        const char *instead =
            old->instead != NULL ? old->instead : PAL_T("no effect", "sans effet");
        const char *quote = old->instead != NULL ? "`" : "";
        err = pal_buf_printf(out, "| `%s` | %s%s%s |\n", old->key, quote, instead, quote);
    }
    return err;
}

static enum pal_err
print_example(struct pal_buf *out)
{
    return pal_buf_append_text(out, PAL_T("\n## Example\n\n"
                                          "```yaml\n"
                                          "model: qwen2.5-3b-instruct\n"
                                          "bot:\n"
                                          "  name: Pal\n"
                                          "  max_tokens_chill: 100\n"
                                          "  temperature_chill: 0.8\n"
                                          "  model_timeout: 10\n"
                                          "rate_limiting:\n"
                                          "  max_concurrent_users: 4\n"
                                          "  max_messages_per_user: 12\n"
                                          "  max_idle_time: 3600\n"
                                          "ai:\n"
                                          "  context_limit: 2048\n"
                                          "  n_gpu_layers: 20\n"
                                          "```\n",
                                          "\n## Exemple\n\n"
                                          "```yaml\n"
                                          "model: qwen2.5-3b-instruct\n"
                                          "lang: fr\n"
                                          "bot:\n"
                                          "  name: Pal\n"
                                          "  max_tokens_chill: 100\n"
                                          "  temperature_chill: 0.8\n"
                                          "  model_timeout: 10\n"
                                          "rate_limiting:\n"
                                          "  max_concurrent_users: 4\n"
                                          "  max_messages_per_user: 12\n"
                                          "  max_idle_time: 3600\n"
                                          "ai:\n"
                                          "  context_limit: 2048\n"
                                          "  n_gpu_layers: 20\n"
                                          "```\n"));
}

enum pal_err
pal_config_print_docs(struct pal_buf *out)
{
    enum pal_err err = print_intro(out);
    for (size_t i = 0; err == PAL_OK && i < pal_n_option_sections; i++) {
        err = print_section(&pal_option_sections[i], out);
    }
    err = err == PAL_OK ? print_old_keys(out) : err;
    return err == PAL_OK ? print_example(out) : err;
}
