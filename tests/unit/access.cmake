foreach(test assets page_transcript http_parse http_guard json openai_request ollama_request irc_message irc_write outbox
    twitch_session twitch_token)
  palabre_unit_test(test_${test} LINK palabre-access)
endforeach()
