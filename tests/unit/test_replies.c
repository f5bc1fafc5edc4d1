#include "test.h"

#include "engine/replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static const struct pal_reply *
find(const struct pal_replies *r, const char *conversation, const char *text)
{
    return pal_replies_find(r, conversation, text, strlen(text));
}

static void
test_a_reply_is_found_by_its_text(void **state)
{
    (void)state;
    struct pal_replies *r = pal_calloc(1, sizeof(*r));
    pal_replies_init(r, 1);
    const int32_t a[] = {1, 2, 3};
    const int32_t b[] = {9};
    pal_replies_add(r, "anna", "Salut !", 7, a, 3);
    pal_replies_add(r, "bob", "Salut !", 7, b, 1);
    assert_int_equal(find(r, "anna", "Salut !")->tokens[0], 1);
    assert_int_equal(find(r, "bob", "Salut !")->tokens[0], 9);
    /* From anybody: the newest. */
    assert_int_equal(find(r, NULL, "Salut !")->tokens[0], 9);
    assert_int_equal(find(r, "anna", "  Salut !\n")->tokens[0], 1);
    assert_null(find(r, "anna", "Salut"));
    assert_null(find(r, "anna", ""));
    pal_replies_add(r, "anna", "  ", 2, a, 3);
    assert_null(find(r, "anna", " "));
    pal_replies_finish(r);
    pal_replies_finish(NULL);
    free(r);
}

static void
test_the_oldest_give_way(void **state)
{
    (void)state;
    struct pal_replies *r = pal_calloc(1, sizeof(*r));
    pal_replies_init(r, 1);
    char text[32];
    const int32_t token = 5;
    for (int i = 0; i < PAL_REPLIES_MAX + 10; i++) {
        int n = snprintf(text, sizeof(text), "reply %d", i);
        pal_replies_add(r, NULL, text, (size_t)n, &token, 1);
    }
    assert_int_equal(r->n, PAL_REPLIES_MAX);
    assert_null(find(r, NULL, "reply 9"));
    assert_non_null(find(r, NULL, "reply 10"));
    int32_t *many = pal_calloc(PAL_REPLIES_TOKENS_MAX, sizeof(*many));
    pal_replies_add(r, NULL, "long", 4, many, PAL_REPLIES_TOKENS_MAX);
    free(many);
    assert_int_equal(r->n, 1);
    assert_int_equal(r->n_tokens, PAL_REPLIES_TOKENS_MAX);
    pal_replies_finish(r);
    free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply_is_found_by_its_text),
        cmocka_unit_test(test_the_oldest_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
