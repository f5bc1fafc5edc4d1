#ifndef PAL_CHAT_ROOM_PEOPLE_H
#define PAL_CHAT_ROOM_PEOPLE_H
/*
 * Who a room knows, and what it keeps in mind of each channel. For room*.c only. Both bounded: the
 * longest unseen goes first, never somebody who is being answered.
 */
#include "chat/fallback.h"
#include "chat/words.h"

#define PAL_ROOM_PEOPLE_MAX   4096
#define PAL_ROOM_CHANNELS_MAX 64

struct pal_room_answer; /* chat/room_parts.h */
struct pal_room_line;

struct pal_room_person {
    char *key;           /* "twitch:1234": also the conversation's */
    int64_t answered_us; /* when the last answer began; INT64_MIN = never */
    bool was_noticed;    /* of this cooldown */
    size_t last_opening; /* SIZE_MAX = none yet; so is the next */
    size_t last_fallback;
    struct pal_room_answer *answer;  /* under way; NULL = none */
    struct pal_room_line *next_line; /* to be answered then; owned */
    struct pal_room_person *next_in_bucket;
    struct pal_room_person *older;
    struct pal_room_person *newer;
};

struct pal_room_channel {
    const char *platform; /* static storage; NULL = an unused place */
    char *name;
    bool is_off; /* "!pal off" */
    int64_t seen_us;
    int64_t waited_us; /* when a temporary line was last said; INT64_MIN = never; so is the next */
    int64_t overload_us;
    struct pal_words_said said;
};

struct pal_room_people;

struct pal_room_people *pal_room_people_create(void);
void pal_room_people_destroy(struct pal_room_people *people); /* accepts NULL */

/* Made if it was not known; now the newest. Valid while somebody is answered, else until the next
 * call. */
struct pal_room_person *pal_room_person(struct pal_room_people *people, const char *platform,
                                        const char *user_id);
/* Valid until a call for another channel. */
struct pal_room_channel *pal_room_channel(struct pal_room_people *people, const char *platform,
                                          const char *name, int64_t now_us);

typedef void (*pal_room_person_fn)(struct pal_room_person *person, void *userdata);
/* The function must not add or drop people. */
void pal_room_people_each(struct pal_room_people *people, pal_room_person_fn look, void *userdata);

#endif
