# What the avatar's tests need beside the program: a companion without a model, and C clients of the
# public library as other people would build them.
add_executable(avatar_chat avatar_chat.c)
target_link_libraries(avatar_chat PRIVATE palabre-output)
add_executable(avatar_example "${CMAKE_SOURCE_DIR}/examples/avatar.c")
target_link_libraries(avatar_example PRIVATE palabre-avatar-shared)
add_executable(avatar_library avatar_library.c)
target_link_libraries(avatar_library PRIVATE palabre-avatar-static)
foreach(name vmc restarts library)
  set_property(TEST e2e_avatar_${name} APPEND PROPERTY ENVIRONMENT
    "AVATAR_CHAT=$<TARGET_FILE:avatar_chat>" "AVATAR_EXAMPLE=$<TARGET_FILE:avatar_example>"
    "AVATAR_LIBRARY=$<TARGET_FILE:avatar_library>"
    "AVATAR_SHARED=$<TARGET_FILE:palabre-avatar-shared>")
endforeach()
