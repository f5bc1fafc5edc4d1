#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands/doctor.h"
#include "commands/twitch_start.h"
#include "engine/library.h"
#include "plan/explain.h"
#include "plan/seed_rules.h"
#include "util/cpus.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define LITTLE_RAM   (2 * PAL_GIB)
#define FULL_PERCENT 85.0

static void
check_cpu(const struct pal_machine *machine, struct pal_checkup *checkup)
{
    const struct pal_cpu *cpu = &machine->cpu;
    const char *name = cpu->name[0] != '\0' ? cpu->name : "CPU";
    if ((cpu->isa & PAL_ISA_AVX2) == 0) {
        (void)pal_checkup_add(checkup, "cpu", PAL_HEALTH_WARN,
                              PAL_T("%s has no AVX2: replies will be slow",
                                    "%s n'a pas AVX2 : les réponses seront lentes"),
                              name);
        return;
    }
    (void)pal_checkup_add(checkup, "cpu", PAL_HEALTH_OK,
                          PAL_T("%s, %u cores, %u threads%s%s", "%s, %u cœurs, %u fils%s%s"), name,
                          cpu->n_cores, cpu->n_logical,
                          (cpu->isa & PAL_ISA_AVX512) != 0 ? ", AVX-512" : ", AVX2",
                          (cpu->isa & PAL_ISA_AMX) != 0 ? ", AMX" : "");
}

/* What a game on the same machine is left. */
static void
check_priority(const struct pal_config *config, struct pal_checkup *checkup)
{
    static const char *const names[] = {"normal", "low", "idle"};
    cpu_set_t cpus;
    struct pal_error error;
    if (pal_cpus_choose(config->engine.cpus, &cpus, &error) != PAL_OK) {
        struct pal_check *check =
            pal_checkup_add(checkup, "priority", PAL_HEALTH_FAIL, "engine.cpus: %s", error.text);
        pal_check_mend(check, "lscpu -e");
        return;
    }
    const char *list = config->engine.cpus;
    (void)pal_checkup_add(checkup, "priority", PAL_HEALTH_OK,
                          PAL_T("beside other programs: priority %s, processors %.60s",
                                "à côté d'autres programmes : priorité %s, processeurs %.60s"),
                          names[config->engine.priority],
                          list[0] != '\0' ? list : PAL_T("all", "tous"));
}

static void
check_threads(const struct pal_planning *planning, struct pal_checkup *checkup)
{
    const struct pal_cpu *cpu = &planning->machine.cpu;
    enum pal_why why;
    uint32_t n = pal_plan_threads(cpu, &why);
    if (planning->plan.n_threads > 0) { /* there is a model to plan for */
        n = planning->plan.n_threads;
        why = planning->plan.why_threads;
    }
    (void)pal_checkup_add(checkup, "threads", PAL_HEALTH_OK,
                          PAL_T("threads for replies: %u, %s (the rule of thumb says %u)",
                                "fils pour répondre : %u, %s (la règle simple dit %u)"),
                          n, pal_why_text(why), pal_seed_threads(cpu->n_cores, cpu->n_logical));
    if (cpu->busy_cpus > 0.5 && cpu->busy_cpus > 0.25 * cpu->n_logical) {
        struct pal_check *check = pal_checkup_add(
            checkup, "load", PAL_HEALTH_WARN,
            PAL_T("other programs keep %.1f of %u processors busy: replies will be slower",
                  "d'autres programmes occupent %.1f processeurs sur %u : réponses plus lentes"),
            cpu->busy_cpus, cpu->n_logical);
        pal_check_mend(check, "top");
    } else {
        (void)pal_checkup_add(checkup, "load", PAL_HEALTH_OK,
                              PAL_T("%.1f of %u processors are busy now",
                                    "%.1f processeurs sur %u occupés en ce moment"),
                              cpu->busy_cpus, cpu->n_logical);
    }
}

static void
check_memory(const struct pal_machine *machine, struct pal_checkup *checkup)
{
    char total[24], available[24], speed[24];
    const struct pal_memory *memory = &machine->memory;
    if (memory->total_bytes == 0) {
        (void)pal_checkup_add(checkup, "memory", PAL_HEALTH_WARN, "%s",
                              PAL_T("cannot read how much memory there is",
                                    "impossible de lire la taille de la mémoire"));
        return;
    }
    struct pal_check *check = pal_checkup_add(
        checkup, "memory", memory->available_bytes < LITTLE_RAM ? PAL_HEALTH_WARN : PAL_HEALTH_OK,
        PAL_T("%s of memory, %s free", "%s de mémoire, %s libres"),
        pal_bytes_text(memory->total_bytes, total, sizeof(total)),
        pal_bytes_text(memory->available_bytes, available, sizeof(available)));
    if (memory->read_bytes_s > 0) {
        size_t len = strlen(check->text);
        (void)snprintf(check->text + len, sizeof(check->text) - len,
                       PAL_T(", read at %s/s", ", lue à %s/s"),
                       pal_bytes_text(memory->read_bytes_s, speed, sizeof(speed)));
    }
}

static void
check_gpu(const struct pal_gpu *gpu, struct pal_checkup *checkup)
{
    char total[24], free_text[24];
    struct pal_seed_vram vram = pal_seed_vram(gpu);
    if (gpu->device[0] == '\0') {
        struct pal_check *check =
            pal_checkup_add(checkup, "gpu", PAL_HEALTH_WARN,
                            PAL_T("%s is there, but nothing installed can drive it",
                                  "%s est là, mais rien d'installé ne peut la piloter"),
                            gpu->name);
        pal_check_mend(check, "./dev gpu vulkan");
        return;
    }
    bool is_full = vram.percent > FULL_PERCENT;
    struct pal_check *check =
        pal_checkup_add(checkup, "gpu", is_full ? PAL_HEALTH_WARN : PAL_HEALTH_OK,
                        PAL_T("%s (%s): %s, %s free", "%s (%s) : %s, %s libres"), gpu->name,
                        gpu->device, pal_bytes_text(gpu->total_bytes, total, sizeof(total)),
                        pal_bytes_text(gpu->free_bytes, free_text, sizeof(free_text)));
    if (is_full) {
        pal_check_mend(check, "%s",
                       PAL_T("close what fills the card, or --gpu-profile balanced",
                             "fermez ce qui la remplit, ou --gpu-profile balanced"));
    }
}

void
pal_check_machine(const struct pal_planning *planning, struct pal_checkup *checkup)
{
    const struct pal_machine *machine = &planning->machine;
    check_cpu(machine, checkup);
    check_threads(planning, checkup);
    check_priority(&planning->config, checkup);
    check_memory(machine, checkup);
    for (uint32_t i = 0; i < machine->n_gpus; i++) {
        check_gpu(&machine->gpus[i], checkup);
    }
    if (machine->n_gpus == 0) {
        (void)pal_checkup_add(checkup, "gpu", PAL_HEALTH_SKIP, "%s",
                              PAL_T("no graphics card that can be used: the CPU computes",
                                    "pas de carte graphique utilisable : le CPU calcule"));
    }
    for (uint32_t i = 0; i < machine->n_notes; i++) {
        (void)pal_checkup_add(checkup, "probe", PAL_HEALTH_WARN, "%s: %s", machine->notes[i].source,
                              machine->notes[i].text);
    }
}

static void
check_library(const struct pal_planning *planning, struct pal_checkup *checkup)
{
    struct pal_error error;
    char variant[64];
    if (pal_library_init(planning->llama_dir, NULL, false, &error) != PAL_OK) {
        struct pal_check *check =
            pal_checkup_add(checkup, "llama.cpp", PAL_HEALTH_FAIL, "%s", error.text);
        pal_check_mend(check, "./dev deps && ./dev build");
        return;
    }
    pal_library_variant(variant, sizeof(variant));
    (void)pal_checkup_add(checkup, "llama.cpp", PAL_HEALTH_OK,
                          PAL_T("llama.cpp %s, CPU variant %s", "llama.cpp %s, variante CPU %s"),
                          pal_library_version(), variant);
}

/* Binds as `palabre run` would, and lets go at once. 0, or errno. */
static int
try_to_bind(const char *host, int64_t port)
{
    char service[16];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    (void)snprintf(service, sizeof(service), "%d", (int)port);
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        return EADDRNOTAVAIL;
    }
    int failure = 0;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1) != 0) {
        failure = errno;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    freeaddrinfo(found);
    return failure;
}

static void
check_address(const struct pal_config *config, struct pal_checkup *checkup)
{
    const char *host = config->server.host;
    int port = (int)config->server.port;
    int failure = try_to_bind(host, port);
    if (failure == 0) {
        (void)pal_checkup_add(checkup, "address", PAL_HEALTH_OK,
                              PAL_T("%s:%d is free", "%s:%d est libre"), host, port);
    } else if (failure == EADDRINUSE) {
        struct pal_check *check = pal_checkup_add(
            checkup, "address", PAL_HEALTH_WARN,
            PAL_T("%s:%d is in use: by a running palabre, or by another program",
                  "%s:%d est pris : par un palabre en marche, ou un autre programme"),
            host, port);
        pal_check_mend(check, "palabre run --port %d", port < 65535 ? port + 1 : 7252);
    } else {
        struct pal_check *check = pal_checkup_add(
            checkup, "address", PAL_HEALTH_FAIL,
            PAL_T("cannot listen on %s:%d: %s", "impossible d'écouter sur %s:%d : %s"), host, port,
            strerror(failure));
        pal_check_mend(check, "palabre run --host 127.0.0.1");
    }
}

static void
check_folder(enum pal_user_dir which, const char *id, struct pal_checkup *checkup)
{
    char *path = pal_path_user_dir(which);
    struct pal_error error;
    if (path == NULL) {
        (void)pal_checkup_add(checkup, id, PAL_HEALTH_WARN, "%s",
                              PAL_T("there is no home folder: nothing can be kept",
                                    "pas de dossier personnel : rien ne peut être gardé"));
    } else if (pal_path_make_dirs(path, &error) != PAL_OK || access(path, W_OK | X_OK) != 0) {
        struct pal_check *check =
            pal_checkup_add(checkup, id, PAL_HEALTH_FAIL,
                            PAL_T("cannot write to '%s'", "impossible d'écrire dans « %s »"), path);
        pal_check_mend(check, "chmod -R u+rwX '%s'", path);
    } else {
        (void)pal_checkup_add(checkup, id, PAL_HEALTH_OK,
                              PAL_T("'%s' can be written", "« %s » est inscriptible"), path);
    }
    free(path);
}

static void
check_twitch(const struct pal_config *config, struct pal_checkup *checkup)
{
    struct pal_twitch_account account;
    struct pal_error error;
    if (pal_twitch_account(config, &account, &error) != PAL_OK) {
        struct pal_check *check =
            pal_checkup_add(checkup, "twitch", PAL_HEALTH_FAIL, "%.200s", error.text);
        pal_check_mend(check, "palabre twitch login");
    } else if (config->twitch.channels.n == 0) {
        (void)pal_checkup_add(checkup, "twitch", PAL_HEALTH_SKIP, "%s",
                              PAL_T("no channel is set (twitch.channels)",
                                    "aucune chaîne n'est réglée (twitch.channels)"));
    } else if (account.login[0] == '\0') {
        struct pal_check *check =
            pal_checkup_add(checkup, "twitch", PAL_HEALTH_WARN, "%s",
                            PAL_T("no account: it reads along and says nothing",
                                  "pas de compte : il lit sans rien dire"));
        pal_check_mend(check, "palabre twitch login");
    } else {
        (void)pal_checkup_add(checkup, "twitch", PAL_HEALTH_OK,
                              PAL_T("%zu channels as %s", "%zu chaînes en tant que %s"),
                              config->twitch.channels.n, account.login);
    }
    explicit_bzero(&account, sizeof(account));
}

void
pal_check_program(const struct pal_planning *planning, struct pal_checkup *checkup)
{
    check_library(planning, checkup);
    check_address(&planning->config, checkup);
    check_twitch(&planning->config, checkup);
    check_folder(PAL_USER_DIR_STATE, "state", checkup);
}
