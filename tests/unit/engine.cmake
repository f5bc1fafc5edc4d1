palabre_unit_test(test_job LINK palabre-engine)
palabre_unit_test(test_settings LINK palabre-engine)
palabre_unit_test(test_wire LINK palabre-engine)
palabre_unit_test(test_hold LINK palabre-engine)
palabre_unit_test(test_pace LINK palabre-engine)
palabre_unit_test(test_cost LINK palabre-engine)
palabre_unit_test(test_script LINK palabre-engine)
palabre_unit_test(test_replies LINK palabre-engine)
palabre_unit_test(test_fault LINK palabre-engine)
palabre_unit_test(test_timeline LINK palabre-engine)

# The whole way from the front to a scripted engine, as a thread and as a process (of itself).
palabre_unit_test(test_engine_script LINK palabre-engine)
target_sources(test_engine_script PRIVATE unit/engine_case.c
  "${CMAKE_SOURCE_DIR}/commands/engine.c")
target_include_directories(test_engine_script PRIVATE "${CMAKE_SOURCE_DIR}")
palabre_unit_test(test_sse LINK palabre-engine)
palabre_unit_test(test_breaker LINK palabre-engine)
palabre_unit_test(test_upstream_text LINK palabre-engine)
