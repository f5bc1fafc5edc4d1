#include "commands/chat_input.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chat/companion.h"
#include "util/buf.h"
#include "util/mem.h"
#include "util/utf8.h"

#define HISTORY_LINES 1000
#define READ_BYTES    4096

struct pal_chat_input {
    uv_loop_t *loop; /* borrowed */
    uv_poll_t poll;  /* watches standard input while we wait for it */
    bool can_poll;   /* false: a file, always readable */
    bool is_readable;
    bool is_stopped;
    bool is_at_end;
    bool is_editing; /* inside el_gets() */
    struct pal_buf unread;
    EditLine *editor;   /* owned; NULL = plain lines */
    History *history;   /* owned, with the editor */
    char *history_path; /* owned; NULL = kept nowhere */
};

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error shows at the read */
    (void)events;
    ((struct pal_chat_input *)poll->data)->is_readable = true;
}

/* Runs the loop until there is something to read. False: stopped meanwhile. */
static bool
wait_readable(struct pal_chat_input *input)
{
    if (!input->can_poll) {
        (void)uv_run(input->loop, UV_RUN_NOWAIT);
        return !input->is_stopped;
    }
    input->is_readable = false;
    (void)uv_poll_start(&input->poll, UV_READABLE, on_poll);
    while (!input->is_readable && !input->is_stopped) {
        (void)uv_run(input->loop, UV_RUN_ONCE);
    }
    (void)uv_poll_stop(&input->poll);
    return !input->is_stopped;
}

/* ---- plain lines ---- */

static char *
take_line(struct pal_chat_input *input, size_t len, size_t n_used)
{
    size_t kept = len > PAL_COMPANION_LINE_BYTES_MAX ? PAL_COMPANION_LINE_BYTES_MAX + 1 : len;
    char *line = pal_strndup(input->unread.data, kept);
    for (size_t i = 0; i < kept; i++) {
        line[i] = (char)(line[i] == '\0' ? '?' : line[i]);
    }
    if (kept > 0 && line[kept - 1] == '\r') {
        line[kept - 1] = '\0';
    }
    pal_buf_consume(&input->unread, n_used);
    return line;
}

static char *
read_plain(struct pal_chat_input *input)
{
    for (;;) {
        const char *newline = memchr(input->unread.data, '\n', input->unread.len);
        if (newline != NULL) {
            size_t len = (size_t)(newline - input->unread.data);
            return take_line(input, len, len + 1);
        }
        if (input->is_at_end) {
            return input->unread.len > 0 ? take_line(input, input->unread.len, input->unread.len)
                                         : NULL;
        }
        if (!wait_readable(input)) {
            return NULL;
        }
        char bytes[READ_BYTES];
        ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            input->is_at_end = true;
            continue;
        }
        if (input->unread.len > PAL_COMPANION_LINE_BYTES_MAX) {
            /* Too long already: of the rest only its end matters. */
            const char *end = memchr(bytes, '\n', (size_t)n);
            size_t skipped = end != NULL ? (size_t)(end - bytes) : (size_t)n;
            n -= (ssize_t)skipped;
            memmove(bytes, bytes + skipped, (size_t)n);
        }
        enum pal_err err = pal_buf_append(&input->unread, bytes, (size_t)n);
        PAL_ASSERT(err == PAL_OK); /* at most one longest line and one read */
    }
}

/* ---- the editor ---- */

static char *
show_prompt(EditLine *editor)
{
    static char prompt[] = "> ";
    (void)editor;
    return prompt;
}

/* One character for the editor, which knows nothing of the loop. 0 ends the line and the input. */
static int
get_char(EditLine *editor, wchar_t *out)
{
    struct pal_chat_input *input = NULL;
    (void)el_get(editor, EL_CLIENTDATA, &input);
    char bytes[4];
    size_t len = 0;
    for (;;) {
        if (!wait_readable(input)) {
            return 0;
        }
        ssize_t n = read(STDIN_FILENO, bytes + len, 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            return 0;
        }
        len++;
        uint32_t c = 0;
        int used = pal_utf8_step(bytes, len, &c);
        if (used != 0) {
            *out = used > 0 ? (wchar_t)c : L'?';
            return 1;
        }
    }
}

/* $XDG_STATE_HOME/palabre/history, its folders made. NULL if there is no place for it. */
static char *
make_history_path(void)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char *folder = NULL;
    if (state != NULL && state[0] == '/') {
        folder = pal_printf("%s/palabre", state);
    } else if (home != NULL && home[0] == '/') {
        folder = pal_printf("%s/.local/state/palabre", home);
    } else {
        return NULL;
    }
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(folder, 0700);
        *slash = '/';
    }
    bool is_there = mkdir(folder, 0700) == 0 || errno == EEXIST;
    char *path = is_there ? pal_printf("%s/history", folder) : NULL;
    free(folder);
    return path;
}

static void
open_editor(struct pal_chat_input *input)
{
    /* The editor goes by the locale's encoding, we by UTF-8: also where the locale is "C". */
    (void)setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    }
    input->editor = el_init("palabre", stdin, stdout, stderr);
    input->history = history_init();
    if (input->editor == NULL || input->history == NULL) {
        return;
    }
    HistEvent event;
    (void)history(input->history, &event, H_SETSIZE, HISTORY_LINES);
    (void)history(input->history, &event, H_SETUNIQUE, 1);
    input->history_path = make_history_path();
    if (input->history_path != NULL) {
        (void)history(input->history, &event, H_LOAD, input->history_path);
    }
    (void)el_set(input->editor, EL_CLIENTDATA, input);
    (void)el_set(input->editor, EL_PROMPT, show_prompt);
    (void)el_set(input->editor, EL_EDITOR, "emacs");
    (void)el_set(input->editor, EL_HIST, history, input->history);
    (void)el_set(input->editor, EL_GETCFN, get_char);
    (void)el_source(input->editor, NULL); /* the person's own ~/.editrc */
}

static char *
read_edited(struct pal_chat_input *input)
{
    int len = 0;
    input->is_editing = true;
    /* Before the prompt: what is typed at the sight of it is the editor's, not the terminal's. */
    (void)el_set(input->editor, EL_PREP_TERM, 1);
    const char *text = el_gets(input->editor, &len);
    input->is_editing = false;
    if (text == NULL || len <= 0 || input->is_stopped) {
        return NULL;
    }
    size_t n = strcspn(text, "\r\n");
    if (text[strspn(text, " \t\r\n")] != '\0') {
        HistEvent event;
        (void)history(input->history, &event, H_ENTER, text);
    }
    return pal_strndup(text, n);
}

static void
close_editor(struct pal_chat_input *input)
{
    HistEvent event;
    if (input->history_path != NULL) {
        /* The editor's library makes the file 0600. */
        (void)history(input->history, &event, H_SAVE, input->history_path);
    }
    if (input->editor != NULL) {
        el_end(input->editor);
    }
    if (input->history != NULL) {
        history_end(input->history);
    }
    free(input->history_path);
}

/* ---- both ---- */

struct pal_chat_input *
pal_chat_input_open(uv_loop_t *loop, bool has_editor)
{
    struct pal_chat_input *input = pal_calloc(1, sizeof(*input));
    input->loop = loop;
    pal_buf_init(&input->unread, PAL_COMPANION_LINE_BYTES_MAX + 2 * READ_BYTES);
    /* libuv makes what it watches non-blocking. Our standard input may be the same open file as the
     * output, and the shell's, so that is undone: watching alone does not need it. */
    int flags = fcntl(STDIN_FILENO, F_GETFL);
    input->can_poll = uv_poll_init(loop, &input->poll, STDIN_FILENO) == 0;
    if (flags != -1) {
        (void)fcntl(STDIN_FILENO, F_SETFL, flags);
    }
    input->poll.data = input;
    if (has_editor) {
        open_editor(input);
    }
    return input;
}

static void
on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void
pal_chat_input_close(struct pal_chat_input *input)
{
    if (input == NULL) {
        return;
    }
    close_editor(input);
    pal_buf_finish(&input->unread);
    if (input->can_poll) {
        uv_close((uv_handle_t *)&input->poll, on_poll_closed);
    } else {
        free(input);
    }
}

char *
pal_chat_input_read(struct pal_chat_input *input)
{
    if (input->is_stopped) {
        return NULL;
    }
    return input->editor != NULL ? read_edited(input) : read_plain(input);
}

void
pal_chat_input_stop(struct pal_chat_input *input)
{
    input->is_stopped = true;
}

void
pal_chat_input_redraw(struct pal_chat_input *input)
{
    if (input->is_editing) {
        /* A shell that had the terminal meanwhile set it its own way; the editor does not know. */
        (void)el_set(input->editor, EL_PREP_TERM, 0);
        (void)el_set(input->editor, EL_PREP_TERM, 1);
        el_resize(input->editor);
        (void)el_set(input->editor, EL_REFRESH);
    }
}
