#include "access/reply.h"

#include <string.h>

/* What every object of one answer begins with; `object` tells chunk and whole apart. */
static enum pal_err
put_opening(const struct pal_reply *reply, const char *object, struct pal_buf *out)
{
    enum pal_err err = pal_buf_printf(
        out, "{\"id\":\"%s\",\"object\":\"%s\",\"created\":%lld,\"model\":", reply->id, object,
        (long long)reply->created_s);
    err = err != PAL_OK ? err : pal_json_put_text(out, reply->model, strlen(reply->model));
    return err != PAL_OK
               ? err
               : pal_buf_append_text(out, ",\"system_fingerprint\":\"palabre-" PALABRE_VERSION
                                          "\",\"choices\":[");
}

static enum pal_err
put_usage(const struct pal_usage *usage, struct pal_buf *out)
{
    return pal_buf_printf(out,
                          ",\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,"
                          "\"total_tokens\":%u,\"prompt_tokens_details\":{\"cached_tokens\":%u}}",
                          usage->prompt_tokens, usage->completion_tokens,
                          usage->prompt_tokens + usage->completion_tokens, usage->cached_tokens);
}

static double
per(double amount, double of)
{
    return of > 0 ? amount / of : 0;
}

/* llama-server's object of the same name, which benchmark tools read. */
static enum pal_err
put_timings(const struct pal_usage *usage, struct pal_buf *out)
{
    uint32_t prompt_n = usage->prompt_tokens - usage->cached_tokens;
    double prompt_ms = (double)usage->prompt_us / 1e3;
    double predicted_ms = (double)usage->predict_us / 1e3;
    enum pal_err err = pal_buf_printf(
        out,
        ",\"timings\":{\"cache_n\":%u,\"prompt_n\":%u,\"prompt_ms\":%.3f,"
        "\"prompt_per_token_ms\":%.4f,\"prompt_per_second\":%.3f,\"predicted_n\":%u,"
        "\"predicted_ms\":%.3f,\"predicted_per_token_ms\":%.4f,\"predicted_per_second\":%.3f",
        usage->cached_tokens, prompt_n, prompt_ms, per(prompt_ms, prompt_n),
        per(prompt_n * 1e3, prompt_ms), usage->completion_tokens, predicted_ms,
        per(predicted_ms, usage->completion_tokens),
        per(usage->completion_tokens * 1e3, predicted_ms));
    if (usage->draft_tokens > 0) {
        err = err != PAL_OK ? err
                            : pal_buf_printf(out, ",\"draft_n\":%u,\"draft_n_accepted\":%u",
                                             usage->draft_tokens, usage->draft_accepted);
    }
    return err != PAL_OK ? err : pal_buf_append_text(out, "}");
}

/* OpenAI knows no "deadline": a reply that time cut short is one that a limit cut short. */
static const char *
finish_reason(const struct pal_turn_end *ended)
{
    return strcmp(ended->finish_reason, "stop") == 0 ? "stop" : "length";
}

/* One chunk: its delta is `{"<member>":"text"}`, or `{}` with member NULL. */
static enum pal_err
put_chunk(const struct pal_reply *reply, const char *member, const char *text, size_t len,
          const char *finish, struct pal_buf *out)
{
    enum pal_err err = pal_buf_append_text(out, "data: ");
    err = err != PAL_OK ? err : put_opening(reply, "chat.completion.chunk", out);
    err = err != PAL_OK ? err : pal_buf_append_text(out, "{\"index\":0,\"delta\":{");
    if (member != NULL) {
        err = err != PAL_OK ? err : pal_buf_printf(out, "%s:", member);
        err = err != PAL_OK ? err : pal_json_put_text(out, text, len);
    }
    const char *quote = finish != NULL ? "\"" : "";
    err = err != PAL_OK ? err
                        : pal_buf_printf(out, "},\"logprobs\":null,\"finish_reason\":%s%s%s}]",
                                         quote, finish != NULL ? finish : "null", quote);
    if (reply->include_usage) {
        err = err != PAL_OK ? err : pal_buf_append_text(out, ",\"usage\":null");
    }
    return err;
}

static enum pal_err
put_first(const struct pal_reply *reply, struct pal_buf *out)
{
    static const char member[] = "\"role\":\"assistant\",\"content\"";
    enum pal_err err = put_chunk(reply, member, "", 0, NULL, out);
    return err != PAL_OK ? err : pal_buf_append_text(out, "}\n\n");
}

static enum pal_err
put_piece(const struct pal_reply *reply, const char *text, size_t len, struct pal_buf *out)
{
    enum pal_err err = put_chunk(reply, "\"content\"", text, len, NULL, out);
    return err != PAL_OK ? err : pal_buf_append_text(out, "}\n\n");
}

static enum pal_err
put_last(const struct pal_reply *reply, const struct pal_turn_end *ended, struct pal_buf *out)
{
    enum pal_err err = put_chunk(reply, NULL, "", 0, finish_reason(ended), out);
    if (reply->include_usage) {
        err = err != PAL_OK ? err : pal_buf_append_text(out, "}\n\ndata: ");
        err = err != PAL_OK ? err : put_opening(reply, "chat.completion.chunk", out);
        err = err != PAL_OK ? err : pal_buf_append_text(out, "]");
        err = err != PAL_OK ? err : put_usage(&ended->usage, out);
    }
    err = err != PAL_OK ? err : put_timings(&ended->usage, out);
    return err != PAL_OK ? err : pal_buf_append_text(out, "}\n\ndata: [DONE]\n\n");
}

static enum pal_err
put_broken(const struct pal_reply *reply, const struct pal_api_failure *failure,
           struct pal_buf *out)
{
    (void)reply;
    enum pal_err err = pal_buf_append_text(out, "data: ");
    err = err != PAL_OK ? err : pal_api_put_failure(out, PAL_API_OPENAI, failure);
    return err != PAL_OK ? err : pal_buf_append_text(out, "\n\n");
}

static enum pal_err
put_whole(const struct pal_reply *reply, const struct pal_turn_end *ended, struct pal_buf *out)
{
    enum pal_err err = put_opening(reply, "chat.completion", out);
    err = err != PAL_OK ? err
                        : pal_buf_append_text(
                              out, "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    err = err != PAL_OK ? err : pal_json_put_text(out, reply->text.data, reply->text.len);
    err =
        err != PAL_OK
            ? err
            : pal_buf_printf(out, ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"%s\"}]",
                             finish_reason(ended));
    err = err != PAL_OK ? err : put_usage(&ended->usage, out);
    err = err != PAL_OK ? err : put_timings(&ended->usage, out);
    return err != PAL_OK ? err : pal_buf_append_text(out, "}");
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
