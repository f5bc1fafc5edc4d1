# The imported target `llama`: libllama and ggml by their C API.
#
# In this order: PALABRE_LLAMA_DIR (a folder with include/ and lib/), pkg-config's `llama`, else the
# pinned npm packages, staged into build/llama by tools/stage-llama. The CPU variant is not chosen
# here: ggml's own loader picks it at run time from the libraries that lie beside each other.

set(PALABRE_LLAMA_DIR "$ENV{PALABRE_LLAMA_DIR}" CACHE PATH "llama.cpp to use: include/ and lib/")

function(palabre_import_llama dir)
  file(GLOB lib_llama "${dir}/lib/libllama.so" "${dir}/lib/libllama.v*.so")
  file(GLOB lib_ggml "${dir}/lib/libggml.so" "${dir}/lib/libggml.v*.so")
  file(GLOB lib_base "${dir}/lib/libggml-base.so")
  foreach(lib lib_llama lib_ggml lib_base)
    if(NOT ${lib})
      message(FATAL_ERROR "no ${lib} in '${dir}/lib': run ./dev deps, or unset PALABRE_LLAMA_DIR")
    endif()
    list(GET ${lib} 0 ${lib})
  endforeach()
  add_library(llama INTERFACE IMPORTED GLOBAL)
  target_include_directories(llama SYSTEM INTERFACE "${dir}/include")
  target_link_libraries(llama INTERFACE "${lib_llama}" "${lib_ggml}" "${lib_base}")
  set(PALABRE_LLAMA_LIB_DIR "${dir}/lib" CACHE INTERNAL "where ggml's loader looks for backends")
endfunction()

pkg_check_modules(SYSTEM_LLAMA QUIET llama)
if(PALABRE_LLAMA_DIR)
  palabre_import_llama("${PALABRE_LLAMA_DIR}")
elseif(SYSTEM_LLAMA_FOUND)
  pkg_check_modules(SYSTEM_LLAMA REQUIRED IMPORTED_TARGET GLOBAL llama)
  add_library(llama ALIAS PkgConfig::SYSTEM_LLAMA)
  set(PALABRE_LLAMA_LIB_DIR "" CACHE INTERNAL "where ggml's loader looks for backends")
else()
  execute_process(COMMAND "${CMAKE_SOURCE_DIR}/tools/stage-llama" cpu RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "llama.cpp is not here yet: run ./dev deps")
  endif()
  palabre_import_llama("${CMAKE_SOURCE_DIR}/build/llama")
endif()
# Tests and tools of the build tree find the libraries by their own run path.
set(CMAKE_BUILD_RPATH "${PALABRE_LLAMA_LIB_DIR}")
