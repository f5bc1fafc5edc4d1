#include "access/reply.h"

#include <string.h>
#include <time.h>

enum pal_err
pal_ollama_put_time(struct pal_buf *out)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    struct tm parts;
    char text[32];
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &parts));
    return pal_buf_printf(out, "\"%s.%09ldZ\"", text, now.tv_nsec);
}

static enum pal_err
put_opening(const struct pal_reply *reply, struct pal_buf *out)
{
    enum pal_err err = pal_buf_append_text(out, "{\"model\":");
    err = err != PAL_OK ? err : pal_json_put_text(out, reply->model, strlen(reply->model));
    err = err != PAL_OK ? err : pal_buf_append_text(out, ",\"created_at\":");
    return err != PAL_OK ? err : pal_ollama_put_time(out);
}

/* The text where each endpoint has it: in a message, or bare. */
static enum pal_err
put_text(const struct pal_reply *reply, const char *text, size_t len, struct pal_buf *out)
{
    bool chat = reply->format == &pal_reply_ollama_chat;
    enum pal_err err = pal_buf_append_text(
        out, chat ? ",\"message\":{\"role\":\"assistant\",\"content\":" : ",\"response\":");
    err = err != PAL_OK ? err : pal_json_put_text(out, text, len);
    return err != PAL_OK || !chat ? err : pal_buf_append_text(out, "}");
}

/* Durations are nanoseconds. */
static enum pal_err
put_ending(const struct pal_turn_end *ended, struct pal_buf *out)
{
    const struct pal_usage *usage = &ended->usage;
    long long total_us = (long long)(usage->queue_us + usage->prompt_us + usage->predict_us);
    return pal_buf_printf(out,
                          ",\"done\":true,\"done_reason\":\"%s\",\"total_duration\":%lld,"
                          "\"load_duration\":0,\"prompt_eval_count\":%u,"
                          "\"prompt_eval_duration\":%lld,\"eval_count\":%u,"
                          "\"eval_duration\":%lld}",
                          strcmp(ended->finish_reason, "stop") == 0 ? "stop" : "length",
                          total_us * 1000, usage->prompt_tokens, (long long)usage->prompt_us * 1000,
                          usage->completion_tokens, (long long)usage->predict_us * 1000);
}

static enum pal_err
put_piece(const struct pal_reply *reply, const char *text, size_t len, struct pal_buf *out)
{
    enum pal_err err = put_opening(reply, out);
    err = err != PAL_OK ? err : put_text(reply, text, len, out);
    return err != PAL_OK ? err : pal_buf_append_text(out, ",\"done\":false}\n");
}

static enum pal_err
put_whole(const struct pal_reply *reply, const struct pal_turn_end *ended, struct pal_buf *out)
{
    enum pal_err err = put_opening(reply, out);
    err = err != PAL_OK ? err : put_text(reply, reply->text.data, reply->text.len, out);
    return err != PAL_OK ? err : put_ending(ended, out);
}

/* The last line of a stream is a whole answer without text. */
static enum pal_err
put_last(const struct pal_reply *reply, const struct pal_turn_end *ended, struct pal_buf *out)
{
    enum pal_err err = put_whole(reply, ended, out);
    return err != PAL_OK ? err : pal_buf_append_text(out, "\n");
}

static enum pal_err
put_broken(const struct pal_reply *reply, const struct pal_api_failure *failure,
           struct pal_buf *out)
{
    (void)reply;
    enum pal_err err = pal_api_put_failure(out, PAL_API_OLLAMA, failure);
    return err != PAL_OK ? err : pal_buf_append_text(out, "\n");
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
