# cmake --install: bin/palabre, its engine and llama.cpp's libraries in lib/palabre (found by a run path relative to
# the program, so that the tree can be moved), the starter model in share/palabre, the documents.
# A system's own llama.cpp (pkg-config) stays where it is. All of it is the component `palabre`.
set_target_properties(palabre PROPERTIES
  INSTALL_RPATH "$ORIGIN/../lib/palabre")
install(TARGETS palabre RUNTIME DESTINATION bin COMPONENT palabre)
set_target_properties(palabre-engine-program PROPERTIES INSTALL_RPATH "$ORIGIN")
install(TARGETS palabre-engine-program RUNTIME DESTINATION lib/palabre COMPONENT palabre)
if(PALABRE_LLAMA_LIB_DIR)
  install(DIRECTORY "${PALABRE_LLAMA_LIB_DIR}/" DESTINATION lib/palabre
    COMPONENT palabre FILES_MATCHING PATTERN "lib*.so*")
endif()
install(FILES "${CMAKE_SOURCE_DIR}/models/starter.gguf" DESTINATION share/palabre
  COMPONENT palabre OPTIONAL)
install(FILES LICENSE README.md README.fr.md docs/configuration.md docs/configuration.fr.md
  DESTINATION share/doc/palabre COMPONENT palabre)
