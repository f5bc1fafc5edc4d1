#include "config/near.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define LETTERS_MAX 64

static int
fold(char letter)
{
    return letter == '-' ? '_' : tolower((unsigned char)letter);
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: the classic table, of which three rows are enough. */
size_t
pal_near_distance(const char *a, const char *b)
{
    size_t n_a = strnlen(a, LETTERS_MAX + 1);
    size_t n_b = strnlen(b, LETTERS_MAX + 1);
    if (n_a > LETTERS_MAX || n_b > LETTERS_MAX) {
        return SIZE_MAX;
    }
    size_t rows[3][LETTERS_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= n_b; j++) {
        before[j] = 0;
        last[j] = j;
    }
    for (size_t i = 1; i <= n_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t change = fold(a[i - 1]) == fold(b[j - 1]) ? 0 : 1;
            row[j] = least(last[j - 1] + change, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1])) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[n_b];
}

static void
offer(struct pal_near *best, size_t distance, size_t length, const char *name)
{
    size_t allowed = length < 3 ? 0 : (length + 2) / 3;
    if (distance <= allowed && (best->name == NULL || distance < best->distance)) {
        best->name = name;
        best->distance = distance;
    }
}

void
pal_near_offer(struct pal_near *best, const char *word, const char *name)
{
    offer(best, pal_near_distance(word, name), strlen(word), name);
}

static const char *
last_part(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot == NULL ? key : dot + 1;
}

void
pal_near_offer_key(struct pal_near *best, const char *word, const char *key)
{
    pal_near_offer(best, word, key);
    size_t distance = pal_near_distance(last_part(word), last_part(key));
    if (distance != SIZE_MAX) {
        /* The wrong section counts as one more letter. */
        offer(best, distance + 1, strlen(last_part(word)), key);
    }
}
