foreach(test http_parse http_guard json openai_request ollama_request)
  palabre_unit_test(test_${test} LINK palabre-access)
endforeach()
