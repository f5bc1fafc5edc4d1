/* Lines from bytes and messages from lines, also in cuts at every byte. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/irc_message.h"
#include "util/buf.h"
#include "util/mem.h"

/* One text for a message, so that tables can compare: "tag=value;|nick|COMMAND|param|param". */
static void
describe(const struct pal_irc_message *message, struct pal_buf *out)
{
    enum pal_err err = PAL_OK;
    for (size_t i = 0; i < message->n_tags; i++) {
        err |= pal_buf_printf(out, "%s=%s;", message->tags[i].key, message->tags[i].value);
    }
    err |= pal_buf_printf(out, "|%s|%s", message->nick, message->command);
    for (size_t i = 0; i < message->n_params; i++) {
        err |= pal_buf_printf(out, "|%s", message->params[i]);
    }
    err |= pal_buf_append_text(out, "\n");
    assert_int_equal(err, PAL_OK);
}

/* All messages of a stream that comes in cuts of `cut` bytes. */
static void
read_all(const char *bytes, size_t len, size_t first, size_t cut, struct pal_buf *out)
{
    struct pal_irc_reader *reader = pal_calloc(1, sizeof(*reader));
    size_t at = 0;
    size_t n = first;
    pal_irc_reader_init(reader);
    while (at < len) {
        size_t end = at + n < len ? at + n : len;
        while (at < end) {
            size_t taken = 0;
            enum pal_err err = pal_irc_reader_feed(reader, bytes + at, end - at, &taken);
            at += taken;
            if (err == PAL_OK) {
                struct pal_irc_message message;
                if (pal_irc_parse(reader->line, &message) == PAL_OK) {
                    describe(&message, out);
                }
            }
        }
        n = cut;
    }
    free(reader);
}

static const struct {
    const char *line;
    const char *means; /* NULL = nothing */
} lines[] = {
    {"PING :tmi.twitch.tv\r\n", "||PING|tmi.twitch.tv\n"},
    {"PING x\n", "||PING|x\n"},
    {":tmi.twitch.tv 001 pal :Welcome, GLHF!\r\n", "|tmi.twitch.tv|001|pal|Welcome, GLHF!\n"},
    {":a!a@a.tmi.twitch.tv PRIVMSG #c :hi there\r\n", "|a|PRIVMSG|#c|hi there\n"},
    {":a@host PRIVMSG #c hi\r\n", "|a|PRIVMSG|#c|hi\n"},
    {"@id=1;color= :a PRIVMSG #c ::)\r\n", "id=1;color=;|a|PRIVMSG|#c|:)\n"},
    {"@k :a X\r\n", "k=;|a|X\n"},
    {"@k=a=b X\r\n", "k=a=b;||X\n"},
    {"@k=\\s\\:\\\\\\r\\n X\r\n", "k= ;\\\r\n;||X\n"},
    {"@k=\\b\\ X\r\n", "k=b;||X\n"},
    {"@;;a=1;;b=2; X\r\n", "a=1;b=2;||X\n"},
    {"@=v;a=1 X\r\n", "a=1;||X\n"},
    {"@ X\r\n", "||X\n"},
    {"X a b :c d\r\nY\r\n", "||X|a|b|c d\n||Y\n"},
    {"X  a   b  \r\n", "||X|a|b\n"},
    {"X :\r\n", "||X|\n"},
    {"   X\r\n", "||X\n"},
    {"X\rY\nZ\r\n", "||X\n||Y\n||Z\n"},
    {"\r\n\r\n\n", NULL},
    {"@a=1\r\n", NULL},
    {":only.a.prefix\r\n", NULL},
    {"@a=1 :b\r\n", NULL},
    {"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17\r\n",
     "||X|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15 16 :17\n"},
    {"X \xC3\xA9\xFF\r\n", "||X|\xC3\xA9\xFF\n"},
};

static void
messages_are_read_alike_at_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(lines); i++) {
        size_t len = strlen(lines[i].line);
        for (size_t first = 1; first <= len; first++) {
            for (size_t cut = 1; cut <= len; cut += len - 1 > 0 ? len - 1 : 1) {
                struct pal_buf out;
                pal_buf_init(&out, 4096);
                read_all(lines[i].line, len, first, cut, &out);
                assert_string_equal(out.data, lines[i].means != NULL ? lines[i].means : "");
                pal_buf_finish(&out);
            }
        }
    }
}

static void
a_line_with_a_nul_is_dropped_and_the_next_one_read(void **state)
{
    static const char bytes[] = "PRIVMSG #c :a\0b\r\nPING x\r\n";
    struct pal_buf out;
    (void)state;
    for (size_t first = 1; first < sizeof(bytes); first++) {
        pal_buf_init(&out, 4096);
        read_all(bytes, sizeof(bytes) - 1, first, 3, &out);
        assert_string_equal(out.data, "||PING|x\n");
        pal_buf_finish(&out);
    }
}

static void
a_line_too_long_is_dropped_and_one_just_short_enough_is_not(void **state)
{
    struct pal_irc_reader *reader = pal_calloc(1, sizeof(*reader));
    size_t len = PAL_IRC_LINE_BYTES_MAX;
    char *bytes = pal_calloc(len + 8, 1);
    size_t taken;
    (void)state;
    memset(bytes, 'x', len + 8);
    bytes[len] = '\n';
    pal_irc_reader_init(reader);
    assert_int_equal(pal_irc_reader_feed(reader, bytes, len + 1, &taken), PAL_OK);
    assert_int_equal(reader->len, len);
    bytes[len] = 'x';
    bytes[len + 1] = '\n';
    memcpy(bytes + len + 2, "PING\n", 5);
    assert_int_equal(pal_irc_reader_feed(reader, bytes, len + 7, &taken), PAL_OK);
    assert_string_equal(reader->line, "PING");
    assert_int_equal(reader->n_dropped, 1);
    free(bytes);
    free(reader);
}

static void
of_many_tags_the_first_64_count_and_the_last_of_a_key_wins(void **state)
{
    char line[2048] = "@k=old;k=new";
    struct pal_irc_message message;
    size_t len = strlen(line);
    (void)state;
    for (int i = 0; i < 100; i++) {
        len += (size_t)snprintf(line + len, sizeof(line) - len, ";t%d=%d", i, i);
    }
    (void)snprintf(line + len, sizeof(line) - len, " X");
    assert_int_equal(pal_irc_parse(line, &message), PAL_OK);
    assert_int_equal(message.n_tags, PAL_IRC_TAGS_MAX);
    assert_string_equal(pal_irc_tag(&message, "k"), "new");
    assert_string_equal(pal_irc_tag(&message, "t61"), "61");
    assert_null(pal_irc_tag(&message, "t62"));
    assert_null(pal_irc_tag(&message, "K"));
    assert_string_equal(pal_irc_param(&message, 0), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read_alike_at_every_cut),
        cmocka_unit_test(a_line_with_a_nul_is_dropped_and_the_next_one_read),
        cmocka_unit_test(a_line_too_long_is_dropped_and_one_just_short_enough_is_not),
        cmocka_unit_test(of_many_tags_the_first_64_count_and_the_last_of_a_key_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
