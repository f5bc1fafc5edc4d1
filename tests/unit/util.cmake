palabre_unit_test(test_buf LINK palabre-util)
palabre_unit_test(test_err LINK palabre-util)
palabre_unit_test(test_log LINK palabre-util)
palabre_unit_test(test_utf8 LINK palabre-util)
palabre_unit_test(test_proc LINK palabre-util)
palabre_unit_test(test_recent LINK palabre-util)
palabre_unit_test(test_cpus LINK palabre-util)

# The checks that hold the house are tested on trees that break its rules.
add_test(NAME tools_check_layers COMMAND "${CMAKE_SOURCE_DIR}/tests/tools/test-check-layers")
add_test(NAME tools_check_texts COMMAND "${CMAKE_SOURCE_DIR}/tests/tools/test-check-texts")
set_tests_properties(tools_check_layers tools_check_texts PROPERTIES LABELS unit TIMEOUT 300)
