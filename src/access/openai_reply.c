#include "access/reply.h"

#include <string.h>

/* What every object of one answer begins with; `object` tells chunk and whole apart. */
static void
put_opening(const struct pal_reply *reply, const char *object, struct pal_out *out)
{
    pal_out_format(out, "{\"id\":\"%s\",\"object\":\"%s\",\"created\":%lld,\"model\":", reply->id,
                   object, (long long)reply->created_s);
    pal_out_quoted(out, reply->model);
    pal_out_raw(out, ",\"system_fingerprint\":\"palabre-" PALABRE_VERSION "\",\"choices\":[");
}

static void
put_usage(const struct pal_usage *usage, struct pal_out *out)
{
    pal_out_format(out,
                   ",\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"total_tokens\":%u,"
                   "\"prompt_tokens_details\":{\"cached_tokens\":%u}}",
                   usage->prompt_tokens, usage->completion_tokens,
                   usage->prompt_tokens + usage->completion_tokens, usage->cached_tokens);
}

static double
per(double amount, double of)
{
    return of > 0 ? amount / of : 0;
}

/* llama-server's object of the same name, which benchmark tools read. */
static void
put_timings(const struct pal_usage *usage, struct pal_out *out)
{
    uint32_t prompt_n = usage->prompt_tokens - usage->cached_tokens;
    uint32_t predicted_n = usage->completion_tokens;
    double prompt_ms = (double)usage->prompt_us / 1e3;
    double predicted_ms = (double)usage->predict_us / 1e3;
    pal_out_format(out,
                   ",\"timings\":{\"cache_n\":%u,\"prompt_n\":%u,\"prompt_ms\":%.3f,"
                   "\"prompt_per_token_ms\":%.4f,\"prompt_per_second\":%.3f,",
                   usage->cached_tokens, prompt_n, prompt_ms, per(prompt_ms, prompt_n),
                   per(prompt_n * 1e3, prompt_ms));
    pal_out_format(out,
                   "\"predicted_n\":%u,\"predicted_ms\":%.3f,\"predicted_per_token_ms\":%.4f,"
                   "\"predicted_per_second\":%.3f",
                   predicted_n, predicted_ms, per(predicted_ms, predicted_n),
                   per(predicted_n * 1e3, predicted_ms));
    if (usage->draft_tokens > 0) {
        pal_out_format(out, ",\"draft_n\":%u,\"draft_n_accepted\":%u", usage->draft_tokens,
                       usage->draft_accepted);
    }
    pal_out_raw(out, "}");
}

/* OpenAI knows no "deadline": a reply that time cut short is one that a limit cut short. */
static const char *
finish_reason(const struct pal_turn_end *ended)
{
    return strcmp(ended->finish_reason, "stop") == 0 ? "stop" : "length";
}

/* A chunk up to what its delta holds; end_chunk() goes on, and leaves the last bracket open. */
static void
begin_chunk(const struct pal_reply *reply, struct pal_out *out)
{
    pal_out_raw(out, "data: ");
    put_opening(reply, "chat.completion.chunk", out);
    pal_out_raw(out, "{\"index\":0,\"delta\":{");
}

static void
end_chunk(const struct pal_reply *reply, const char *finish, struct pal_out *out)
{
    pal_out_format(out, "},\"logprobs\":null,\"finish_reason\":%s}]", finish);
    if (reply->include_usage) {
        pal_out_raw(out, ",\"usage\":null");
    }
}

static void
put_first(const struct pal_reply *reply, struct pal_out *out)
{
    begin_chunk(reply, out);
    pal_out_raw(out, "\"role\":\"assistant\",\"content\":\"\"");
    end_chunk(reply, "null", out);
    pal_out_raw(out, "}\n\n");
}

static void
put_piece(const struct pal_reply *reply, const char *text, size_t len, struct pal_out *out)
{
    begin_chunk(reply, out);
    pal_out_raw(out, "\"content\":");
    pal_out_quoted_bytes(out, text, len);
    end_chunk(reply, "null", out);
    pal_out_raw(out, "}\n\n");
}

/* The timings stand in whatever chunk is the last one, as llama-server has it. */
static void
put_last(const struct pal_reply *reply, const struct pal_turn_end *ended, struct pal_out *out)
{
    bool stopped = strcmp(finish_reason(ended), "stop") == 0;
    begin_chunk(reply, out);
    end_chunk(reply, stopped ? "\"stop\"" : "\"length\"", out);
    if (reply->include_usage) {
        pal_out_raw(out, "}\n\ndata: ");
        put_opening(reply, "chat.completion.chunk", out);
        pal_out_raw(out, "]");
        put_usage(&ended->usage, out);
    }
    put_timings(&ended->usage, out);
    pal_out_raw(out, "}\n\ndata: [DONE]\n\n");
}

static void
put_broken(const struct pal_api_failure *failure, struct pal_out *out)
{
    pal_out_raw(out, "data: ");
    pal_api_put_failure(out, PAL_API_OPENAI, failure);
    pal_out_raw(out, "\n\n");
}

static void
put_whole(const struct pal_reply *reply, const struct pal_turn_end *ended, struct pal_out *out)
{
    put_opening(reply, "chat.completion", out);
    pal_out_raw(out, "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    pal_out_quoted_bytes(out, reply->text.data, reply->text.len);
    pal_out_format(out, ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"%s\"}]",
                   finish_reason(ended));
    put_usage(&ended->usage, out);
    put_timings(&ended->usage, out);
    pal_out_raw(out, "}");
}

const struct pal_reply_format pal_reply_openai = {
    .dialect = PAL_API_OPENAI,
    .stream_type = "text/event-stream; charset=utf-8",
    .ping = ": ping\n\n",
    .first = put_first,
    .piece = put_piece,
    .last = put_last,
    .broken = put_broken,
    .whole = put_whole,
};
