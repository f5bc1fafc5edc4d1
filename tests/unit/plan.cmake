palabre_unit_test(test_seed_rules LINK palabre-plan)
palabre_unit_test(test_plan_gpus LINK palabre-plan)
palabre_unit_test(test_plan_size LINK palabre-plan)
palabre_unit_test(test_plan_table LINK palabre-plan)
palabre_unit_test(test_plan_tuned LINK palabre-plan)
palabre_unit_test(test_plan_probe LINK palabre-plan)
# Stands in for the NVIDIA driver's library; NVML_FAKE says how it fails.
add_library(fake_nvml SHARED unit/fake_nvml.c)
add_dependencies(test_plan_probe fake_nvml)
target_compile_definitions(test_plan_probe PRIVATE FAKE_NVML="$<TARGET_FILE:fake_nvml>"
  PLAN_DATA="${CMAKE_CURRENT_SOURCE_DIR}/unit/plan_data")
# What `palabre tune` decides by.
palabre_unit_test(test_duel LINK palabre-util)
target_sources(test_duel PRIVATE "${CMAKE_SOURCE_DIR}/bench/duel.c")
target_include_directories(test_duel PRIVATE "${CMAKE_SOURCE_DIR}")
