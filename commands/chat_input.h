#ifndef PAL_COMMANDS_CHAT_INPUT_H
#define PAL_COMMANDS_CHAT_INPUT_H
/*
 * Lines that a person types, with editing and history, or that a pipe brings. Reading waits by
 * running the loop, so the engine's events, timers and signals go on meanwhile; hence it must not
 * be called from a callback of the loop. Main thread.
 */
#include <stdbool.h>
#include <uv.h>

struct pal_chat_input;

/* Of standard input. With `has_editor` it is a terminal, as is standard output; the history is then
 * kept in the person's state folder, readable by nobody else. */
struct pal_chat_input *pal_chat_input_open(uv_loop_t *loop, bool has_editor);
/* Saves the history. Its handle closes as the loop runs on; accepts NULL. */
void pal_chat_input_close(struct pal_chat_input *input);

/*
 * The next line without its end, owned by the caller; NULL when there will be no more, or after
 * pal_chat_input_stop(). Of a line longer than the companion takes, one byte too many is kept, so
 * that it is refused there with its reason.
 */
char *pal_chat_input_read(struct pal_chat_input *input);
/* Ends the read that is going on, and all later ones. From a callback of the loop. */
void pal_chat_input_stop(struct pal_chat_input *input);
/* The terminal has another size, or is ours again: draw the line anew. */
void pal_chat_input_redraw(struct pal_chat_input *input);

#endif
