#include "test.h"

#include <string.h>

#include "access/http_guard.h"
#include "util/mem.h"

static const char *const allowed[] = {"palabre.example", NULL};

static struct pal_http_head
head_with(const struct pal_http_field *fields, size_t n)
{
    struct pal_http_head head = {.method = PAL_HTTP_POST, .path = "/"};
    for (size_t i = 0; i < n; i++) {
        if (fields[i].value != NULL) {
            head.fields[head.n_fields++] = fields[i];
        }
    }
    return head;
}

static int
origin_status(const struct pal_guard *guard, const char *host, const char *origin, const char *site)
{
    struct pal_http_field fields[] = {{"Host", host}, {"Origin", origin}, {"Sec-Fetch-Site", site}};
    struct pal_http_head head = head_with(fields, PAL_COUNT_OF(fields));
    struct pal_error error = {0};
    int status = pal_guard_check_origin(guard, &head, &error);
    assert_int_equal(status != 0, error.text[0] != '\0');
    return status;
}

struct judged {
    const char *text;
    int status;
};

/* For a server on 127.0.0.1:7252 with one allowed name. */
static const struct judged hosts[] = {
    {"127.0.0.1:7252", 0},
    {"localhost:7252", 0},
    {"LOCALHOST:7252", 0},
    {"[::1]:7252", 0},
    {"palabre.example", 0},
    {"palabre.example:8443", 0},
    {NULL, 400},
    {"", 400},
    {"a b", 400},
    {"a/b", 400},
    {"127.0.0.1:", 400},
    {"127.0.0.1:x", 400},
    {"127.0.0.1:72520", 400},
    {"127.0.0.1:7252:7252", 400},
    {"[::1", 400},
    {"[]:7252", 400},
    {":7252", 400},
    {"user@127.0.0.1:7252", 400},
    {"127.0.0.1", 421},
    {"localhost", 421},
    {"127.0.0.1:80", 421},
    {"127.0.0.1:7253", 421},
    {"127.0.0.2:7252", 421},
    {"127.1:7252", 421},
    {"0.0.0.0:7252", 421},
    {"2130706433:7252", 421},
    {"localhost.:7252", 421},
    {"localhost.evil.test:7252", 421},
    {"evil.test:7252", 421},
    {"evil.test", 421},
    {"evilpalabre.example", 421},
    {"palabre.example.evil.test", 421},
    {"[::2]:7252", 421},
    {"[::ffff:127.0.0.1]:7252", 421},
    {"192.168.1.5:7252", 421},
};

static const struct judged origins[] = {
    {NULL, 0},
    {"http://127.0.0.1:7252", 0},
    {"http://localhost:7252", 0},
    {"http://[::1]:7252", 0},
    {"http://palabre.example", 0},
    {"https://palabre.example", 0},
    {"", 403},
    {"null", 403},
    {"*", 403},
    {"http://", 403},
    {"http://127.0.0.1", 403},
    {"http://127.0.0.1:7253", 403},
    {"http://localhost:3000", 403},
    {"https://127.0.0.1:7252", 403},
    {"http://evil.test", 403},
    {"http://evil.test:7252", 403},
    {"https://evil.test", 403},
    {"http://127.0.0.1:7252.evil.test", 403},
    {"http://127.0.0.1:7252@evil.test", 403},
    {"http://localhost:7252/", 403},
    {"http://localhost:7252 http://evil.test", 403},
    {"https://palabre.example.evil.test", 403},
    {"file://", 403},
    {"chrome-extension://abcdef", 403},
    {"ftp://127.0.0.1:7252", 403},
    {"127.0.0.1:7252", 403},
    {"//127.0.0.1:7252", 403},
    {"javascript:alert(1)", 403},
    {"data:", 403},
    {"http:/127.0.0.1:7252", 403},
};

static const struct judged sites[] = {
    {NULL, 0},           {"none", 0},          {"same-origin", 0}, {"same-site", 403},
    {"cross-site", 403}, {"Same-Origin", 403}, {"", 403},
};

static void
test_only_listed_hosts_origins_and_sites_pass(void **state)
{
    (void)state;
    struct pal_guard guard = {.port = 7252, .on_loopback = true, .allowed_hosts = allowed};
    size_t n_passed = 0;
    for (size_t h = 0; h < PAL_COUNT_OF(hosts); h++) {
        for (size_t o = 0; o < PAL_COUNT_OF(origins); o++) {
            for (size_t s = 0; s < PAL_COUNT_OF(sites); s++) {
                int status = origin_status(&guard, hosts[h].text, origins[o].text, sites[s].text);
                int expected = hosts[h].status != 0     ? hosts[h].status
                               : origins[o].status != 0 ? origins[o].status
                                                        : sites[s].status;
                if (status != expected) {
                    fail_msg("host '%s' origin '%s' site '%s': %d, not %d", hosts[h].text,
                             origins[o].text, sites[s].text, status, expected);
                }
                n_passed += status == 0;
            }
        }
    }
    assert_int_equal(n_passed, 6 * 6 * 3);
}

/* An address written as a number can't be rebound to another one; a name can. */
static void
test_on_a_network_address_numbers_pass_and_names_do_not(void **state)
{
    (void)state;
    struct pal_guard guard = {.port = 7252};
    assert_int_equal(origin_status(&guard, "192.168.1.5:7252", NULL, NULL), 0);
    assert_int_equal(origin_status(&guard, "[fe80::1]:7252", NULL, NULL), 0);
    assert_int_equal(origin_status(&guard, "192.168.1.5:7253", NULL, NULL), 421);
    assert_int_equal(origin_status(&guard, "evil.test:7252", NULL, NULL), 421);
    assert_int_equal(origin_status(&guard, "192.168.1.5:7252", "http://evil.test", NULL), 403);
}

static void
test_the_key_passes_in_both_fields_and_nothing_like_it_does(void **state)
{
    (void)state;
    static const struct {
        const char *authorization;
        const char *x_api_key;
        int status;
    } cases[] = {
        {"Bearer sesame", NULL, 0},
        {"bearer  sesame", NULL, 0},
        {NULL, "sesame", 0},
        {"Basic abc", "sesame", 0},
        {NULL, NULL, 401},
        {"", "", 401},
        {"Bearer", NULL, 401},
        {"Bearer ", NULL, 401},
        {"Bearer sesam", NULL, 401},
        {"Bearer sesame2", NULL, 401},
        {"Bearer Sesame", NULL, 401},
        {"sesame", NULL, 401},
        {"Bearer sesamesesame", NULL, 401},
        {"Bearer wrong", "sesame", 401},
    };
    struct pal_guard guard = {.port = 7252, .api_key = "sesame"};
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_http_field fields[] = {{"Authorization", cases[i].authorization},
                                          {"X-Api-Key", cases[i].x_api_key}};
        struct pal_http_head head = head_with(fields, PAL_COUNT_OF(fields));
        struct pal_error error = {0};
        assert_int_equal(pal_guard_check_key(&guard, &head, &error), cases[i].status);
        assert_null(strstr(error.text, "sesame"));
    }
    struct pal_guard open = {.port = 7252};
    struct pal_http_head head = {0};
    assert_int_equal(pal_guard_check_key(&open, &head, NULL), 0);
}

static void
test_only_json_bodies_pass(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *origin;
        const char *encoding;
        int status;
    } cases[] = {
        {"application/json", NULL, NULL, 0},
        {"Application/JSON; charset=utf-8", "http://127.0.0.1:7252", NULL, 0},
        {"application/json ;charset=utf-8", NULL, NULL, 0},
        {NULL, NULL, NULL, 0},
        {NULL, "http://127.0.0.1:7252", NULL, 415},
        {"", NULL, NULL, 415},
        {"text/plain", NULL, NULL, 415},
        {"application/x-www-form-urlencoded", NULL, NULL, 415},
        {"multipart/form-data; boundary=application/json", NULL, NULL, 415},
        {"text/plain;application/json", NULL, NULL, 415},
        {"application/jsonx", NULL, NULL, 415},
        {"application/json", NULL, "gzip", 415},
        {"application/json", NULL, "identity", 415},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_http_field fields[] = {{"Content-Type", cases[i].type},
                                          {"Origin", cases[i].origin},
                                          {"Content-Encoding", cases[i].encoding}};
        struct pal_http_head head = head_with(fields, PAL_COUNT_OF(fields));
        struct pal_error error = {0};
        assert_int_equal(pal_guard_check_body_type(&head, &error), cases[i].status);
    }
}

static void
test_loopback_is_known_by_its_numbers_and_its_one_name(void **state)
{
    (void)state;
    assert_true(pal_host_is_loopback("127.0.0.1"));
    assert_true(pal_host_is_loopback("127.8.9.10"));
    assert_true(pal_host_is_loopback("::1"));
    assert_true(pal_host_is_loopback("localhost"));
    assert_false(pal_host_is_loopback("0.0.0.0"));
    assert_false(pal_host_is_loopback("::"));
    assert_false(pal_host_is_loopback("192.168.1.1"));
    assert_false(pal_host_is_loopback("localhost.evil.test"));
    assert_false(pal_host_is_loopback(""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_listed_hosts_origins_and_sites_pass),
        cmocka_unit_test(test_on_a_network_address_numbers_pass_and_names_do_not),
        cmocka_unit_test(test_the_key_passes_in_both_fields_and_nothing_like_it_does),
        cmocka_unit_test(test_only_json_bodies_pass),
        cmocka_unit_test(test_loopback_is_known_by_its_numbers_and_its_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
