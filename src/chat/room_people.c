#include "chat/room_people.h"

#include <stdlib.h>
#include <string.h>

#include "chat/room_parts.h"
#include "util/mem.h"

#define N_BUCKETS 1024

struct pal_room_people {
    struct pal_room_person *buckets[N_BUCKETS];
    struct pal_room_person *newest;
    struct pal_room_person *oldest;
    size_t n;
    struct pal_room_channel channels[PAL_ROOM_CHANNELS_MAX];
};

struct pal_room_people *
pal_room_people_create(void)
{
    return pal_calloc(1, sizeof(struct pal_room_people));
}

static size_t
bucket_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (const char *c = key; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return hash % N_BUCKETS;
}

static void
unlink_age(struct pal_room_people *people, struct pal_room_person *person)
{
    if (person->newer != NULL) {
        person->newer->older = person->older;
    } else {
        people->newest = person->older;
    }
    if (person->older != NULL) {
        person->older->newer = person->newer;
    } else {
        people->oldest = person->newer;
    }
}

static void
make_newest(struct pal_room_people *people, struct pal_room_person *person)
{
    person->newer = NULL;
    person->older = people->newest;
    if (people->newest != NULL) {
        people->newest->newer = person;
    } else {
        people->oldest = person;
    }
    people->newest = person;
}

static void
drop(struct pal_room_people *people, struct pal_room_person *person)
{
    struct pal_room_person **place = &people->buckets[bucket_of(person->key)];
    while (*place != person) {
        PAL_ASSERT(*place != NULL);
        place = &(*place)->next_in_bucket;
    }
    *place = person->next_in_bucket;
    unlink_age(people, person);
    pal_room_line_destroy(person->next_line);
    free(person->key);
    free(person);
    people->n--;
}

void
pal_room_people_destroy(struct pal_room_people *people)
{
    if (people == NULL) {
        return;
    }
    while (people->oldest != NULL) {
        drop(people, people->oldest);
    }
    for (size_t i = 0; i < PAL_ROOM_CHANNELS_MAX; i++) {
        free(people->channels[i].name);
    }
    free(people);
}

/* Answers are fewer than people, so among so many somebody is idle. */
static void
drop_one(struct pal_room_people *people)
{
    struct pal_room_person *person = people->oldest;
    while (person != NULL && person->answer != NULL) {
        person = person->newer;
    }
    PAL_ASSERT(person != NULL);
    drop(people, person);
}

struct pal_room_person *
pal_room_person(struct pal_room_people *people, const char *platform, const char *user_id)
{
    char *key = pal_printf("%s:%s", platform, user_id);
    struct pal_room_person **bucket = &people->buckets[bucket_of(key)];
    struct pal_room_person *person = *bucket;
    while (person != NULL && strcmp(person->key, key) != 0) {
        person = person->next_in_bucket;
    }
    if (person != NULL) {
        free(key);
        unlink_age(people, person);
        make_newest(people, person);
        return person;
    }
    if (people->n == PAL_ROOM_PEOPLE_MAX) {
        drop_one(people);
    }
    person = pal_calloc(1, sizeof(*person));
    *person = (struct pal_room_person){
        .key = key,
        .answered_us = INT64_MIN,
        .last_opening = SIZE_MAX,
        .last_fallback = SIZE_MAX,
        .next_in_bucket = *bucket,
    };
    *bucket = person;
    make_newest(people, person);
    people->n++;
    return person;
}

struct pal_room_channel *
pal_room_channel(struct pal_room_people *people, const char *platform, const char *name,
                 int64_t now_us)
{
    struct pal_room_channel *oldest = &people->channels[0];
    struct pal_room_channel *found = NULL;
    for (size_t i = 0; i < PAL_ROOM_CHANNELS_MAX && found == NULL; i++) {
        struct pal_room_channel *channel = &people->channels[i];
        bool is_used = channel->platform != NULL;
        if (is_used && strcmp(channel->platform, platform) == 0 &&
            strcmp(channel->name, name) == 0) {
            found = channel;
        } else if (oldest->platform != NULL && (!is_used || channel->seen_us < oldest->seen_us)) {
            oldest = channel;
        }
    }
    if (found == NULL) {
        found = oldest;
        free(found->name);
        *found = (struct pal_room_channel){
            .platform = platform,
            .name = pal_strdup(name),
            .waited_us = INT64_MIN,
            .overload_us = INT64_MIN,
        };
    }
    found->seen_us = now_us;
    return found;
}

void
pal_room_people_each(struct pal_room_people *people, pal_room_person_fn look, void *userdata)
{
    for (struct pal_room_person *person = people->oldest; person != NULL; person = person->newer) {
        look(person, userdata);
    }
}
