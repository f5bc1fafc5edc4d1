#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/page_transcript.h"
#include "util/mem.h"

static struct pal_exchange
exchange(uint64_t turn_id, size_t n_bytes)
{
    char *reply = pal_calloc(1, n_bytes + 1);
    memset(reply, 'r', n_bytes);
    return (struct pal_exchange){
        .turn_id = turn_id, .line = pal_strdup("l"), .reply = reply, .state = "done"};
}

static void
test_the_newest_exchanges_are_kept(void **state)
{
    (void)state;
    struct pal_transcript *transcript = pal_transcript_create();
    for (uint64_t id = 1; id <= PAL_TRANSCRIPT_EXCHANGES_MAX + 3; id++) {
        pal_transcript_add(transcript, exchange(id, 1));
    }
    assert_int_equal(pal_transcript_n(transcript), PAL_TRANSCRIPT_EXCHANGES_MAX);
    assert_int_equal(pal_transcript_at(transcript, 0)->turn_id, 4);
    assert_int_equal(pal_transcript_drop_newest(transcript), PAL_TRANSCRIPT_EXCHANGES_MAX + 3);
    assert_int_equal(pal_transcript_n(transcript), PAL_TRANSCRIPT_EXCHANGES_MAX - 1);
    pal_transcript_clear(transcript);
    assert_int_equal(pal_transcript_n(transcript), 0);
    assert_int_equal(pal_transcript_drop_newest(transcript), 0);
    pal_transcript_destroy(transcript);
}

static void
test_long_replies_push_older_ones_out(void **state)
{
    (void)state;
    struct pal_transcript *transcript = pal_transcript_create();
    for (uint64_t id = 1; id <= 10; id++) {
        pal_transcript_add(transcript, exchange(id, PAL_TRANSCRIPT_BYTES_MAX / 4));
    }
    assert_int_equal(pal_transcript_n(transcript), 3);
    assert_int_equal(pal_transcript_at(transcript, 2)->turn_id, 10);
    pal_transcript_destroy(transcript);
}

static void
test_nothing_is_destroyed_as_well(void **state)
{
    (void)state;
    pal_transcript_destroy(NULL);
    struct pal_transcript *transcript = pal_transcript_create();
    assert_int_equal(pal_transcript_n(transcript), 0);
    pal_transcript_destroy(transcript);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_exchanges_are_kept),
        cmocka_unit_test(test_long_replies_push_older_ones_out),
        cmocka_unit_test(test_nothing_is_destroyed_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
