#include "output/link_vmc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/osc.h"
#include "output/puppet.h"
#include "util/clock.h"
#include "util/mem.h"

#define FRAME_MS     16
#define HEARTBEAT_US PAL_US_PER_S
#define NECK_SHARE   0.4F /* of the head's turn */
#define RADIANS      0.01745329252F

struct pal_link_vmc {
    struct pal_link_vmc_options options; /* host not kept */
    uv_udp_t udp;
    uv_timer_t timer;
    unsigned n_handles;
    struct sockaddr_storage address;
    struct pal_puppet puppet;
    struct pal_osc packet;
    bool is_still_sent; /* the face at rest has been sent */
    int64_t begun_us;
    int64_t frame_us;     /* when the puppet last moved */
    int64_t heartbeat_us; /* when the last one was sent */
    struct pal_vmc_counts counts;
};

static void
send_packet(struct pal_link_vmc *link)
{
    size_t empty = link->options.no_bundles ? 0 : 16;
    if (link->packet.len > empty) {
        uv_buf_t buf = uv_buf_init((char *)link->packet.bytes, (unsigned)link->packet.len);
        int n = uv_udp_try_send(&link->udp, &buf, 1, (const struct sockaddr *)&link->address);
        link->counts.n_datagrams++;
        link->counts.n_failed += n < 0 ? 1 : 0;
    }
    pal_osc_begin(&link->packet, !link->options.no_bundles);
}

/* A message goes into the bundle, or alone; a full bundle is sent first. */
static void
put(struct pal_link_vmc *link, const char *address, const struct pal_osc_arg *args, size_t n_args)
{
    bool bundle = !link->options.no_bundles;
    if (!pal_osc_message(&link->packet, bundle, address, args, n_args)) {
        send_packet(link);
        bool fits = pal_osc_message(&link->packet, bundle, address, args, n_args);
        PAL_ASSERT(fits);
    }
    if (!bundle) {
        send_packet(link);
    }
}

static void
put_blend(struct pal_link_vmc *link, const char *name, float value)
{
    struct pal_osc_arg args[] = {{.type = 's', .text = name}, {.type = 'f', .number = value}};
    put(link, "/VMC/Ext/Blend/Val", args, PAL_COUNT_OF(args));
}

static void
put_expression(struct pal_link_vmc *link, size_t i, float value)
{
    if (link->options.names != PAL_VMC_VRM1) {
        put_blend(link, pal_expression_vrm0((enum pal_expression)i), value);
    }
    if (link->options.names != PAL_VMC_VRM0) {
        put_blend(link, pal_expression_vrm1((enum pal_expression)i), value);
    }
}

/* Unity's axes (left-handed, y up): yaw about y, pitch about x (down is positive), roll about z. */
static void
put_bone(struct pal_link_vmc *link, const char *bone, const float degrees[3], float share)
{
    float y = -degrees[0] * share * RADIANS / 2.0F;
    float x = -degrees[1] * share * RADIANS / 2.0F;
    float z = degrees[2] * share * RADIANS / 2.0F;
    float cx = cosf(x);
    float sx = sinf(x);
    float cy = cosf(y);
    float sy = sinf(y);
    float cz = cosf(z);
    float sz = sinf(z);
    struct pal_osc_arg args[] = {
        {.type = 's', .text = bone},
        {.type = 'f', .number = 0.0F},
        {.type = 'f', .number = 0.0F},
        {.type = 'f', .number = 0.0F},
        {.type = 'f', .number = cy * sx * cz + sy * cx * sz},
        {.type = 'f', .number = sy * cx * cz - cy * sx * sz},
        {.type = 'f', .number = cy * cx * sz - sy * sx * cz},
        {.type = 'f', .number = cy * cx * cz + sy * sx * sz},
    };
    put(link, "/VMC/Ext/Bone/Pos", args, PAL_COUNT_OF(args));
}

static void
send_heartbeat(struct pal_link_vmc *link, int64_t now_us)
{
    struct pal_osc_arg ok[] = {{.type = 'i', .integer = 1}};
    struct pal_osc_arg time[] = {
        {.type = 'f', .number = (float)((double)(now_us - link->begun_us) / 1e6)}};
    link->heartbeat_us = now_us;
    put(link, "/VMC/Ext/OK", ok, 1);
    put(link, "/VMC/Ext/T", time, 1);
}

/* The whole set each time: a receiver clears its table when it applies. */
static void
send_frame(struct pal_link_vmc *link, int64_t now_us)
{
    float degrees[3];
    link->counts.n_frames++;
    send_heartbeat(link, now_us);
    for (size_t i = 0; i < PAL_N_EXPRESSIONS; i++) {
        float value = link->puppet.expressions[i].value;
        if (i == PAL_EXPRESSION_BLINK) {
            value = pal_puppet_blink(&link->puppet);
        }
        put_expression(link, i, value);
    }
    put(link, "/VMC/Ext/Blend/Apply", NULL, 0);
    pal_puppet_head(&link->puppet, degrees);
    put_bone(link, "Neck", degrees, NECK_SHARE);
    put_bone(link, "Head", degrees, 1.0F - NECK_SHARE);
    send_packet(link);
}

static void
on_frame(uv_timer_t *timer)
{
    struct pal_link_vmc *link = timer->data;
    int64_t now_us = pal_now_us();
    pal_puppet_advance(&link->puppet, (float)((double)(now_us - link->frame_us) / 1e6));
    link->frame_us = now_us;
    bool is_still = pal_puppet_is_still(&link->puppet);
    if (!is_still || !link->is_still_sent) {
        send_frame(link, now_us);
        link->is_still_sent = is_still;
    } else if (now_us - link->heartbeat_us >= HEARTBEAT_US) {
        send_heartbeat(link, now_us);
        send_packet(link);
    }
}

static void
apply(struct pal_link_vmc *link, struct pal_avatar_command command)
{
    enum pal_err err = pal_puppet_apply(&link->puppet, &command);
    PAL_ASSERT(err == PAL_OK); /* known expressions, and the model is always there */
}

static void
show_face(void *self, const struct pal_face *face)
{
    struct pal_link_vmc *link = self;
    for (size_t i = 0; i < PAL_N_EXPRESSIONS; i++) {
        apply(link, (struct pal_avatar_command){.verb = PAL_AVATAR_SET_EXPRESSION,
                                                .expression = (enum pal_expression)i,
                                                .value = face->weights[i]});
    }
    apply(link, (struct pal_avatar_command){
                    .verb = PAL_AVATAR_SET_HEAD,
                    .numbers = {face->head_deg[0], face->head_deg[1], face->head_deg[2]}});
    apply(link, (struct pal_avatar_command){.verb = PAL_AVATAR_SET_TRANSITION_SPEED,
                                            .value = face->speed});
    if (link->puppet.auto_blink != face->auto_blink) {
        apply(link, (struct pal_avatar_command){.verb = PAL_AVATAR_SET_AUTO_BLINK,
                                                .enabled = face->auto_blink});
    }
    if (link->puppet.auto_head != face->auto_head) {
        apply(link, (struct pal_avatar_command){.verb = PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT,
                                                .enabled = face->auto_head,
                                                .numbers = {3.0F, 7.0F, 5.0F}});
    }
    link->is_still_sent = false;
}

static void
on_closed(uv_handle_t *handle)
{
    struct pal_link_vmc *link = handle->data;
    if (--link->n_handles == 0) {
        free(link);
    }
}

static void
close_link(void *self)
{
    struct pal_link_vmc *link = self;
    uv_close((uv_handle_t *)&link->udp, on_closed);
    uv_close((uv_handle_t *)&link->timer, on_closed);
}

enum pal_err
pal_link_vmc_create(uv_loop_t *loop, const struct pal_link_vmc_options *options,
                    struct pal_link_vmc **created, struct pal_error *error)
{
    struct sockaddr_storage address = {0};
    const char *host = options->host != NULL ? options->host : "127.0.0.1";
    int port = options->port != 0 ? (int)options->port : PAL_VMC_PORT;
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)&address) < 0 &&
        uv_ip6_addr(host, port, (struct sockaddr_in6 *)&address) < 0) {
        return pal_error_set(error, PAL_ERR_CONFIG,
                             "cannot send to '%s' by VMC: it is not an address like 127.0.0.1",
                             host);
    }
    struct pal_link_vmc *link = pal_calloc(1, sizeof(*link));
    int64_t now_us = pal_now_us();
    link->options = *options;
    link->options.host = NULL;
    link->address = address;
    link->begun_us = now_us;
    link->frame_us = now_us;
    pal_puppet_init(&link->puppet, options->seed != 0 ? options->seed : (uint64_t)now_us);
    pal_osc_begin(&link->packet, !options->no_bundles);
    (void)uv_udp_init(loop, &link->udp);
    (void)uv_timer_init(loop, &link->timer);
    link->udp.data = link;
    link->timer.data = link;
    link->n_handles = 2;
    (void)uv_timer_start(&link->timer, on_frame, FRAME_MS, FRAME_MS);
    *created = link;
    return PAL_OK;
}

struct pal_link
pal_link_vmc_link(struct pal_link_vmc *link)
{
    static const struct pal_link_ops ops = {.name = "vmc", .face = show_face, .close = close_link};
    return (struct pal_link){&ops, link};
}

const struct pal_vmc_counts *
pal_link_vmc_counts(const struct pal_link_vmc *link)
{
    return &link->counts;
}
