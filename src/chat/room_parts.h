#ifndef PAL_CHAT_ROOM_PARTS_H
#define PAL_CHAT_ROOM_PARTS_H
/* What the room's files share: room.c decides who is answered, room_answer.c is an answer's life,
 * room_command.c the commands, room_people.c who is known. For them only. Loop thread. */
#include <uv.h>

#include "chat/filter.h"
#include "chat/room.h"
#include "chat/room_people.h"

#define PAL_ROOM_PLATFORMS_MAX 4
#define PAL_ROOM_ANSWERS_MAX   256
#define PAL_ROOM_MESSAGES_MAX  1024
#define PAL_ROOM_REPLY_BYTES   ((size_t)64 * 1024)

/* A line that is to be answered; owns its strings. */
struct pal_room_line {
    struct pal_room_voice *voice;
    char *channel;
    char *user_id;
    char *login;
    char *name;
    char *text;       /* what is asked, without name or command */
    char *message_id; /* NULL = none */
    unsigned roles;
    bool is_ask;
    enum pal_lang lang;
    int64_t arrived_us;
};

/* How a platform is spoken through. */
struct pal_room_voice {
    const char *platform; /* static storage; NULL = an unused place */
    char *login;          /* NULL = it only listens */
    const struct pal_voice_ops *ops;
    void *self;
};

enum pal_room_stage {
    PAL_ROOM_TURN,    /* with the companion */
    PAL_ROOM_WRITING, /* its reply is being written down */
    PAL_ROOM_SAYING,  /* the voice has it */
};

struct pal_room_answer {
    struct pal_room *room;
    struct pal_room_answer *next;
    struct pal_room_person *person;
    struct pal_room_line *line; /* owned */
    enum pal_room_stage stage;
    uint64_t turn_id; /* TURN */
    enum pal_companion_origin origin;
    struct pal_buf text; /* as the model writes it */
    unsigned n_samples;  /* that have ended */
    char *candidate;     /* the first sample's text, if it may be sent at all; owned */
    char *reply;         /* what is being sent; owned */
    bool is_fallback;    /* our own line: it is not remembered */
    bool is_given_up;    /* its line was removed, or forgotten: nothing is to be said */
    uint64_t token;      /* in the store */
    uint64_t tag;        /* SAYING */
    uint64_t wait_tag;   /* of the temporary line, 0 = none on its way */
    bool has_waited;     /* a temporary line was due */
    int64_t deadline_us; /* 0 = none */
    int64_t begun_us;
    int64_t model_us; /* when the model's last text was complete */
    int64_t filtered_us;
    int64_t queue_us; /* of the last sample, from its usage */
    int64_t first_token_us;
};

/* A message that the voice has, and that pal_room_said() is due for. */
struct pal_room_message {
    uint64_t tag;
    struct pal_room_voice *voice;
    char *channel;
    char *reply_to; /* NULL = none */
    char *text;
    struct pal_room_answer *answer; /* it is that one's reply; NULL = a notice */
    struct pal_room_message *next;
};

struct pal_room {
    struct pal_room_options options;
    const char *filter_names[2];
    struct pal_companion *companion;
    struct pal_clock clock;
    struct pal_filter filter;
    struct pal_room_voice voices[PAL_ROOM_PLATFORMS_MAX];
    struct pal_room_people *people;
    struct pal_room_answer *answers;
    size_t n_answers;
    struct pal_room_message *messages;
    size_t n_messages;
    uint64_t last_tag;
    uint64_t random;
    uint64_t n_answered;
    struct pal_room_watcher *watchers;
    uv_timer_t timer; /* the next temporary line */
    bool is_closing;
    pal_room_closed_fn on_closed;
    void *closed_userdata;
};

void pal_room_line_destroy(struct pal_room_line *line); /* accepts NULL */
int64_t pal_room_now_us(const struct pal_room *room);
uint64_t pal_room_random(struct pal_room *room);
/* Frees the room once it is closing and nothing is under way. */
void pal_room_maybe_finish(struct pal_room *room);

/* room_answer.c */
/* Takes the line; its person has no answer under way. */
void pal_room_begin(struct pal_room *room, struct pal_room_person *person,
                    struct pal_room_line *line);
/* Tells the watchers how the answer goes. */
void pal_room_tell(const struct pal_room_answer *answer, enum pal_room_answer_state state);
/* Nothing more is said to that line. May free the answer. */
void pal_room_give_up(struct pal_room_answer *answer);
/* Says a line of our own: a notice, or what a command answers. `line` is whose it is. Returns its
 * tag, 0 = there is no voice, or too much waits to be said. */
uint64_t pal_room_notice(struct pal_room *room, const struct pal_room_line *line, const char *text);
void pal_room_arm_timer(struct pal_room *room);

/* room_command.c */
/* A command for moderators or about memory: carried out, and true. The text is a tidied line. */
bool pal_room_command(struct pal_room *room, struct pal_room_line *line, const char *text);

#endif
