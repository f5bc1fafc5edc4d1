# The chat connection with a parrot in place of the companion, for tests of the connection alone.
add_executable(twitch_parrot twitch_parrot.c)
target_link_libraries(twitch_parrot PRIVATE palabre-access)
foreach(name twitch_connection irc_server)
  set_property(TEST e2e_${name} APPEND PROPERTY ENVIRONMENT
    "TWITCH_PARROT=$<TARGET_FILE:twitch_parrot>")
endforeach()
