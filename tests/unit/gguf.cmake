palabre_unit_test(test_gguf_llama LINK palabre-gguf llama)
