/* A token's form, and the file that nobody else may read. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/twitch_token.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define TOKEN "abcdefghij0123456789ABCDEFGHIJ"

static const struct {
    const char *text;
    const char *token; /* NULL = refused */
} forms[] = {
    {TOKEN, TOKEN},
    {"oauth:" TOKEN, TOKEN},
    {"  \"" TOKEN "\" \n", TOKEN},
    {"#access_token=" TOKEN "&scope=chat%3Aread", TOKEN},
    {"", NULL},
    {"oauth:", NULL},
    {"short", NULL},
    {"abcdefghij0123456789-ABCDEFGHI", NULL},
    {TOKEN "\x01", NULL},
};

static void
a_tokens_form_is_checked_and_never_repeated(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(forms); i++) {
        struct pal_twitch_account account = {.login = ""};
        struct pal_error error = {.code = PAL_OK};
        enum pal_err err = pal_twitch_token_parse(forms[i].text, &account, &error);
        assert_int_equal(err, forms[i].token != NULL ? PAL_OK : PAL_ERR_ARGUMENT);
        if (forms[i].token != NULL) {
            assert_string_equal(account.token, forms[i].token);
        } else if (strlen(forms[i].text) > 10) {
            assert_null(strstr(error.text, "0123456789"));
        }
    }
    char *long_one = pal_calloc(2000, 1);
    struct pal_twitch_account account;
    memset(long_one, 'a', 1999);
    assert_int_equal(pal_twitch_token_parse(long_one, &account, NULL), PAL_ERR_ARGUMENT);
    free(long_one);
}

static void
a_stored_token_is_its_owners_alone_and_comes_back(void **state)
{
    char folder[] = "/tmp/palabre-token-XXXXXX";
    struct pal_twitch_account account = {.login = "pal", .token = TOKEN};
    struct pal_twitch_account loaded;
    struct pal_error error;
    struct stat facts;
    (void)state;
    assert_non_null(mkdtemp(folder));
    char *path = pal_printf("%s/deeper/twitch-token", folder);
    assert_int_equal(pal_twitch_token_load(path, &loaded, &error), PAL_ERR_NOT_FOUND);
    assert_int_equal(pal_twitch_token_store(path, &account, &error), PAL_OK);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(pal_twitch_token_load(path, &loaded, &error), PAL_OK);
    assert_string_equal(loaded.login, "pal");
    assert_string_equal(loaded.token, TOKEN);

    account.login[0] = '\0';
    assert_int_equal(pal_twitch_token_store(path, &account, &error), PAL_OK);
    assert_int_equal(pal_twitch_token_load(path, &loaded, &error), PAL_OK);
    assert_string_equal(loaded.login, "");

    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(pal_twitch_token_load(path, &loaded, &error), PAL_ERR_DENIED);
    assert_non_null(strstr(error.text, "chmod 600"));
    char *linked = pal_printf("%s/deeper/link", folder);
    assert_int_equal(symlink(path, linked), 0);
    assert_int_equal(pal_twitch_token_load(linked, &loaded, &error), PAL_ERR_DENIED);
    assert_int_equal(pal_twitch_token_load(folder, &loaded, &error), PAL_ERR_IO);

    char *parent = pal_path_parent(path);
    (void)unlink(linked);
    (void)unlink(path);
    assert_int_equal(rmdir(parent), 0); /* no draft was left behind */
    assert_int_equal(rmdir(folder), 0);
    free(parent);
    free(linked);
    free(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tokens_form_is_checked_and_never_repeated),
        cmocka_unit_test(a_stored_token_is_its_owners_alone_and_comes_back),
    };
    pal_lang_init("en");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
