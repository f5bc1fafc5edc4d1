#ifndef PAL_PLAN_PLAN_H
#define PAL_PLAN_PLAN_H
/*
 * What runs where: machine + model + wishes in, numbers out, each with its reason.
 *
 * Pure: the same three always give the same plan, so a table of forty machines tests it, and
 * `palabre plan` can answer for a machine that is not here. No plan is ever refused: at worst it
 * says fits = false, and why. Memory is never found to be short by crashing: the ladder (fewer
 * layers on the card, then a smaller context, then fewer messages kept) is walked here, and again
 * from pal_plan_step_down() when an allocation fails all the same. Any thread.
 */
#include "plan/machine.h"
#include "plan/size.h"

/* Rows of logits for each turn of a step: one is sampled, the rest would be guesses to verify. */
#define PAL_PLAN_OUTPUTS_PER_TURN 4

enum pal_profile {
    PAL_PROFILE_PERFORMANCE, /* all layers on the card */
    PAL_PROFILE_BALANCED,    /* some; about four fifths when asked for by name */
    PAL_PROFILE_CPU,
};
/* "performance", "balanced", "cpu". */
const char *pal_profile_name(enum pal_profile profile);

enum pal_wish { PAL_WISH_AUTO, PAL_WISH_ON, PAL_WISH_OFF };

#define PAL_PLAN_LAYERS_AUTO (-1)
#define PAL_PLAN_GPU_AUTO    (-1)

/* What the person asked for; a zeroed number means "you choose" unless it says otherwise. */
struct pal_plan_options {
    bool wants_profile; /* else the best that fits */
    enum pal_profile profile;
    int32_t n_gpu_layers; /* PAL_PLAN_LAYERS_AUTO; more than there are means all */
    int32_t gpu;          /* index, or PAL_PLAN_GPU_AUTO */
    uint32_t n_threads;
    uint32_t n_threads_batch;
    uint32_t n_ctx_tokens;    /* wanted; the plan may take less */
    bool asks_ctx;            /* that number is the person's own, not a default */
    uint32_t n_batch_tokens;  /* wanted; the plan may take less; 0 = you choose */
    uint32_t n_ubatch_tokens; /* rows of one graph; 0 = as the batch, at most 512 */
    uint32_t n_sequences;
    uint32_t n_messages; /* kept of each conversation */
    bool asks_messages;
    uint32_t kv_type; /* enum pal_gguf_type; 0 = you choose */
    enum pal_wish flash_attn;
    enum pal_wish kv_offload;
    enum pal_wish repack;
    uint64_t reserve_bytes; /* of the card, left to others; 0 = by its size */
    uint64_t held_bytes;    /* of the card, held by ourselves now: counts as free */
};
struct pal_plan_options pal_plan_options_default(void);

/* Why a number is what it is; explain.c has the sentences. */
enum pal_why {
    PAL_WHY_ASKED, /* the person's own choice */
    PAL_WHY_DEFAULT,
    PAL_WHY_MEASURED, /* palabre tune found it */
    PAL_WHY_GLANCED,  /* the first start's three seconds found it */
    PAL_WHY_NO_GPU,
    PAL_WHY_NO_BACKEND, /* there is a card, but nothing here can drive it */
    PAL_WHY_GPU_TOO_SMALL,
    PAL_WHY_ALL_FIT,
    PAL_WHY_SOME_FIT,
    PAL_WHY_PROFILE,     /* the profile that was asked for says so */
    PAL_WHY_CORES,       /* physical cores, without their SMT siblings */
    PAL_WHY_FAST_CORES,  /* performance cores only */
    PAL_WHY_ONE_NODE,    /* the cores of one memory node */
    PAL_WHY_QUOTA,       /* the cgroup gives no more */
    PAL_WHY_BUSY,        /* others keep some cores busy */
    PAL_WHY_ALL_ON_GPU,  /* the CPU has little left to do */
    PAL_WHY_MODEL_LIMIT, /* the model was trained for no more */
    PAL_WHY_MEMORY,      /* less would not fit */
    PAL_WHY_OLD_GPU,     /* the card has no flash attention */
    PAL_WHY_CARD,        /* with a card llama.cpp leaves weights as they are */
    PAL_WHY_NEEDS_FLASH, /* a quantised KV needs flash attention, which is off */
    PAL_WHY_BESIDE,      /* KV lies beside the layers that use it */
};

struct pal_plan {
    enum pal_profile profile;
    bool fits; /* false: even the last rung needs more memory than is free */
    /* the card */
    int32_t gpu;           /* index in the machine's list; -1 = none is used */
    uint32_t n_gpu_layers; /* for llama.cpp: n_layers + 1 is all */
    uint32_t n_layers;
    uint64_t gpu_free_bytes; /* ours and free */
    uint64_t gpu_reserve_bytes;
    uint64_t gpu_driver_bytes; /* what a backend takes for itself */
    /* the processor */
    uint32_t n_threads;
    uint32_t n_threads_batch;
    uint32_t n_threads_cpu; /* of both, should the card give its layers up */
    bool sleeps;            /* threads that wait for each other sleep, and do not spin */
    bool is_pinned;         /* each thread stays on its core */
    /* sizes */
    uint32_t n_ctx_tokens;
    uint32_t n_batch_tokens;
    uint32_t n_ubatch_tokens;
    uint32_t n_sequences;
    uint32_t n_messages;
    uint32_t kv_type;
    bool has_flash_attn;
    bool has_kv_on_gpu;
    bool has_op_offload;
    bool has_extra_bufts; /* rearranged weights: more memory, faster prompts */
    uint64_t tensor_max_bytes;
    uint32_t n_outputs;
    struct pal_sizes sizes;
    uint64_t ram_available_bytes;
    uint32_t expected_decode_mtok_s; /* thousandths of a token a second from RAM; 0 = unknown */
    char variant[32];                /* CPU build that palabre tune chose; "" = ggml's own choice */
    bool is_tuned;
    bool is_tuned_quickly; /* by a few seconds at a first start only */
    /* reasons */
    enum pal_why why_layers, why_threads, why_threads_batch, why_ctx, why_batch, why_flash,
        why_kv_type, why_kv_offload, why_extra_bufts, why_messages;
};

struct pal_plan pal_plan_make(const struct pal_machine *machine, const struct pal_shape *shape,
                              const struct pal_plan_options *options);

/* Counts plan->sizes and plan->fits again after numbers were changed by hand. */
void pal_plan_size(const struct pal_machine *machine, const struct pal_shape *shape,
                   struct pal_plan *plan);

/*
 * The next rung for when memory ran out although the plan said it would do: fewer layers on the
 * card (15 % of them less, then none), then half the context, then a third fewer messages. False:
 * there is none. *options are the ones that the plan was made with; they are changed to ask for
 * the lower rung, so make the plan again with them.
 */
bool pal_plan_step_down(const struct pal_plan *plan, struct pal_plan_options *options);

/*
 * The layers' part of it alone, in llama.cpp's count (n_layers + 1, or a negative number, is all):
 * fewer than n_gpu_layers, in the end 0.
 */
int32_t pal_plan_fewer_layers(uint32_t n_layers, int32_t n_gpu_layers);

/* Threads for the CPU's part, without a card; see threads.c. */
uint32_t pal_plan_threads(const struct pal_cpu *cpu, enum pal_why *why);

#endif
