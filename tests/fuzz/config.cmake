palabre_fuzz_target(fuzz_config LINK palabre-config)
