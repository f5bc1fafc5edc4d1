palabre_fuzz_target(fuzz_plan_files LINK palabre-plan)
