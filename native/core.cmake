# The native core without Python, shared by the extension module, the fuzzers and the sanitizer builds.
find_package(Threads REQUIRED)

# Nothing is looked up by name: calls within the module need no table of addresses.
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

set(core_dir ${CMAKE_CURRENT_LIST_DIR})
set(words_txt ${core_dir}/../reference/words.txt)
set(words_cpp ${CMAKE_CURRENT_BINARY_DIR}/words_text.cpp)
add_custom_command(OUTPUT ${words_cpp}
    COMMAND ${CMAKE_COMMAND} -DIN=${words_txt} -DOUT=${words_cpp} -P ${core_dir}/embed.cmake
    DEPENDS ${words_txt} ${core_dir}/embed.cmake)

add_library(codelength_core STATIC
    ${core_dir}/segment.cpp ${core_dir}/classify.cpp ${core_dir}/words.cpp ${core_dir}/tables.cpp
    ${core_dir}/segment_isa.cpp ${core_dir}/network.cpp ${core_dir}/network_model.cpp ${core_dir}/start.cpp ${core_dir}/phrases.cpp
    ${core_dir}/phrase_learning.cpp ${core_dir}/echoes.cpp ${words_cpp})
target_include_directories(codelength_core PUBLIC ${core_dir})
set_target_properties(codelength_core PROPERTIES POSITION_INDEPENDENT_CODE ON)
if(NOT MSVC)
  target_compile_options(codelength_core PRIVATE -O3 -Wall -Wextra)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_library(codelength_avx2 OBJECT ${core_dir}/segment_isa.cpp)
    target_include_directories(codelength_avx2 PRIVATE ${core_dir})
    set_target_properties(codelength_avx2 PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_options(codelength_avx2 PRIVATE -O3 -Wall -Wextra -mavx2 -mbmi -mbmi2)
    target_sources(codelength_core PRIVATE $<TARGET_OBJECTS:codelength_avx2>)
    target_compile_definitions(codelength_core PRIVATE CODELENGTH_X86)
  endif()
endif()

# The network's forward pass, once for each instruction set.
function(codelength_network_kernels name)
  add_library(codelength_network_${name} OBJECT ${core_dir}/network_run.cpp)
  target_include_directories(codelength_network_${name} PRIVATE ${core_dir})
  set_target_properties(codelength_network_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(NOT MSVC)
    target_compile_options(codelength_network_${name} PRIVATE -O3 -Wall -Wextra ${ARGN})
  endif()
  target_sources(codelength_core PRIVATE $<TARGET_OBJECTS:codelength_network_${name}>)
endfunction()

codelength_network_kernels(portable)
target_compile_definitions(codelength_network_portable PRIVATE CODELENGTH_PLAIN)
if(NOT MSVC)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    codelength_network_kernels(avx2 -mavx2)
    # GCC 12 takes the undefined operands inside its own intrinsics for uninitialised variables of ours.
    codelength_network_kernels(avx512vnni -Wno-uninitialized $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
                               -mavx512f -mavx512bw -mavx512vl -mavx512vnni -mprefer-vector-width=512)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    codelength_network_kernels(neon)
    codelength_network_kernels(neon_dot -march=armv8.2-a+dotprod)
    target_compile_definitions(codelength_core PRIVATE CODELENGTH_ARM64)
  endif()
endif()
