# SPDX-License-Identifier: MIT
# Where llhttp comes from: its CMake package, else pkg-config, else its C sources (Debian 12: the package node-llhttp), which become
# part of both libraries.
#
# Sets llhttp_library, the target to link, or llhttp_objects, what the libraries are to contain, with llhttp_include; and
# llhttp_dependency, what the installed package says in order to find the library again.
set(llhttp_library)
set(llhttp_objects)
set(llhttp_include)
set(llhttp_dependency)

find_package(llhttp QUIET)
foreach(name llhttp::llhttp_shared llhttp::llhttp llhttp::llhttp_static)
    if(TARGET ${name} AND NOT llhttp_library)
        set(llhttp_library ${name})
        set(llhttp_dependency "find_dependency(llhttp)")
    endif()
endforeach()
if(NOT llhttp_library)
    pkg_check_modules(libllhttp QUIET IMPORTED_TARGET libllhttp)
    if(libllhttp_FOUND)
        set(llhttp_library PkgConfig::libllhttp)
        set(llhttp_dependency "pkg_check_modules(libllhttp REQUIRED QUIET IMPORTED_TARGET libllhttp)")
    endif()
endif()
if(llhttp_library)
    message(STATUS "llhttp: ${llhttp_library}")
    return()
endif()

find_path(HOCKET_LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp DOC "The folder of llhttp.h")
find_path(HOCKET_LLHTTP_SOURCES NAMES llhttp.c PATHS /usr/share/llhttp DOC "The folder of llhttp's C sources")
if(NOT HOCKET_LLHTTP_INCLUDE OR NOT HOCKET_LLHTTP_SOURCES)
    message(FATAL_ERROR "llhttp was not found. Install it (Debian 12: node-llhttp, Debian 13: libllhttp-dev), or say where its C "
                        "sources are: -DHOCKET_LLHTTP_INCLUDE=FOLDER -DHOCKET_LLHTTP_SOURCES=FOLDER")
endif()
message(STATUS "llhttp: ${HOCKET_LLHTTP_SOURCES}/*.c")

if(NOT CMAKE_C_COMPILER)  # the one that belongs to the C++ compiler: clang++-19 alone may be installed
    get_filename_component(folder "${CMAKE_CXX_COMPILER}" DIRECTORY)
    get_filename_component(name "${CMAKE_CXX_COMPILER}" NAME)
    string(REPLACE "clang++" "clang" name "${name}")
    string(REPLACE "g++" "gcc" name "${name}")
    if(EXISTS "${folder}/${name}" AND NOT "${folder}/${name}" STREQUAL "${CMAKE_CXX_COMPILER}")
        set(CMAKE_C_COMPILER "${folder}/${name}")
    endif()
endif()
enable_language(C)
if(DEFINED CMAKE_CXX_COMPILER_LAUNCHER AND NOT DEFINED CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

add_library(hocket_llhttp OBJECT ${HOCKET_LLHTTP_SOURCES}/api.c ${HOCKET_LLHTTP_SOURCES}/http.c ${HOCKET_LLHTTP_SOURCES}/llhttp.c)
set_target_properties(hocket_llhttp PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_compile_definitions(hocket_llhttp PRIVATE LLHTTP_STRICT_MODE=1)
target_include_directories(hocket_llhttp SYSTEM PRIVATE ${HOCKET_LLHTTP_INCLUDE})
set(llhttp_objects $<TARGET_OBJECTS:hocket_llhttp>)
set(llhttp_include ${HOCKET_LLHTTP_INCLUDE})
