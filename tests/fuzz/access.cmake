foreach(target http_parse http_request http_guard http_text twitch)
  palabre_fuzz_target(fuzz_${target} LINK palabre-access)
endforeach()
