palabre_unit_test(test_gguf LINK palabre-gguf)
palabre_unit_test(test_gguf_broken LINK palabre-gguf)
# The only tests of this folder that know llama.cpp: what we say must be what it says.
palabre_unit_test(test_gguf_llama LINK palabre-gguf llama)
palabre_unit_test(test_gguf_mutants LINK palabre-gguf llama)
