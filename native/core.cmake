# The native core without Python, shared by the extension module, the fuzzers and the sanitizer builds.
find_package(Threads REQUIRED)
add_library(codelength_core STATIC native/segment.cpp)
target_include_directories(codelength_core PUBLIC native)
set_target_properties(codelength_core PROPERTIES POSITION_INDEPENDENT_CODE ON)
if(NOT MSVC)
  target_compile_options(codelength_core PRIVATE -O3 -Wall -Wextra)
endif()
