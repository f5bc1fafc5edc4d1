# The page, embedded: `palabre_web` gives the table of assets (src/access/assets.h) and their bytes.
#
# In this order: built here by web/build.mjs, if Node.js and the npm packages are there; else web/dist,
# which a release carries ready made; else no page, and the program says so where the page would be.
# The program that comes out needs no Node.js.

enable_language(ASM)
find_program(PALABRE_NODE node)
set(web_out "${CMAKE_BINARY_DIR}/web")
set(web_packages "${CMAKE_SOURCE_DIR}/node_modules/three" "${CMAKE_SOURCE_DIR}/node_modules/uplot"
  "${CMAKE_SOURCE_DIR}/node_modules/@pixiv/three-vrm"
  "${CMAKE_SOURCE_DIR}/node_modules/@esbuild/linux-x64")
set(web_ready TRUE)
foreach(dir IN LISTS web_packages)
  if(NOT EXISTS "${dir}")
    set(web_ready FALSE)
  endif()
endforeach()

if(PALABRE_NODE AND web_ready)
  add_custom_command(OUTPUT "${web_out}/assets.c" "${web_out}/assets.S"
    COMMAND "${PALABRE_NODE}" "${CMAKE_SOURCE_DIR}/web/build.mjs" "${web_out}"
    DEPENDS "${CMAKE_SOURCE_DIR}/web/build.mjs" "${CMAKE_SOURCE_DIR}/package-lock.json"
    DEPFILE "${web_out}/assets.d"
    COMMENT "Building the page" VERBATIM)
elseif(EXISTS "${CMAKE_SOURCE_DIR}/web/dist/assets.c")
  set(web_out "${CMAKE_SOURCE_DIR}/web/dist")
else()
  message(WARNING "The page is left out: it is built by Node.js and npm packages that are not here. "
    "Run './dev build', which installs them, or build from a release, which carries the page.")
  file(WRITE "${web_out}/assets.c" "#include \"access/assets.h\"\n"
    "const struct pal_asset pal_assets[] = {{0}};\nconst size_t pal_n_assets = 0;\n")
  file(WRITE "${web_out}/assets.S" "    .section .note.GNU-stack, \"\", %progbits\n")
endif()
add_library(palabre_web OBJECT "${web_out}/assets.c" "${web_out}/assets.S")
target_include_directories(palabre_web PRIVATE "${CMAKE_SOURCE_DIR}/src")
set_source_files_properties("${web_out}/assets.S" PROPERTIES
  COMPILE_OPTIONS "-Wa,-I,${web_out}" OBJECT_DEPENDS "${web_out}/assets.c")
