foreach(target chat_text answers)
  palabre_fuzz_target(fuzz_${target} LINK palabre-chat)
endforeach()
