#ifndef PAL_COMMANDS_ROOM_START_H
#define PAL_COMMANDS_ROOM_START_H
/* The room as the settings want it. Main thread. */
#include "chat/room.h"
#include "config/config.h"

/* `config`, `companion`, `heart` (NULL = none) and `metrics` outlive the room. */
enum pal_err pal_room_start(uv_loop_t *loop, const struct pal_config *config,
                            struct pal_companion *companion, struct pal_heart *heart,
                            struct pal_metrics *metrics, struct pal_room **room,
                            struct pal_error *error) PAL_MUST_USE;

#endif
