palabre_unit_test(test_queue LINK palabre-chat)
palabre_unit_test(test_turn LINK palabre-chat)
palabre_unit_test(test_conv LINK palabre-chat)
palabre_unit_test(test_histogram LINK palabre-chat)
palabre_unit_test(test_persona LINK palabre-chat)

# The front's side of the engine, replaced at link time: its own objects come before the library's.
add_library(palabre-fake-engine STATIC unit/fake_engine.c)
target_include_directories(palabre-fake-engine PUBLIC unit)
target_link_libraries(palabre-fake-engine PUBLIC palabre-util PkgConfig::UV)
target_include_directories(palabre-fake-engine PUBLIC "${CMAKE_SOURCE_DIR}/src")
foreach(test metrics sched companion)
  palabre_unit_test(test_${test} LINK palabre-fake-engine palabre-chat palabre-fake-engine)
endforeach()
