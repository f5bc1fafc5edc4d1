#include "commands/room_start.h"

static int64_t
us_of(double seconds)
{
    return (int64_t)(seconds * (double)PAL_US_PER_S + 0.5);
}

static const char *const *
list_of(const struct pal_text_list *list)
{
    return list->n > 0 ? (const char *const *)list->items : NULL;
}

static const char *
text_of(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

enum pal_err
pal_room_start(uv_loop_t *loop, const struct pal_config *config, struct pal_companion *companion,
               struct pal_heart *heart, struct pal_metrics *metrics, struct pal_room **room,
               struct pal_error *error)
{
    static const enum pal_fallback_mode modes[] = {
        [PAL_CONFIG_FALLBACK_FUN] = PAL_FALLBACK_FUN,
        [PAL_CONFIG_FALLBACK_MINIMAL] = PAL_FALLBACK_MINIMAL,
        [PAL_CONFIG_FALLBACK_SILENT] = PAL_FALLBACK_SILENT,
    };
    static const enum pal_room_openings openings[] = {
        [PAL_CONFIG_OPENINGS_ASK] = PAL_ROOM_OPENINGS_ASK,
        [PAL_CONFIG_OPENINGS_ALWAYS] = PAL_ROOM_OPENINGS_ALWAYS,
        [PAL_CONFIG_OPENINGS_OFF] = PAL_ROOM_OPENINGS_OFF,
    };
    const struct pal_room_options options = {
        .name = config->bot.name,
        .aliases = list_of(&config->chat.aliases),
        .ignored = list_of(&config->chat.ignored),
        .command_prefix = config->chat.command_prefix,
        .command_ask = config->chat.command_ask,
        .command_chill = config->chat.command_chill,
        .command_pal = config->chat.command_pal,
        .command_forgetme = config->chat.command_forgetme,
        .command_cacheadd = config->chat.command_cacheadd,
        .command_cachestats = config->chat.command_cachestats,
        .command_cacheclear = config->chat.command_cacheclear,
        .wait_text = text_of(config->chat.wait_text),
        .cooldown_text = text_of(config->chat.cooldown_text),
        .lang = pal_lang(),
        .cooldown_us = us_of(config->bot.cooldown),
        .wait_after_us = us_of(config->bot.wait_after),
        .timeout_us = us_of(config->bot.model_timeout),
        .fallback_mode = modes[config->chat.fallback_mode],
        .openings = openings[config->chat.openings],
        .openings_list = list_of(&config->chat.opening_list),
        .banned_words = list_of(&config->chat.banned_words),
        .keeps_links = config->chat.keep_links,
        .cares = config->bot.care,
        .heart = heart,
        .metrics = metrics,
    };
    return pal_room_create(loop, &options, companion, room, error);
}
