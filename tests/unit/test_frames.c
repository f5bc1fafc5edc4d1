#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "output/frames.h"
#include "util/mem.h"

static void
feed(struct pal_frames *frames, const void *bytes, size_t len)
{
    unsigned char *room;
    size_t room_len;
    pal_frames_room(frames, &room, &room_len);
    assert_true(len <= room_len);
    memcpy(room, bytes, len);
    pal_frames_filled(frames, len);
}

/* Two lines, a map, white space, a map with everything in it, a line. */
static const char stream[] = "{\"a\":1}\n  \r\n{\"b\":2}\r\n\x81\xA1"
                             "a\x01\n\x84\xA1"
                             "b\xC4\x02xy\xA1"
                             "c\xCB\x3F\xE0\0\0\0\0\0\0\xA1"
                             "d\xD9\x03{\n}\x07\xDC\0\x02\x91\xC0\xC7\x01\x05z{\"c\":3}\n";
static const size_t lengths[] = {7, 8, 4, 35, 7};

static void
check_frames(struct pal_frames *frames, size_t *n)
{
    struct pal_frame frame;
    enum pal_err err;
    while ((err = pal_frames_next(frames, &frame)) == PAL_OK) {
        assert_true(*n < PAL_COUNT_OF(lengths));
        assert_int_equal(frame.len, lengths[*n]);
        assert_int_equal(frame.encoding,
                         frame.at[0] == '{' ? PAL_ENCODING_JSON : PAL_ENCODING_MSGPACK);
        ++*n;
    }
    assert_int_equal(err, PAL_ERR_AGAIN);
}

static void
test_a_stream_cut_at_any_byte_gives_the_same_messages(void **state)
{
    (void)state;
    const size_t len = sizeof(stream) - 1;
    for (size_t cut = 0; cut <= len; cut++) {
        struct pal_frames frames;
        size_t n = 0;
        pal_frames_init(&frames);
        feed(&frames, stream, cut);
        check_frames(&frames, &n);
        feed(&frames, stream + cut, len - cut);
        check_frames(&frames, &n);
        assert_int_equal(n, PAL_COUNT_OF(lengths));
        pal_frames_finish(&frames);
    }
}

static void
test_a_stream_byte_by_byte_gives_the_same_messages(void **state)
{
    (void)state;
    struct pal_frames frames;
    size_t n = 0;
    pal_frames_init(&frames);
    for (size_t i = 0; i < sizeof(stream) - 1; i++) {
        feed(&frames, stream + i, 1);
        check_frames(&frames, &n);
    }
    assert_int_equal(n, PAL_COUNT_OF(lengths));
    pal_frames_finish(&frames);
}

static void
test_many_messages_pass_through_without_growing(void **state)
{
    (void)state;
    struct pal_frames frames;
    struct pal_frame frame;
    char line[1000];
    memset(line, 'x', sizeof(line));
    line[0] = '{';
    line[sizeof(line) - 1] = '\n';
    pal_frames_init(&frames);
    for (int i = 0; i < 5000; i++) {
        feed(&frames, line, 500);
        assert_int_equal(pal_frames_next(&frames, &frame), PAL_ERR_AGAIN);
        feed(&frames, line + 500, 500);
        assert_int_equal(pal_frames_next(&frames, &frame), PAL_OK);
        assert_int_equal(frame.len, 999);
    }
    pal_frames_finish(&frames);
}

static void
test_a_line_longer_than_the_limit_is_refused_before_its_end(void **state)
{
    (void)state;
    struct pal_frames frames;
    struct pal_frame frame;
    char *line = malloc(PAL_FRAME_MAX_BYTES + 1);
    memset(line, 'x', PAL_FRAME_MAX_BYTES + 1);
    line[0] = '{';
    pal_frames_init(&frames);
    feed(&frames, line, PAL_FRAME_MAX_BYTES);
    assert_int_equal(pal_frames_next(&frames, &frame), PAL_ERR_AGAIN);
    feed(&frames, line, 1);
    assert_int_equal(pal_frames_next(&frames, &frame), PAL_ERR_LIMIT);
    pal_frames_finish(&frames);
    free(line);
}

static void
test_what_is_no_message_is_refused_at_its_first_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        enum pal_err err;
    } cases[] = {
        {"POST / HTTP/1.1\r\n", 17, PAL_ERR_PROTO},
        {"[1]\n", 4, PAL_ERR_PROTO},
        {"\xFF\xFE", 2, PAL_ERR_PROTO},
        {"\x81\xA1"
         "a\xC1",
         4, PAL_ERR_PROTO},
        {"\x81\xA1"
         "a\xDB\xFF\xFF\xFF\xFF",
         8, PAL_ERR_LIMIT},
        {"\xDF\xFF\xFF\xFF\xFF", 5, PAL_ERR_LIMIT},
        {"\x81\xA1"
         "a\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01",
         21, PAL_ERR_LIMIT},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_frames frames;
        struct pal_frame frame;
        pal_frames_init(&frames);
        feed(&frames, cases[i].bytes, cases[i].len);
        assert_int_equal(pal_frames_next(&frames, &frame), cases[i].err);
        pal_frames_finish(&frames);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_cut_at_any_byte_gives_the_same_messages),
        cmocka_unit_test(test_a_stream_byte_by_byte_gives_the_same_messages),
        cmocka_unit_test(test_many_messages_pass_through_without_growing),
        cmocka_unit_test(test_a_line_longer_than_the_limit_is_refused_before_its_end),
        cmocka_unit_test(test_what_is_no_message_is_refused_at_its_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
