palabre_unit_test(test_utf8 LINK palabre-util)
