palabre_fuzz_target(fuzz_wire LINK palabre-engine)
palabre_fuzz_target(fuzz_script LINK palabre-engine)
palabre_fuzz_target(fuzz_upstream LINK palabre-engine)
