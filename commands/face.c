#include "commands/face.h"

#include "output/link_tcp.h"
#include "output/link_vmc.h"
#include "util/mem.h"

static enum pal_err
add_avatar(uv_loop_t *loop, const struct pal_config *config, struct pal_performance *performance,
           struct pal_error *error)
{
    const struct pal_link_tcp_options options = {
        .host = config->avatar.host,
        .port = (unsigned)config->avatar.port,
    };
    struct pal_link_tcp *tcp = NULL;
    enum pal_err err = pal_link_tcp_create(loop, &options, &tcp, error);
    if (err == PAL_OK) {
        /* The first of two links, and there is room for more than two. */
        bool added = pal_performance_add_link(performance, pal_link_tcp_link(tcp));
        PAL_ASSERT(added);
    }
    return err;
}

static enum pal_err
add_vmc(uv_loop_t *loop, const struct pal_config *config, struct pal_performance *performance,
        struct pal_error *error)
{
    static const enum pal_vmc_names names[] = {
        [PAL_CONFIG_VMC_VRM0] = PAL_VMC_VRM0,
        [PAL_CONFIG_VMC_VRM1] = PAL_VMC_VRM1,
        [PAL_CONFIG_VMC_BOTH] = PAL_VMC_BOTH,
    };
    const struct pal_link_vmc_options options = {
        .host = config->vmc.host,
        .port = (unsigned)config->vmc.port,
        .names = names[config->vmc.names],
        .no_bundles = !config->vmc.bundles,
    };
    struct pal_link_vmc *vmc = NULL;
    enum pal_err err = pal_link_vmc_create(loop, &options, &vmc, error);
    if (err == PAL_OK) {
        bool added = pal_performance_add_link(performance, pal_link_vmc_link(vmc));
        PAL_ASSERT(added);
    }
    return err;
}

enum pal_err
pal_face_open(uv_loop_t *loop, const struct pal_config *config,
              struct pal_performance **performance, struct pal_error *error)
{
    *performance = NULL;
    const struct pal_performance_options options = {
        .mode = config->avatar.emotion_mode == PAL_CONFIG_EMOTION_COMPATIBLE
                    ? PAL_EMOTION_COMPATIBLE
                    : PAL_EMOTION_DEFAULT,
        .speed = (float)config->avatar.transition_speed,
        .auto_blink = config->avatar.idle_motion,
        .auto_head = config->avatar.idle_motion,
    };
    struct pal_performance *made = pal_performance_create(loop, &options);
    enum pal_err err = PAL_OK;
    if (config->avatar.enabled) {
        err = add_avatar(loop, config, made, error);
    }
    if (err == PAL_OK && config->vmc.enabled) {
        err = add_vmc(loop, config, made, error);
    }
    if (err != PAL_OK) {
        pal_performance_close(made);
        return err;
    }
    *performance = made;
    return PAL_OK;
}
