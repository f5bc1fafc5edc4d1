palabre_fuzz_target(fuzz_gguf LINK palabre-gguf)
