#ifndef PAL_CHAT_ROOM_H
#define PAL_CHAT_ROOM_H
/*
 * The companion among many: a room hears every line of the channels that it is in, decides who gets
 * an answer, and speaks through the platform's voice.
 *
 * Answered are lines that name the companion, reply to it, or are one of its commands. Each person
 * has a cooldown (stamped when the answer begins; moderators and the streamer have none; one polite
 * notice), one answer at a time (of the lines said meanwhile, the newest counts) and a conversation
 * of their own. Streamer, moderators, subscribers, everyone: in this order they wait, and who waits
 * long gains a rank. Nobody who is answered waits in silence: after 5 s a temporary line goes out,
 * and where no answer comes, one of our own writing does.
 *
 * What is remembered is what was sent: a reply enters the history when the voice has said that it
 * was delivered, and in those words.
 *
 * Every buffer has a maximum: people known at once, answers under way, lines a second of one
 * person. Loop thread only; nothing blocks.
 */
#include "chat/companion.h"
#include "chat/fallback.h"
#include "chat/line.h"

struct pal_room;
struct pal_heart;   /* chat/heart.h */
struct pal_metrics; /* chat/metrics.h */

/*
 * How a platform speaks. Every say() is followed by exactly one pal_room_said() of its tag, later
 * or from inside the call, also when the connection is lost or the platform is closed.
 */
struct pal_voice_ops {
    /*
     * One message of at most PAL_ROOM_REPLY_CODE_POINTS_MAX code points, without control
     * characters; the platform keeps to its rates and lengths, and may cut at a sentence or word.
     * reply_to_message_id: the line that is answered, NULL = none.
     */
    void (*say)(void *self, const char *channel, const char *reply_to_message_id, const char *text,
                uint64_t tag);
    /* A message that has not gone out yet must not go any more. Its pal_room_said() still comes
     * (never from inside this call), and says which it was. */
    void (*take_back)(void *self, uint64_t tag);
};

#define PAL_ROOM_REPLY_CODE_POINTS_MAX 480

/* When a reply gets one of the openings that vary. */
enum pal_room_openings {
    PAL_ROOM_OPENINGS_ASK, /* answers to the ask command; elsewhere stock openings are exchanged */
    PAL_ROOM_OPENINGS_ALWAYS,
    PAL_ROOM_OPENINGS_OFF,
};

/* All strings and lists are borrowed and outlive the room; lists are NULL-terminated, NULL = none.
 * Command names are in small letters; "" = there is no such command. */
struct pal_room_options {
    const char *name;           /* what the companion is called */
    const char *const *aliases; /* further names that it listens to */
    const char *const *ignored; /* logins that never get an answer; NULL = the usual bots */
    const char *command_prefix; /* "!" */
    const char *command_ask;
    const char *command_chill;
    const char *command_pal;
    const char *command_forgetme;
    const char *command_cacheadd;
    const char *command_cachestats;
    const char *command_cacheclear;
    const char *wait_text;     /* NULL = in the line's language; so is the next */
    const char *cooldown_text; /* {seconds} */
    enum pal_lang lang;        /* of a line that shows none, and of what commands answer */
    int64_t cooldown_us;
    int64_t wait_after_us; /* 0 = no temporary lines */
    int64_t timeout_us;    /* of an answer, from its line's arrival; 0 = none */
    enum pal_fallback_mode fallback_mode;
    enum pal_room_openings openings;
    const char *const *openings_list; /* NULL = four in the line's language */
    const char *const *banned_words;
    bool keeps_links;
    bool cares;                  /* as the companion does: a cry for help has no cooldown */
    struct pal_heart *heart;     /* borrowed; NULL = no commands about it */
    struct pal_metrics *metrics; /* borrowed; NULL = nobody counts */
    struct pal_clock clock;      /* zeroed = the system's */
};

enum pal_room_answer_state {
    PAL_ROOM_ANSWER_WAITING,
    PAL_ROOM_ANSWER_RUNNING, /* the engine has it */
    PAL_ROOM_ANSWER_DONE,
    PAL_ROOM_ANSWER_FAILED,    /* nothing could be said */
    PAL_ROOM_ANSWER_CANCELLED, /* by a moderator, by whoever wants to be forgotten, or by hand */
};

/* How the answer to a line goes. */
struct pal_room_progress {
    const char *platform;
    const char *channel;
    const char *user_id;
    const char *message_id; /* NULL = the platform gave none */
    enum pal_room_answer_state state;
};

/* A line was heard, and what became of it, for those who show the chat. All calls on the loop
 * thread; the strings are borrowed for the call; a watcher must not call the room. */
struct pal_room_watcher {
    /* May be NULL. `is_for_us`: it names the companion, replies to it, or is a command. */
    void (*heard)(void *self, const struct pal_line *line, bool is_for_us);
    /* May be NULL. A message of ours went out, in these words. */
    void (*said)(void *self, const char *platform, const char *channel,
                 const char *reply_to_message_id, const char *text);
    /* May be NULL. Texts are to be shown no more: of this user (NULL = of everyone), or this one
     * message (user_id NULL). */
    void (*cleared)(void *self, const char *platform, const char *channel, const char *user_id,
                    const char *message_id);
    /* May be NULL. Told at each change, ends with one of the last three. */
    void (*answer)(void *self, const struct pal_room_progress *progress);
    void *self;
    struct pal_room_watcher *next; /* the room's */
};

/*
 * A platform joins in: it may now hand lines over, and is spoken through. `platform` is static
 * storage. `login`: the companion's own name there, lower case; copied; NULL = it only listens
 * (nothing is answered). May be called again, when the login is known or has changed.
 */
void pal_room_set_voice(struct pal_room *room, const char *platform, const char *login,
                        const struct pal_voice_ops *ops, void *self);

/* Somebody said something. */
void pal_room_line(struct pal_room *room, const struct pal_line *line);

/* A moderator removed all that a user wrote in a channel (user_id NULL: all that anybody did). The
 * answers under way are given up, and the texts leave the history. */
void pal_room_clear_user(struct pal_room *room, const char *platform, const char *channel,
                         const char *user_id);
/* The same for one message. */
void pal_room_clear_message(struct pal_room *room, const char *platform, const char *channel,
                            const char *message_id);

/* What became of say(): `text` as it was sent, NULL = as it was handed over (or not delivered). */
void pal_room_said(struct pal_room *room, uint64_t tag, bool delivered, const char *text);

/* The watcher is the caller's, and stays until pal_room_unwatch(). */
void pal_room_watch(struct pal_room *room, struct pal_room_watcher *watcher);
void pal_room_unwatch(struct pal_room *room, struct pal_room_watcher *watcher);

/* Errors: PAL_ERR_CONFIG (an option is wrong). `companion` is borrowed and outlives the room. */
enum pal_err pal_room_create(uv_loop_t *loop, const struct pal_room_options *options,
                             struct pal_companion *companion, struct pal_room **room,
                             struct pal_error *error) PAL_MUST_USE;

typedef void (*pal_room_closed_fn)(void *userdata);
/*
 * No line is taken any more, answers under way are cancelled; frees and calls back once every
 * message has had its pal_room_said() and every turn its end. Close the platforms beside it, before
 * the scheduler. Accepts NULL (on_closed is called at once).
 */
void pal_room_close(struct pal_room *room, pal_room_closed_fn on_closed, void *userdata);

#endif
