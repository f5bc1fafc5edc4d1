/*
 * Any bytes as what a chat server sends, whole and in cuts: the same events come out, what comes
 * out keeps the line's promises, and whatever the room answers with, one call is one line.
 */
#include <string.h>

#include "access/twitch_session.h"
#include "util/clock.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct summary {
    struct pal_twitch_session *session;
    uint64_t hash;
    uint64_t n_events;
    uint64_t n_said;
    uint64_t n_reports;
    int64_t now_us;
};

static void
mix(struct summary *summary, const char *text)
{
    summary->n_events++;
    for (; text != NULL && *text != '\0'; text++) {
        PAL_ASSERT((unsigned char)*text >= 0x20 && *text != 0x7F);
        summary->hash = (summary->hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
}

static void
on_line(void *self, const struct pal_line *line)
{
    struct summary *summary = self;
    PAL_ASSERT(line->user_id[0] != '\0' && line->login[0] != '\0' && line->channel[0] != '\0');
    mix(summary, line->text);
    mix(summary, line->name);
    mix(summary, line->message_id);
    pal_twitch_session_say(summary->session, line->channel, line->message_id, line->text,
                           ++summary->n_said, summary->now_us);
}

static void
on_clear_user(void *self, const char *channel, const char *user_id)
{
    mix(self, channel);
    mix(self, user_id);
}

static void
on_clear_message(void *self, const char *channel, const char *message_id)
{
    mix(self, channel);
    mix(self, message_id);
}

static void
on_said(void *self, uint64_t tag, enum pal_outbox_fate fate, const char *text)
{
    struct summary *summary = self;
    (void)tag;
    (void)fate;
    summary->n_reports++;
    mix(summary, text);
}

static void
on_news(void *self, enum pal_twitch_news news, const char *channel, const char *text)
{
    (void)news;
    (void)channel;
    mix(self, text);
}

static void
run(struct summary *summary, const char *bytes, size_t len, size_t cut)
{
    static const struct pal_twitch_session_ops ops = {on_line, on_clear_user, on_clear_message,
                                                      on_said, on_news};
    static const char *const channels[] = {"home", "a", NULL};
    static const char greeting[] = ":t CAP * ACK :x\r\n:t 001 pal :x\r\n:pal!p@p JOIN #home\r\n"
                                   ":t USERSTATE #home\r\n";
    const struct pal_twitch_session_options options = {
        .login = "pal", .channels = channels, .limits = pal_outbox_limits_twitch()};
    struct pal_error error;
    enum pal_err err =
        pal_twitch_session_create(&options, &ops, summary, &summary->session, &error);
    PAL_ASSERT(err == PAL_OK);
    pal_twitch_session_connected(summary->session, 0);
    err = pal_twitch_session_input(summary->session, greeting, sizeof(greeting) - 1, 0, &error);
    while (err == PAL_OK && len > 0) {
        size_t n = len < cut ? len : cut;
        err = pal_twitch_session_input(summary->session, bytes, n, 0, &error);
        bytes += n;
        len -= n;
    }
    const struct pal_buf *output = pal_twitch_session_output(summary->session);
    PAL_ASSERT(memchr(output->data, '\0', output->len) == NULL);
    for (size_t i = 0; i < output->len; i++) { /* CR and LF only together */
        PAL_ASSERT((output->data[i] == '\n') == (i > 0 && output->data[i - 1] == '\r'));
    }
    pal_twitch_session_destroy(summary->session);
    PAL_ASSERT(summary->n_reports == summary->n_said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    struct summary whole = {0};
    struct summary in_cuts = {0};
    run(&whole, (const char *)data + 1, len - 1, SIZE_MAX);
    run(&in_cuts, (const char *)data + 1, len - 1, (size_t)data[0] % 64 + 1);
    PAL_ASSERT(whole.n_said == in_cuts.n_said);
    return 0;
}
