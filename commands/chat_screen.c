#include "commands/chat_screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/plain.h"
#include "util/text.h"

static void
put(struct pal_chat_screen *screen, const char *text, size_t len)
{
    if (fwrite(text, 1, len, stdout) != len) {
        screen->is_broken = true;
    }
}

static size_t
len_without_blanks(const struct pal_buf *buf)
{
    size_t len = buf->len;
    while (len > 0 && strchr(" \t\n", buf->data[len - 1]) != NULL) {
        len--;
    }
    return len;
}

void
pal_chat_screen_text(struct pal_chat_screen *screen, const char *text, size_t len)
{
    pal_chat_screen_end_progress(screen);
    struct pal_buf plain;
    pal_buf_init(&plain, len);
    enum pal_err err = pal_plain_append(&plain, text, len);
    size_t begin = err == PAL_OK && !screen->has_text ? strspn(plain.data, " \t\n") : 0;
    size_t end = err == PAL_OK ? len_without_blanks(&plain) : 0;
    if (end > begin) {
        put(screen, screen->blanks, screen->n_blanks);
        put(screen, plain.data + begin, end - begin);
        screen->n_blanks = 0;
        screen->has_text = true;
        if (fflush(stdout) != 0) {
            screen->is_broken = true;
        }
        begin = end;
    }
    size_t n_more = screen->has_text ? plain.len - begin : 0;
    size_t room = sizeof(screen->blanks) - screen->n_blanks;
    n_more = n_more < room ? n_more : room;
    memcpy(screen->blanks + screen->n_blanks, plain.data + begin, n_more);
    screen->n_blanks += n_more;
    pal_buf_finish(&plain);
}

bool
pal_chat_screen_end_reply(struct pal_chat_screen *screen)
{
    bool had_text = screen->has_text;
    if (had_text) {
        put(screen, "\n", 1);
        if (fflush(stdout) != 0) {
            screen->is_broken = true;
        }
    }
    screen->has_text = false;
    screen->n_blanks = 0;
    return had_text;
}

void
pal_chat_screen_notice(struct pal_chat_screen *screen, const char *format, ...)
{
    pal_chat_screen_end_progress(screen);
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    (void)fputs(is_terminal ? "\033[2m" : "palabre: ", stderr);
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputs(is_terminal ? "\033[0m\n" : "\n", stderr);
}

void
pal_chat_screen_progress(struct pal_chat_screen *screen, float part)
{
    int percent = (int)(part * 100.0F);
    if (isatty(STDERR_FILENO) != 1 || (screen->has_progress && percent == screen->percent)) {
        return;
    }
    screen->has_progress = true;
    screen->percent = percent;
    (void)fprintf(stderr,
                  PAL_T("\r\033[Kloading the model: %d %%", "\r\033[Kje charge le modèle : %d %%"),
                  percent);
}

void
pal_chat_screen_end_progress(struct pal_chat_screen *screen)
{
    if (screen->has_progress) {
        screen->has_progress = false;
        (void)fputs("\r\033[K", stderr);
    }
}
