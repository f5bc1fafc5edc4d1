/* A plan as one JSON object, for other programs and for tests. */
#include <jansson.h>

#include "gguf/type.h"
#include "plan/explain.h"
#include "plan/seed_rules.h"

static void
set(json_t *object, const char *key, uint64_t number)
{
    (void)json_object_set_new(object, key, json_integer((json_int_t)number));
}

static void
set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);
    (void)json_object_set_new(object, key, value != NULL ? value : json_string(""));
}

static void
set_bool(json_t *object, const char *key, bool value)
{
    (void)json_object_set_new(object, key, json_boolean(value));
}

static json_t *
machine_json(const struct pal_machine *machine)
{
    const struct pal_cpu *cpu = &machine->cpu;
    json_t *out = json_object();
    set_text(out, "cpu", cpu->name);
    set(out, "n_packages", cpu->n_packages);
    set(out, "n_numa", cpu->n_numa);
    set(out, "n_cores", cpu->n_cores);
    set(out, "n_logical", cpu->n_logical);
    set(out, "n_cores_usable", cpu->n_cores_usable);
    set(out, "n_logical_usable", cpu->n_logical_usable);
    set(out, "n_kinds", cpu->n_kinds);
    (void)json_object_set_new(out, "quota_cpus", json_real(cpu->quota_cpus));
    (void)json_object_set_new(out, "busy_cpus", json_real(cpu->busy_cpus));
    set_bool(out, "avx2", (cpu->isa & PAL_ISA_AVX2) != 0);
    set_bool(out, "avx512", (cpu->isa & PAL_ISA_AVX512) != 0);
    set_bool(out, "vnni", (cpu->isa & PAL_ISA_VNNI) != 0);
    set_bool(out, "amx", (cpu->isa & PAL_ISA_AMX) != 0);
    set(out, "ram_total_bytes", machine->memory.total_bytes);
    set(out, "ram_available_bytes", machine->memory.available_bytes);
    set(out, "ram_limit_bytes", machine->memory.limit_bytes);
    set(out, "ram_read_bytes_s", machine->memory.read_bytes_s);
    json_t *gpus = json_array();
    for (uint32_t i = 0; i < machine->n_gpus; i++) {
        const struct pal_gpu *gpu = &machine->gpus[i];
        json_t *card = json_object();
        set_text(card, "name", gpu->name);
        set_text(card, "device", gpu->device);
        set_text(card, "sources", gpu->sources);
        set(card, "total_bytes", gpu->total_bytes);
        set(card, "free_bytes", gpu->free_bytes);
        set(card, "n_others", gpu->n_others);
        set(card, "temperature_c", gpu->temperature_c);
        (void)json_array_append_new(gpus, card);
    }
    (void)json_object_set_new(out, "gpus", gpus);
    json_t *notes = json_array();
    for (uint32_t i = 0; i < machine->n_notes; i++) {
        json_t *note = json_object();
        set_text(note, "source", machine->notes[i].source);
        set_text(note, "text", machine->notes[i].text);
        (void)json_array_append_new(notes, note);
    }
    (void)json_object_set_new(out, "notes", notes);
    char fingerprint[PAL_FINGERPRINT_MAX];
    pal_machine_fingerprint(machine, fingerprint);
    set_text(out, "fingerprint", fingerprint);
    return out;
}

static json_t *
sizes_json(const struct pal_sizes *sizes)
{
    json_t *out = json_object();
    set(out, "gpu_weights", sizes->gpu_weights);
    set(out, "gpu_kv", sizes->gpu_kv);
    set(out, "gpu_compute", sizes->gpu_compute);
    set(out, "ram_mapped", sizes->ram_mapped);
    set(out, "ram_repacked", sizes->ram_repacked);
    set(out, "ram_kv", sizes->ram_kv);
    set(out, "ram_compute", sizes->ram_compute);
    set(out, "ram_output", sizes->ram_output);
    return out;
}

static json_t *
reasons_json(const struct pal_plan *plan)
{
    json_t *out = json_object();
    set_text(out, "n_gpu_layers", pal_why_name(plan->why_layers));
    set_text(out, "n_threads", pal_why_name(plan->why_threads));
    set_text(out, "n_threads_batch", pal_why_name(plan->why_threads_batch));
    set_text(out, "n_ctx_tokens", pal_why_name(plan->why_ctx));
    set_text(out, "n_batch_tokens", pal_why_name(plan->why_batch));
    set_text(out, "n_messages", pal_why_name(plan->why_messages));
    set_text(out, "kv_type", pal_why_name(plan->why_kv_type));
    set_text(out, "kv_offload", pal_why_name(plan->why_kv_offload));
    set_text(out, "flash_attn", pal_why_name(plan->why_flash));
    set_text(out, "extra_bufts", pal_why_name(plan->why_extra_bufts));
    return out;
}

/* What the rules of thumb say of the same machine and model. */
static json_t *
seeds_json(const struct pal_machine *machine, const struct pal_shape *shape)
{
    const struct pal_gpu *gpu = machine->n_gpus > 0 ? &machine->gpus[0] : NULL;
    struct pal_seed_vram vram = pal_seed_vram(gpu);
    double model_gib = (double)shape->file_bytes / (double)PAL_GIB;
    struct pal_seed_profile profile = pal_seed_profile(vram.total, model_gib);
    json_t *out = json_object();
    set(out, "n_threads", pal_seed_threads(machine->cpu.n_cores, machine->cpu.n_logical));
    set_text(out, "profile", profile.name);
    set_text(out, "description", profile.description);
    set(out, "n_gpu_layers", profile.n_gpu_layers);
    return out;
}

void
pal_plan_print_json(FILE *out, const struct pal_machine *machine, const struct pal_shape *shape,
                    const struct pal_plan *plan)
{
    const struct pal_gguf_type_traits *traits = pal_gguf_type_traits(plan->kv_type);
    json_t *root = json_object();
    set_text(root, "model", shape->name);
    set_text(root, "quant", shape->quant);
    set(root, "model_bytes", shape->file_bytes);
    set(root, "n_layers", shape->n_layers);
    set_text(root, "profile", pal_profile_name(plan->profile));
    set_text(root, "name", pal_profile_name(plan->profile)); /* both names are in use out there */
    set_bool(root, "fits", plan->fits);
    (void)json_object_set_new(root, "gpu", json_integer(plan->gpu));
    set(root, "n_gpu_layers", plan->n_gpu_layers);
    set_bool(root, "kv_offload", plan->has_kv_on_gpu);
    set(root, "n_threads", plan->n_threads);
    set(root, "n_threads_batch", plan->n_threads_batch);
    set(root, "n_threads_cpu", plan->n_threads_cpu);
    set_bool(root, "sleeps", plan->sleeps);
    set_bool(root, "pinned", plan->is_pinned);
    set(root, "n_ctx_tokens", plan->n_ctx_tokens);
    set(root, "n_batch_tokens", plan->n_batch_tokens);
    set(root, "n_ubatch_tokens", plan->n_ubatch_tokens);
    set(root, "n_sequences", plan->n_sequences);
    set(root, "n_messages", plan->n_messages);
    set_text(root, "kv_type", traits != NULL ? traits->name : "?");
    set_bool(root, "flash_attn", plan->has_flash_attn);
    set_bool(root, "op_offload", plan->has_op_offload);
    set_bool(root, "extra_bufts", plan->has_extra_bufts);
    set_text(root, "variant", plan->variant);
    set_bool(root, "tuned", plan->is_tuned);
    set_bool(root, "tuned_quickly", plan->is_tuned_quickly);
    set_bool(root, "approximate", shape->approximate);
    set(root, "gpu_free_bytes", plan->gpu_free_bytes);
    set(root, "gpu_reserve_bytes", plan->gpu_reserve_bytes);
    set(root, "gpu_driver_bytes", plan->gpu_driver_bytes);
    (void)json_object_set_new(root, "bytes", sizes_json(&plan->sizes));
    (void)json_object_set_new(root, "reasons", reasons_json(plan));
    (void)json_object_set_new(root, "seed_rules", seeds_json(machine, shape));
    (void)json_object_set_new(root, "machine", machine_json(machine));
    (void)json_dumpf(root, out, JSON_COMPACT);
    (void)fputc('\n', out);
    json_decref(root);
}
