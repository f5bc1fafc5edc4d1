#ifndef PAL_COMMANDS_TWITCH_START_H
#define PAL_COMMANDS_TWITCH_START_H
/*
 * Twitch as the settings want it: which account, with which token, and what a person is told of it.
 * Main thread.
 */
#include "access/twitch.h"
#include "access/twitch_token.h"
#include "config/config.h"

/*
 * The account that `palabre run` would log in with; an empty login = read only. PAL_ERR_CONFIG: the
 * settings or the token's file are wrong.
 */
enum pal_err pal_twitch_account(const struct pal_config *config, struct pal_twitch_account *account,
                                struct pal_error *error) PAL_MUST_USE;

/* *twitch is NULL afterwards if the settings name no channel. Tells the person what happens. */
enum pal_err pal_twitch_start(uv_loop_t *loop, const struct pal_config *config,
                              struct pal_room *room, struct pal_twitch **twitch,
                              struct pal_error *error) PAL_MUST_USE;

#endif
