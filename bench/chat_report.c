/* The report for people. In French it is line for line the one that stream bots' owners know. */
#include "bench/chat.h"

#include <string.h>

#include "util/mem.h"
#include "util/text.h"

#define USERS_SHOWN 5
#define WHYS_SHOWN  5

static void
report_configuration(const struct chat_result *result)
{
    const struct chat_options *options = result->options;
    const struct chat_server *server = result->server;
    (void)printf(PAL_T("\n📋 Configuration:\n"
                       "  • Users: %u\n  • Messages per user: %u\n  • History limit: %u\n"
                       "  • TTL: %.0f s\n  • Mode: %s\n",
                       "\n📋 Configuration:\n"
                       "  • Utilisateurs : %u\n  • Messages par utilisateur : %u\n"
                       "  • Limite d'historique : %u\n  • TTL : %.0f s\n  • Mode : %s\n"),
                 options->n_users, options->n_messages, options->max_stored, options->ttl_s,
                 options->sequential ? PAL_T("sequential", "séquentiel")
                                     : PAL_T("parallel", "parallèle"));
    (void)printf(PAL_T("  • Runs: %u, at most %u tokens a reply\n  • Server: %s (%s)\n"
                       "  • Machine: %s\n",
                       "  • Passages : %u, %u jetons par réponse au plus\n"
                       "  • Serveur : %s (%s)\n  • Machine : %s\n"),
                 options->n_runs, options->max_tokens, server->base,
                 server->describes != NULL ? server->describes : server->model, result->machine);
    if (!options->kv_reuse) {
        (void)printf("%s", PAL_T("  • KV reuse: off (no two prompts begin alike)\n",
                                 "  • Réemploi du KV : non (aucune invite ne commence comme une "
                                 "autre)\n"));
    }
}

static void
report_performance(const struct chat_result *result)
{
    const struct pal_stats *latency = &result->latency_ms;
    (void)printf("\n⏱️  Performance:\n"
                 "  • Total time: %.2f s\n"
                 "  • Total messages: %zu\n"
                 "  • Throughput: %.2f msg/s\n"
                 "  • Avg latency: %.2f ms\n"
                 "  • Min latency: %.2f ms\n"
                 "  • Max latency: %.2f ms\n"
                 "  • P50 latency: %.2f ms\n"
                 "  • P95 latency: %.2f ms\n",
                 result->total_s, result->n_answered, chat_result_throughput(result), latency->mean,
                 latency->min, latency->max, latency->median, latency->p95);
    (void)printf(PAL_T("  • First token: P50 %.2f ms, P95 %.2f ms\n  • Tokens: %.1f/s (%.0f)\n"
                       "  • Errors: %zu, timeouts (over %.1f s): %zu, of %zu sent\n",
                       "  • Premier jeton : P50 %.2f ms, P95 %.2f ms\n"
                       "  • Jetons : %.1f/s (%.0f)\n"
                       "  • Erreurs : %zu, délais dépassés (plus de %.1f s) : %zu, sur %zu "
                       "envoyés\n"),
                 result->first_ms.median, result->first_ms.p95,
                 result->total_s > 0 ? result->n_completion / result->total_s : 0.0,
                 result->n_completion, result->n_errors, result->options->timeout_s,
                 result->n_timeouts, result->n_sent);
    if (result->has_usage) {
        (void)printf(PAL_T("  • Prompt tokens: %.0f sent, %.0f evaluated",
                           "  • Jetons d'invite : %.0f envoyés, %.0f évalués"),
                     result->n_prompt, result->n_evaluated);
        if (result->n_ideal > 0) {
            (void)printf(PAL_T(", %.0f were new (%.2f times)", ", %.0f étaient neufs (%.2f fois)"),
                         result->n_ideal, result->n_evaluated / result->n_ideal);
        }
        (void)printf("\n");
    }
}

static void
report_memory(const struct chat_result *result)
{
    const struct chat_options *options = result->options;
    (void)printf(PAL_T("\n💾 Memory:\n  • Messages stored: %u\n  • Average history: %.1f\n"
                       "  • Longest history: %u\n",
                       "\n💾 Mémoire:\n  • Messages stockés: %u\n  • Historique moyen: %.1f\n"
                       "  • Historique max: %u\n"),
                 result->n_stored, (double)result->n_stored / options->n_users,
                 result->n_stored_max);
    const struct chat_run *last = &result->runs[options->n_runs - 1];
    if (last->rss_mib >= 0) {
        (void)printf(PAL_T("  • The daemon and its engine: %.1f MiB resident\n",
                           "  • Le démon et son moteur : %.1f Mio résidents\n"),
                     last->rss_mib);
    }
    if (result->rss_known) {
        (void)printf(PAL_T("  • Growth over %u runs: %+.1f MiB %s\n",
                           "  • Croissance en %u passages : %+.1f Mio %s\n"),
                     options->n_runs, result->rss_growth_mib, result->rss_grows ? "❌" : "✓");
    }
}

static void
report_validation(const struct chat_result *result)
{
    uint32_t max = result->options->max_stored;
    (void)printf("\n✅ Validation:\n");
    if (result->n_answered == 0) {
        (void)printf("%s", PAL_T("  ❌ No reply: nothing to validate\n",
                                 "  ❌ Aucune réponse : rien à valider\n"));
    } else if (result->n_stored_max > max) {
        (void)printf(PAL_T("  ❌ History over the limit: %u > %u\n",
                           "  ❌ Historique dépasse la limite: %u > %u\n"),
                     result->n_stored_max, max);
    } else {
        (void)printf(
            PAL_T("  • History limited to %u ≤ %u ✓\n", "  • Historique limité à %u ≤ %u ✓\n"),
            result->n_stored_max, max);
    }
    (void)printf(PAL_T("\nEaster eggs: %u replies with Chinese characters\n",
                       "\nEaster eggs: %u réponses avec des caractères chinois\n"),
                 result->n_chinese);
}

static void
report_users(const struct chat_result *result)
{
    const struct chat_options *options = result->options;
    const struct chat_run *last = &result->runs[options->n_runs - 1];
    (void)printf("%s", PAL_T("\n📊 Each user:\n", "\n📊 Détails par utilisateur:\n"));
    for (uint32_t i = 0; i < options->n_users && i < USERS_SHOWN; i++) {
        const struct chat_user *user = &last->users[i];
        double sum_ms = 0;
        uint32_t n = 0;
        for (uint32_t k = 0; k < options->n_messages; k++) {
            if (user->samples[k].outcome == CHAT_ANSWERED ||
                user->samples[k].outcome == CHAT_LATE) {
                sum_ms += user->samples[k].total_ms;
                n++;
            }
        }
        (void)printf(PAL_T("  • %s: %u replies, %.2f ms on average, %u stored\n",
                           "  • %s: %u réponses, %.2f ms en moyenne, %u stockés\n"),
                     user->name, n, n > 0 ? sum_ms / n : 0.0, user->n_stored);
    }
}

static void
report_whys(const struct chat_result *result)
{
    uint32_t n_shown = 0;
    for (uint32_t run = 0; run < result->options->n_runs; run++) {
        for (uint32_t i = 0; i < result->options->n_users; i++) {
            const struct chat_user *user = &result->runs[run].users[i];
            if (user->why[0] != '\0' && n_shown++ < WHYS_SHOWN) {
                (void)printf("  ❌ %s: %s\n", user->name, user->why);
            }
        }
    }
}

/* The hardware guide's table, with its reference rows (a 3B model) and this run's own. */
static void
report_table(const struct chat_result *result)
{
    const char *devices = result->server->devices;
    (void)printf("%s", PAL_T("\n| GPU | VRAM | Layers | Latency (avg) | Throughput | KV Offload | "
                             "Production |\n",
                             "\n| GPU | VRAM | Layers | Latence (avg) | Throughput | KV Offload | "
                             "Production |\n"));
    (void)printf("|-----|------|--------|---------------|------------|------------|------------|\n"
                 "| RTX 3080 | 10GB | 33/33 | 980ms | 3.87 msg/s | ON | ✅ Excellent |\n"
                 "| GTX 780 | 3GB | 20-25 | 3-5s | 0.8-1.2 msg/s | ON | ✅ Viable |\n"
                 "| CPU 10700K | - | 0 | 4-8s | 0.5-0.8 msg/s | N/A | ⚠️ Acceptable |\n"
                 "| GTX 780 | 3GB | 20-25 | 6-10s | 0.3-0.5 msg/s | ❌ OFF | 💀 Non viable |\n");
    const struct chat_server *server = result->server;
    char layers[32] = "?";
    if (server->n_layers > 0) {
        (void)snprintf(layers, sizeof(layers), "%d/%d", server->n_gpu_layers, server->n_layers);
    }
    bool is_cpu = devices != NULL && (strcmp(devices, "CPU") == 0 || strcmp(devices, "none") == 0);
    (void)printf("| %s | %s | %s | %.0fms | %.2f msg/s | %s | %s |\n",
                 is_cpu            ? result->machine
                 : devices != NULL ? devices
                                   : result->server->base,
                 is_cpu ? "-" : "?", is_cpu ? "0" : layers, result->latency_ms.mean,
                 chat_result_throughput(result),
                 !result->options->kv_reuse ? "❌ OFF"
                 : is_cpu                   ? "N/A"
                 : server->n_layers == 0    ? "?"
                 : server->has_kv_on_gpu    ? "ON"
                                            : "RAM",
                 chat_result_verdict(result));
}

void
chat_report(const struct chat_result *result)
{
    if (!result->options->quiet) {
        (void)printf("\n🧪 BENCHMARK: ConversationManager\n");
        report_configuration(result);
        report_performance(result);
        report_memory(result);
        report_validation(result);
        report_users(result);
        report_table(result);
    }
    report_whys(result);
    (void)printf(PAL_T("\nVerdict: %s (average %.2f s, %zu errors, %zu timeouts)\n",
                       "\nVerdict : %s (moyenne %.2f s, %zu erreurs, %zu délais dépassés)\n"),
                 chat_result_verdict(result), result->latency_ms.mean / 1e3, result->n_errors,
                 result->n_timeouts);
}
