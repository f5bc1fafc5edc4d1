/*
 * palabre config: where the configuration is, what is in force, what is wrong with it.
 */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/startup.h"
#include "config/config.h"
#include "config/option.h"
#include "config/print.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define OUTPUT_BYTES_MAX ((size_t)256 * 1024)

static const struct pal_config_request request = {
    .command = "config",
    .arguments = "path|show|check",
    .about_en = "path: where your config.yaml is. show: every setting in force and where it comes "
                "from.\ncheck: reports all that is wrong; status 78 if something is.",
    .about_fr = "path : où est votre config.yaml. show : tous les réglages en vigueur et leur "
                "origine.\ncheck : dit tout ce qui ne va pas ; statut 78 s'il y a quelque chose.",
    .groups = PAL_GROUP_ALL,
    .n_args_max = 1,
};

static int
print_path(const struct pal_config *config)
{
    if (config->user_file == NULL) {
        (void)fprintf(stderr, "%s",
                      PAL_T("palabre: no home folder: set HOME or XDG_CONFIG_HOME\n",
                            "palabre: pas de dossier personnel : donnez HOME ou "
                            "XDG_CONFIG_HOME\n"));
        return PAL_EXIT_CONFIG;
    }
    (void)printf("%s\n", config->user_file);
    return PAL_EXIT_OK;
}

static int
print_buf(struct pal_buf *buf, enum pal_err err)
{
    PAL_ASSERT(err == PAL_OK); /* the table is ours, and values have maxima */
    (void)fwrite(buf->data, 1, buf->len, stdout);
    pal_buf_finish(buf);
    return fflush(stdout) == 0 ? PAL_EXIT_OK : PAL_EXIT_FAILED;
}

static int
print_values(const struct pal_config *config)
{
    struct pal_buf buf;
    pal_buf_init(&buf, OUTPUT_BYTES_MAX);
    return print_buf(&buf, pal_config_print_values(config, &buf));
}

static int
print_docs(void)
{
    struct pal_buf buf;
    pal_buf_init(&buf, OUTPUT_BYTES_MAX);
    return print_buf(&buf, pal_config_print_docs(&buf));
}

static int
print_check(const struct pal_config *config)
{
    size_t n_set = 0;
    for (size_t i = 0; i < pal_n_options; i++) {
        n_set += config->origins[i].kind != PAL_ORIGIN_DEFAULT ? 1 : 0;
    }
    bool has_file = config->user_file != NULL && pal_path_is_file(config->user_file);
    (void)printf(PAL_T("the configuration is fine: %zu settings of %zu set; %s: %s\n",
                       "la configuration est bonne : %zu réglages donnés sur %zu ; %s : %s\n"),
                 n_set, pal_n_options, config->user_file != NULL ? config->user_file : "-",
                 has_file ? PAL_T("read", "lu") : PAL_T("not there", "absent"));
    return PAL_EXIT_OK;
}

/* path and docs must work just when the configuration doesn't. */
static int
run_without_settings(int argc, char **argv)
{
    struct pal_config config;
    struct pal_problems problems = {0};
    pal_lang_init(pal_config_early_lang(argc, argv));
    enum pal_err err = pal_config_load(&request, argc, argv, &config, &problems);
    int status = PAL_EXIT_USAGE;
    if (err == PAL_ERR_ARGUMENT || config.n_args == 0) {
        pal_problems_print(&problems, stderr);
    } else {
        status = strcmp(config.args[0], "path") == 0 ? print_path(&config) : print_docs();
    }
    pal_problems_finish(&problems);
    pal_config_finish(&config);
    return status;
}

int
pal_command_config(int argc, char **argv)
{
    bool wants_help = false;
    bool needs_none = false;
    for (int i = 1; i < argc; i++) {
        wants_help |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
        needs_none |= strcmp(argv[i], "path") == 0 || strcmp(argv[i], "docs") == 0;
    }
    if (needs_none && !wants_help) {
        return run_without_settings(argc, argv);
    }
    struct pal_config config;
    int status = PAL_EXIT_OK;
    if (!pal_startup_config(&config, &request, argc, argv, &status)) {
        return status;
    }
    const char *what = config.n_args > 0 ? config.args[0] : "";
    if (strcmp(what, "show") == 0) {
        status = print_values(&config);
    } else if (strcmp(what, "check") == 0) {
        status = print_check(&config);
    } else if (what[0] == '\0') {
        (void)fprintf(stderr, "%s",
                      PAL_T("palabre: config what? 'path', 'show' or 'check'\n",
                            "palabre: config quoi ? « path », « show » ou « check »\n"));
        status = PAL_EXIT_USAGE;
    } else {
        (void)fprintf(stderr,
                      PAL_T("palabre: config what? 'path', 'show' or 'check', not '%s'\n",
                            "palabre: config quoi ? « path », « show » ou « check », pas « %s »\n"),
                      what);
        status = PAL_EXIT_USAGE;
    }
    pal_config_finish(&config);
    return status;
}
