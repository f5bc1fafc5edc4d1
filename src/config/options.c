/*
 * Every setting, one row each. Nothing else in the program knows a setting's key, flag, variable,
 * default, range or help: see config.h for how to add one.
 */
#include <stddef.h>

#include "config/config.h"
#include "config/option.h"
#include "util/log.h"
#include "util/mem.h"

#define FIELD(member) .offset = offsetof(struct pal_config, member)

#define HOST_BYTES_MAX    255
#define NAME_BYTES_MAX    64
#define CPUS_BYTES_MAX    1024
#define PATH_BYTES_MAX    4095
#define PERSONA_BYTES_MAX 32768

static const struct pal_option_word lang_words[] = {
    {"auto", PAL_CONFIG_LANG_AUTO},
    {"en", PAL_CONFIG_LANG_EN},
    {"fr", PAL_CONFIG_LANG_FR},
    {NULL, 0},
};

static const struct pal_option_word level_words[] = {
    {"error", PAL_LOG_ERROR}, {"warn", PAL_LOG_WARN},   {"info", PAL_LOG_INFO},
    {"debug", PAL_LOG_DEBUG}, {"trace", PAL_LOG_TRACE}, {NULL, 0},
};

static const struct pal_option_word auto_words[] = {{"auto", PAL_CONFIG_AUTO}, {NULL, 0}};

static const struct pal_option_word layer_words[] = {
    {"auto", PAL_CONFIG_GPU_AUTO},
    {"all", PAL_CONFIG_GPU_ALL},
    {NULL, 0},
};

static const struct pal_option_word profile_words[] = {
    {"auto", PAL_CONFIG_PROFILE_AUTO},         {"performance", PAL_CONFIG_PROFILE_PERFORMANCE},
    {"balanced", PAL_CONFIG_PROFILE_BALANCED}, {"cpu", PAL_CONFIG_PROFILE_CPU},
    {"cpu_fallback", PAL_CONFIG_PROFILE_CPU},  {NULL, 0},
};

static const struct pal_option_word emotion_words[] = {
    {"default", PAL_CONFIG_EMOTION_DEFAULT},
    {"compatible", PAL_CONFIG_EMOTION_COMPATIBLE},
    {NULL, 0},
};

static const struct pal_option_word vmc_words[] = {
    {"vrm0", PAL_CONFIG_VMC_VRM0},
    {"vrm1", PAL_CONFIG_VMC_VRM1},
    {"both", PAL_CONFIG_VMC_BOTH},
    {NULL, 0},
};

static const struct pal_option_word backend_words[] = {
    {"auto", PAL_CONFIG_BACKEND_AUTO},
    {"cpu", PAL_CONFIG_BACKEND_CPU},
    {"vulkan", PAL_CONFIG_BACKEND_VULKAN},
    {"cuda", PAL_CONFIG_BACKEND_CUDA},
    {NULL, 0},
};

static const struct pal_option_word wish_words[] = {
    {"auto", PAL_CONFIG_WISH_AUTO},
    {"on", PAL_CONFIG_WISH_ON},
    {"off", PAL_CONFIG_WISH_OFF},
    {NULL, 0},
};

static const struct pal_option_word kv_words[] = {
    {"auto", PAL_CONFIG_KV_AUTO},
    {"f16", PAL_CONFIG_KV_F16},
    {"q8_0", PAL_CONFIG_KV_Q8_0},
    {NULL, 0},
};

static const struct pal_option_word engine_words[] = {
    {"auto", PAL_CONFIG_ENGINE_AUTO},
    {"local", PAL_CONFIG_ENGINE_LOCAL},
    {"upstream", PAL_CONFIG_ENGINE_UPSTREAM},
    {"cascade", PAL_CONFIG_ENGINE_CASCADE},
    {NULL, 0},
};

static const struct pal_option_word priority_words[] = {
    {"normal", PAL_CONFIG_PRIORITY_NORMAL},
    {"low", PAL_CONFIG_PRIORITY_LOW},
    {"idle", PAL_CONFIG_PRIORITY_IDLE},
    {NULL, 0},
};

static const struct pal_option_word park_words[] = {{"auto", PAL_CONFIG_PARK_AUTO}, {NULL, 0}};

static const struct pal_option_word speculation_words[] = {
    {"auto", PAL_CONFIG_WISH_AUTO},
    {"off", PAL_CONFIG_WISH_OFF},
    {NULL, 0},
};

static const struct pal_option_word seed_words[] = {{"random", PAL_CONFIG_SEED_DRAWN}, {NULL, 0}};

static const struct pal_option_word fallback_words[] = {
    {"fun", PAL_CONFIG_FALLBACK_FUN},
    {"minimal", PAL_CONFIG_FALLBACK_MINIMAL},
    {"silent", PAL_CONFIG_FALLBACK_SILENT},
    {NULL, 0},
};

static const struct pal_option_word opening_words[] = {
    {"ask", PAL_CONFIG_OPENINGS_ASK},
    {"always", PAL_CONFIG_OPENINGS_ALWAYS},
    {"off", PAL_CONFIG_OPENINGS_OFF},
    {NULL, 0},
};

const struct pal_option_section pal_option_sections[] = {
    {"", "General", "Général"},
    {"server", "Who may connect, and where", "Qui peut se connecter, et où"},
    {"log", "The log", "Le journal"},
    {"bot", "The companion", "Le compagnon"},
    {"chat", "Manners among many", "Les manières en public"},
    {"memory", "What is remembered", "Ce qui est retenu"},
    {"rate_limiting", "How many people at once", "Combien de monde à la fois"},
    {"ai", "The model at work", "Le modèle au travail"},
    {"engine", "The engine's process", "Le processus du moteur"},
    {"avatar", "The link to an avatar", "Le lien vers un avatar"},
    {"vmc", "The face by the VMC protocol", "Le visage par le protocole VMC"},
    {"twitch", "Twitch chat", "Le chat de Twitch"},
};
const size_t pal_n_option_sections = PAL_COUNT_OF(pal_option_sections);
_Static_assert(PAL_COUNT_OF(pal_option_sections) <= PAL_OPTION_SECTIONS_MAX, "room in readers");

const struct pal_option pal_options[] = {
/* One file for each section, in the order of the sections: the docs follow it. */
#include "config/rows/general.def"
#include "config/rows/server.def"
#include "config/rows/log.def"
#include "config/rows/bot.def"
#include "config/rows/chat.def"
#include "config/rows/memory.def"
#include "config/rows/rate_limiting.def"
#include "config/rows/ai.def"
#include "config/rows/engine.def"
#include "config/rows/avatar.def"
#include "config/rows/vmc.def"
#include "config/rows/twitch.def"
};
const size_t pal_n_options = PAL_COUNT_OF(pal_options);

const struct pal_old_key pal_old_keys[] = {
    {"ai.model_path", "model"},
    {"ai.system_prompt", "bot.persona"},
    {"ai.temperature", "bot.temperature_chill"},
    {"ai.max_tokens", "bot.max_tokens_chill"},
    {"unity.host", "avatar.host"},
    {"unity.port", "avatar.port"},
    {"ai.auto_switching_enabled", NULL},
    {"audio.*", NULL},
    {"avatar.auto_blink.*", NULL},
    {"avatar.auto_head_movement.*", NULL},
    {"avatar.default_model", NULL},
    {"avatar.last_model", NULL},
    {"bot.api_url", NULL},
    {"bot.devs", NULL},
    {"bot.llm.fallback_mode", "chat.fallback_mode"},
    {"bot.llm.*", NULL},
    {"bot.log_ia", NULL},
    {"bot.max_tokens_ask", NULL},
    {"bot.model_endpoint", NULL},
    {"bot.openai_model", NULL},
    {"bot.temperature_ask", NULL},
    {"discord.*", NULL},
    {"llm.*", NULL},
    {"openai.*", NULL},
    {"rate_limiting.cleanup_interval", NULL},
    {"rate_limiting.health_check*", NULL},
    {"rate_limiting.igdb_rate_limit", NULL},
    {"rate_limiting.llm_backoff*", NULL},
    {"rate_limiting.llm_retry_delay", NULL},
    {"rate_limiting.max_requests_per_user_hour", NULL},
    {"rate_limiting.user_cooldown", NULL},
    {"rate_limiting.wikipedia_rate_limit", NULL},
    {"window.*", NULL},
};
const size_t pal_n_old_keys = PAL_COUNT_OF(pal_old_keys);
