#include "plan/explain.h"

#include <string.h>

#include "gguf/type.h"
#include "util/mem.h"
#include "util/text.h"
#include "util/utf8.h"

#define LABEL_COLUMNS 16
#define VALUE_COLUMNS 24

static const char *const why_names[] = {
    [PAL_WHY_ASKED] = "asked",
    [PAL_WHY_DEFAULT] = "default",
    [PAL_WHY_MEASURED] = "measured",
    [PAL_WHY_GLANCED] = "measured_quickly",
    [PAL_WHY_NO_GPU] = "no_gpu",
    [PAL_WHY_NO_BACKEND] = "no_backend",
    [PAL_WHY_GPU_TOO_SMALL] = "gpu_too_small",
    [PAL_WHY_ALL_FIT] = "all_fit",
    [PAL_WHY_SOME_FIT] = "some_fit",
    [PAL_WHY_PROFILE] = "profile",
    [PAL_WHY_CORES] = "cores",
    [PAL_WHY_FAST_CORES] = "fast_cores",
    [PAL_WHY_ONE_NODE] = "one_node",
    [PAL_WHY_QUOTA] = "quota",
    [PAL_WHY_BUSY] = "busy",
    [PAL_WHY_ALL_ON_GPU] = "all_on_gpu",
    [PAL_WHY_MODEL_LIMIT] = "model_limit",
    [PAL_WHY_MEMORY] = "memory",
    [PAL_WHY_OLD_GPU] = "old_gpu",
    [PAL_WHY_CARD] = "card",
    [PAL_WHY_NEEDS_FLASH] = "needs_flash",
    [PAL_WHY_BESIDE] = "beside_layers",
};

const char *
pal_why_name(enum pal_why why)
{
    return why_names[why];
}

const char *
pal_why_text(enum pal_why why)
{
    switch (why) {
    case PAL_WHY_ASKED:
        return PAL_T("as asked", "comme demandé");
    case PAL_WHY_DEFAULT:
        return PAL_T("the usual choice", "le choix habituel");
    case PAL_WHY_MEASURED:
        return PAL_T("measured here by 'palabre tune'", "mesuré ici par « palabre tune »");
    case PAL_WHY_GLANCED:
        return PAL_T("measured at the first start; 'palabre tune' is thorough",
                     "mesuré au premier démarrage ; « palabre tune » va au fond");
    case PAL_WHY_NO_GPU:
        return PAL_T("no graphics card to use", "aucune carte graphique à utiliser");
    case PAL_WHY_NO_BACKEND:
        return PAL_T("nothing installed drives the card: ./dev gpu vulkan",
                     "rien d'installé ne pilote la carte : ./dev gpu vulkan");
    case PAL_WHY_GPU_TOO_SMALL:
        return PAL_T("the card has too little free memory", "la carte a trop peu de mémoire libre");
    case PAL_WHY_ALL_FIT:
        return PAL_T("everything fits on the card", "tout tient sur la carte");
    case PAL_WHY_SOME_FIT:
        return PAL_T("as many as fit beside the reserve", "autant qu'il en tient hors réserve");
    case PAL_WHY_PROFILE:
        return PAL_T("the profile that was asked for", "le profil demandé");
    case PAL_WHY_CORES:
        return PAL_T("physical cores that may be used", "cœurs physiques utilisables");
    case PAL_WHY_FAST_CORES:
        return PAL_T("performance cores only: slow ones hold them up",
                     "cœurs performants seuls : les lents les freinent");
    case PAL_WHY_ONE_NODE:
        return PAL_T("cores of one memory node: the other's memory is far",
                     "cœurs d'un seul nœud mémoire : l'autre est loin");
    case PAL_WHY_QUOTA:
        return PAL_T("the cgroup grants no more", "le cgroup n'accorde pas plus");
    case PAL_WHY_BUSY:
        return PAL_T("other programs keep the rest busy", "d'autres programmes occupent le reste");
    case PAL_WHY_ALL_ON_GPU:
        return PAL_T("the card computes; the cores stay the game's",
                     "la carte calcule ; les cœurs restent au jeu");
    case PAL_WHY_MODEL_LIMIT:
        return PAL_T("the model was trained for no more", "le modèle n'en connaît pas plus");
    case PAL_WHY_MEMORY:
        return PAL_T("more would not fit in memory", "davantage ne tiendrait pas en mémoire");
    case PAL_WHY_OLD_GPU:
        return PAL_T("this generation of cards has none", "cette génération de cartes n'en a pas");
    case PAL_WHY_CARD:
        return PAL_T("with a card llama.cpp leaves them as they are",
                     "avec une carte llama.cpp les laisse tels quels");
    case PAL_WHY_NEEDS_FLASH:
        return PAL_T("a smaller type needs flash attention, which is off",
                     "un type plus petit exige flash attention, inactive ici");
    case PAL_WHY_BESIDE:
        return PAL_T("beside the layers that use it", "près des couches qui s'en servent");
    }
    return "";
}

/* printf's widths count bytes, and French has letters of two. */
static void
print_padded(FILE *out, const char *text, size_t columns)
{
    size_t width = 0;
    for (const char *c = text; *c != '\0'; c++) {
        width += ((unsigned char)*c & 0xC0) != 0x80 ? 1 : 0;
    }
    (void)fprintf(out, "%s%*s", text, width < columns ? (int)(columns - width) : 1, "");
}

static void
row(FILE *out, const char *label, const char *value, const char *reason)
{
    (void)fputs("  ", out);
    print_padded(out, label, LABEL_COLUMNS);
    print_padded(out, value, VALUE_COLUMNS);
    (void)fprintf(out, "%s\n", reason);
}

void
pal_machine_print(FILE *out, const struct pal_machine *machine)
{
    char total[24], available[24], speed[24];
    const struct pal_cpu *cpu = &machine->cpu;
    (void)fprintf(out, PAL_T("CPU     %s, %u cores, %u threads", "CPU     %s, %u cœurs, %u fils"),
                  cpu->name[0] != '\0' ? cpu->name : "?", cpu->n_cores, cpu->n_logical);
    if (cpu->n_cores_usable < cpu->n_cores || cpu->quota_cpus > 0) {
        (void)fprintf(out, PAL_T(" (usable: %u", " (utilisables : %u"), cpu->n_cores_usable);
        if (cpu->quota_cpus > 0) {
            (void)fprintf(out, PAL_T(", time of %.1f", ", le temps de %.1f"), cpu->quota_cpus);
        }
        (void)fputs(")", out);
    }
    (void)fputs("\n", out);
    (void)fprintf(out, PAL_T("Memory  %s, %s free", "Mémoire %s, %s libres"),
                  pal_bytes_text(machine->memory.total_bytes, total, sizeof(total)),
                  pal_bytes_text(machine->memory.available_bytes, available, sizeof(available)));
    if (machine->memory.read_bytes_s > 0) {
        (void)fprintf(out, PAL_T(", read at %s/s", ", lue à %s/s"),
                      pal_bytes_text(machine->memory.read_bytes_s, speed, sizeof(speed)));
    }
    (void)fputs("\n", out);
    for (uint32_t i = 0; i < machine->n_gpus; i++) {
        const struct pal_gpu *gpu = &machine->gpus[i];
        (void)fprintf(out,
                      PAL_T("Card %u  %s, %s, %s free (%s)\n", "Carte %u %s, %s, %s libres (%s)\n"),
                      i, gpu->name, pal_bytes_text(gpu->total_bytes, total, sizeof(total)),
                      pal_bytes_text(gpu->free_bytes, available, sizeof(available)),
                      gpu->device[0] != '\0' ? gpu->device : PAL_T("no backend", "aucun pilote"));
    }
    for (uint32_t i = 0; i < machine->n_notes; i++) {
        (void)fprintf(out, PAL_T("Note    %s: %s\n", "Note    %s : %s\n"), machine->notes[i].source,
                      machine->notes[i].text);
    }
}

static void
print_memory(FILE *out, const struct pal_plan *plan)
{
    char card[24], ram[24];
    const struct pal_sizes *sizes = &plan->sizes;
    const struct {
        const char *label;
        uint64_t card, ram;
    } rows[] = {
        {PAL_T("weights (mapped)", "poids (mappés)"), sizes->gpu_weights, sizes->ram_mapped},
        {PAL_T("weights (copies)", "poids (copies)"), 0, sizes->ram_repacked},
        {PAL_T("KV cache", "cache KV"), sizes->gpu_kv, sizes->ram_kv},
        {PAL_T("compute", "calcul"), sizes->gpu_compute, sizes->ram_compute + sizes->ram_output},
        {PAL_T("driver", "pilote"), plan->gpu_driver_bytes, 0},
        {PAL_T("reserve", "réserve"), plan->gpu_reserve_bytes, 0},
        {"total", pal_sizes_gpu(sizes) + plan->gpu_driver_bytes + plan->gpu_reserve_bytes,
         pal_sizes_ram(sizes) + sizes->ram_mapped},
        {PAL_T("free now", "libre"), plan->gpu_free_bytes, plan->ram_available_bytes},
    };
    (void)fputs("\n  ", out);
    print_padded(out, PAL_T("memory", "mémoire"), LABEL_COLUMNS + 2);
    print_padded(out, PAL_T("card", "carte"), 14);
    (void)fputs("machine\n", out);
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        (void)fputs("  ", out);
        print_padded(out, rows[i].label, LABEL_COLUMNS + 2);
        print_padded(out, plan->gpu < 0 ? "-" : pal_bytes_text(rows[i].card, card, sizeof(card)),
                     14);
        (void)fprintf(out, "%s\n", pal_bytes_text(rows[i].ram, ram, sizeof(ram)));
    }
}

static void
print_advice(FILE *out, const struct pal_shape *shape, const struct pal_plan *plan)
{
    if (!plan->fits) {
        (void)fputs(PAL_T("\nThis model does not fit in this machine's memory. A smaller one, or a "
                          "smaller context, will.\n",
                          "\nCe modèle ne tient pas dans la mémoire de cette machine. Un plus "
                          "petit, ou un contexte plus court, ira.\n"),
                    out);
    }
    if (plan->profile == PAL_PROFILE_CPU &&
        (strstr(shape->quant, "Q5") != NULL || strstr(shape->quant, "Q6") != NULL)) {
        (void)fprintf(out,
                      PAL_T("\n%s is slow on a CPU: the same model as Q4_K_M answers sooner.\n",
                            "\n%s est lent sur CPU : le même modèle en Q4_K_M répond plus tôt.\n"),
                      shape->quant);
    }
    if (shape->approximate) {
        (void)fprintf(out,
                      PAL_T("\nThe buffers of '%s' models are estimated, not known exactly.\n",
                            "\nLes tampons des modèles « %s » sont estimés, non exacts.\n"),
                      shape->architecture);
    }
}

void
pal_plan_print(FILE *out, const struct pal_machine *machine, const struct pal_shape *shape,
               const struct pal_plan *plan)
{
    char text[64], size[24];
    (void)fprintf(out,
                  PAL_T("Model   %s, %s, %s, %u layers\n\n", "Modèle  %s, %s, %s, %u couches\n\n"),
                  shape->name[0] != '\0' ? shape->name : shape->architecture, shape->quant,
                  pal_bytes_text(shape->file_bytes, size, sizeof(size)), shape->n_layers);
    row(out, PAL_T("profile", "profil"), pal_profile_name(plan->profile),
        plan->gpu >= 0 ? machine->gpus[plan->gpu].name : "");
    (void)snprintf(text, sizeof(text), PAL_T("%u of %u", "%u sur %u"), plan->n_gpu_layers,
                   plan->n_layers + 1);
    row(out, PAL_T("GPU layers", "couches GPU"), text, pal_why_text(plan->why_layers));
    row(out, PAL_T("KV cache", "cache KV"),
        plan->gpu < 0         ? PAL_T("N/A (all in RAM)", "N/A (tout en RAM)")
        : plan->has_kv_on_gpu ? PAL_T("on the card", "sur la carte")
                              : PAL_T("in RAM", "en RAM"),
        pal_why_text(plan->why_kv_offload));
    (void)snprintf(text, sizeof(text), "%u", plan->n_threads);
    row(out, PAL_T("threads, reply", "fils, réponse"), text, pal_why_text(plan->why_threads));
    (void)snprintf(text, sizeof(text), "%u", plan->n_threads_batch);
    row(out, PAL_T("threads, prompt", "fils, invite"), text, pal_why_text(plan->why_threads_batch));
    (void)snprintf(text, sizeof(text), "%u tokens", plan->n_ctx_tokens);
    row(out, PAL_T("context", "contexte"), text, pal_why_text(plan->why_ctx));
    if (plan->n_ubatch_tokens < plan->n_batch_tokens) {
        (void)snprintf(text, sizeof(text),
                       PAL_T("%u tokens, %u at once", "%u tokens, %u à la fois"),
                       plan->n_batch_tokens, plan->n_ubatch_tokens);
    } else {
        (void)snprintf(text, sizeof(text), "%u tokens", plan->n_batch_tokens);
    }
    row(out, PAL_T("batch", "lot"), text, pal_why_text(plan->why_batch));
    (void)snprintf(text, sizeof(text), "%u", plan->n_messages);
    row(out, PAL_T("history", "historique"), text, pal_why_text(plan->why_messages));
    const struct pal_gguf_type_traits *traits = pal_gguf_type_traits(plan->kv_type);
    row(out, PAL_T("KV type", "type du KV"), traits != NULL ? traits->name : "?",
        pal_why_text(plan->why_kv_type));
    row(out, "flash attention", plan->has_flash_attn ? PAL_T("on", "oui") : PAL_T("off", "non"),
        pal_why_text(plan->why_flash));
    row(out, PAL_T("weights", "poids"),
        plan->has_extra_bufts ? PAL_T("rearranged", "réarrangés") : PAL_T("mapped", "mappés"),
        pal_why_text(plan->why_extra_bufts));
    if (plan->sleeps || plan->is_pinned) {
        row(out, PAL_T("threads wait", "attente des fils"),
            plan->sleeps ? PAL_T("asleep", "en dormant") : PAL_T("spinning", "en tournant"),
            pal_why_text(PAL_WHY_MEASURED));
        row(out, PAL_T("threads stay", "place des fils"),
            plan->is_pinned ? PAL_T("on their cores", "sur leur cœur")
                            : PAL_T("where Linux puts them", "où Linux les met"),
            pal_why_text(PAL_WHY_MEASURED));
    }
    if (plan->variant[0] != '\0') {
        row(out, PAL_T("CPU kernels", "noyaux CPU"), plan->variant,
            pal_why_text(plan->is_tuned_quickly ? PAL_WHY_GLANCED : PAL_WHY_MEASURED));
    }
    if (plan->expected_decode_mtok_s > 0) {
        (void)snprintf(text, sizeof(text), PAL_T("about %.1f tokens/s", "environ %.1f tokens/s"),
                       plan->expected_decode_mtok_s / 1000.0);
        row(out, PAL_T("expected", "attendu"), text,
            PAL_T("one reply, from the memory's speed", "une réponse, d'après la mémoire"));
    }
    print_memory(out, plan);
    print_advice(out, shape, plan);
}
