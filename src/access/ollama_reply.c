#include "access/reply.h"

#include <string.h>
#include <time.h>

/* Durations are nanoseconds there. */
#define NS(us) ((long long)((us)*INT64_C(1000)))

void
pal_ollama_put_time(struct pal_out *out)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    struct tm parts;
    char text[32];
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &parts));
    pal_out_format(out, "\"%s.%09ldZ\"", text, now.tv_nsec);
}

static void
put_opening(const struct pal_reply *reply, struct pal_out *out)
{
    pal_out_raw(out, "{\"model\":");
    pal_out_quoted(out, reply->model);
    pal_out_raw(out, ",\"created_at\":");
    pal_ollama_put_time(out);
}

/* The text where each endpoint has it: in a message, or bare. */
static void
put_text(const struct pal_reply *reply, const char *text, size_t len, struct pal_out *out)
{
    bool chat = reply->format == &pal_reply_ollama_chat;
    pal_out_raw(out, chat ? ",\"message\":{\"role\":\"assistant\",\"content\":" : ",\"response\":");
    pal_out_quoted_bytes(out, text, len);
    pal_out_raw(out, chat ? "}" : "");
}

static void
put_ending(const struct pal_turn_end *ended, struct pal_out *out)
{
    const struct pal_usage *usage = &ended->usage;
    int64_t total_us = usage->queue_us + usage->prompt_us + usage->predict_us;
    bool stopped = strcmp(ended->finish_reason, "stop") == 0;
    pal_out_format(out,
                   ",\"done\":true,\"done_reason\":\"%s\",\"total_duration\":%lld,"
                   "\"load_duration\":0,\"prompt_eval_count\":%u,\"prompt_eval_duration\":%lld,"
                   "\"eval_count\":%u,\"eval_duration\":%lld}",
                   stopped ? "stop" : "length", NS(total_us), usage->prompt_tokens,
                   NS(usage->prompt_us), usage->completion_tokens, NS(usage->predict_us));
}

static void
put_piece(const struct pal_reply *reply, const char *text, size_t len, struct pal_out *out)
{
    put_opening(reply, out);
    put_text(reply, text, len, out);
    pal_out_raw(out, ",\"done\":false}\n");
}

static void
put_whole(const struct pal_reply *reply, const struct pal_turn_end *ended, struct pal_out *out)
{
    put_opening(reply, out);
    put_text(reply, reply->text.data, reply->text.len, out);
    put_ending(ended, out);
}

/* The last line of a stream is a whole answer without text. */
static void
put_last(const struct pal_reply *reply, const struct pal_turn_end *ended, struct pal_out *out)
{
    put_whole(reply, ended, out);
    pal_out_raw(out, "\n");
}

static void
put_broken(const struct pal_api_failure *failure, struct pal_out *out)
{
    pal_api_put_failure(out, PAL_API_OLLAMA, failure);
    pal_out_raw(out, "\n");
}

const struct pal_reply_format pal_reply_ollama_chat = {
    .dialect = PAL_API_OLLAMA,
    .stream_type = "application/x-ndjson",
    .piece = put_piece,
    .last = put_last,
    .broken = put_broken,
    .whole = put_whole,
};

const struct pal_reply_format pal_reply_ollama_generate = {
    .dialect = PAL_API_OLLAMA,
    .stream_type = "application/x-ndjson",
    .piece = put_piece,
    .last = put_last,
    .broken = put_broken,
    .whole = put_whole,
};
