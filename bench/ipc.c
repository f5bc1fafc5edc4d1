#include "bench/ipc.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands/bench.h"
#include "commands/command.h"
#include "util/log.h"
#include "util/text.h"

struct ipc_flags {
    bool quick;
    const char *json_path;
    const char *report_path;
    const char *part;  /* NULL = all */
    const char *model; /* for the piece's way; NULL = the starter */
};

static void
print_help(void)
{
    (void)printf(
        "%s",
        PAL_T(
            "usage: palabre bench ipc [options]\n"
            "What the avatar link costs, beside the same bytes on a bare TCP connection.\n\n"
            "  --quick          a tenth of the work: to see that it runs, not for figures\n"
            "  --part NAME      only one part: trip, sizes, piece, engine, rate, batches, split, "
            "bytes\n"
            "  --model FILE     the model that decodes in part 'engine' (default: the starter)\n"
            "  --json FILE      all figures as JSON; - = standard output\n"
            "  --report[=FILE]  before and after, as Markdown (IPC_OPTIMIZATION.md)\n",
            "usage : palabre bench ipc [options]\n"
            "Ce que coûte le lien avec l'avatar, à côté des mêmes octets en TCP nu.\n\n"
            "  --quick          un dixième du travail : pour voir si ça marche, pas pour mesurer\n"
            "  --part NOM       une seule partie : trip, sizes, piece, engine, rate, batches, "
            "split, bytes\n"
            "  --model FICHIER  le modèle qui décode dans la partie « engine » (défaut : le "
            "starter)\n"
            "  --json FICHIER   tous les chiffres en JSON ; - = sortie standard\n"
            "  --report[=FICHIER]  avant et après, en Markdown (IPC_OPTIMIZATION.md)\n"));
}

/* -1: go on; else the exit status. */
static int
parse_flags(int argc, char **argv, struct ipc_flags *flags)
{
    static const struct option long_options[] = {
        {"quick", no_argument, NULL, 'q'},
        {"json", required_argument, NULL, 'j'},
        {"report", optional_argument, NULL, 'r'},
        {"part", required_argument, NULL, 'p'},
        {"model", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int flag;
    optind = 1;
    while ((flag = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (flag) {
        case 'q':
            flags->quick = true;
            break;
        case 'j':
            flags->json_path = optarg;
            break;
        case 'r':
            flags->report_path = optarg != NULL ? optarg : "IPC_OPTIMIZATION.md";
            break;
        case 'p':
            flags->part = optarg;
            break;
        case 'm':
            flags->model = optarg;
            break;
        case 'h':
            print_help();
            return PAL_EXIT_OK;
        default:
            return PAL_EXIT_USAGE;
        }
    }
    return -1;
}

static bool
wants(const struct ipc_flags *flags, const char *part)
{
    return flags->part == NULL || strcmp(flags->part, part) == 0;
}

static void
run_parts(struct pal_bench *bench, struct ipc_avatar *avatar, struct ipc_avatar *framed,
          const struct ipc_flags *flags)
{
    if (wants(flags, "trip")) {
        ipc_bench_round_trip(bench, avatar, framed, flags->quick);
    }
    if (wants(flags, "sizes")) {
        ipc_bench_sizes(bench, avatar, flags->quick);
    }
    if (wants(flags, "piece")) {
        ipc_bench_piece(bench, avatar, flags->quick);
    }
    if (wants(flags, "engine")) {
        ipc_bench_engine(bench, avatar, flags->model, flags->quick);
    }
    if (wants(flags, "rate")) {
        ipc_bench_rate(bench, avatar, flags->quick);
    }
    if (wants(flags, "batches")) {
        ipc_bench_batches(bench, avatar, flags->quick);
    }
    if (wants(flags, "split")) {
        ipc_bench_split(bench, avatar);
    }
    if (wants(flags, "bytes")) {
        ipc_bench_bytes(bench);
    }
}

int
pal_bench_ipc(int argc, char **argv)
{
    struct ipc_flags flags = {0};
    struct pal_bench bench;
    struct ipc_avatar avatar = {0};
    struct ipc_avatar framed = {0};
    int status = parse_flags(argc, argv, &flags);
    if (status >= 0) {
        return status;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    pal_log_init(PAL_LOG_WARN, 2);
    pal_bench_init(&bench, "ipc");
    if (ipc_avatar_start(&avatar, 0) && ipc_avatar_start(&framed, 60)) {
        run_parts(&bench, &avatar, &framed, &flags);
    } else {
        pal_bench_fail(&bench, "cannot start 'palabre avatar'");
    }
    ipc_avatar_stop(&avatar);
    ipc_avatar_stop(&framed);
    if (flags.report_path != NULL && !ipc_write_report(&bench, flags.report_path)) {
        pal_bench_fail(&bench, "cannot write '%s'", flags.report_path);
    }
    return pal_bench_finish(&bench, flags.json_path);
}
