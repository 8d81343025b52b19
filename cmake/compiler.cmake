# SPDX-License-Identifier: MIT
# Which compilers are accepted, and the flags that our own code is built with.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13 AND NOT HOCKET_UNSAFE_COMPILER)
    message(FATAL_ERROR
        "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines: ordinary programs, such as "
        "`co_await queue.put(Item{1, \"x\"})` or a closure inside a co_await expression, free memory twice or hang without a "
        "word. hocket needs clang 19 or GCC 14 (13 at the least).\n"
        "On Debian 12:  apt install clang-19 lld-19   then   cmake -DCMAKE_CXX_COMPILER=clang++-19 ...   (./dev does both)\n"
        "On Debian 13:  the distribution's own g++ is right.\n"
        "-DHOCKET_UNSAFE_COMPILER=ON builds all the same, at the risk of whoever runs the program.")
endif()

set(HOCKET_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast)
if(PROJECT_IS_TOP_LEVEL)
    list(APPEND HOCKET_WARNINGS -Werror)
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(HOCKET_SANITIZE)
    add_compile_options(-fsanitize=${HOCKET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(HOCKET_SANITIZE MATCHES undefined)
        # The check of vptrs opens a pipe: a test that runs out of descriptors would be told of faults that are none.
        add_compile_options(-fno-sanitize=vptr)
    endif()
    add_link_options(-fsanitize=${HOCKET_SANITIZE})
endif()

if(PROJECT_IS_TOP_LEVEL)
    find_program(CCACHE ccache)
    if(CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
        # What the tests precompile is known by its text, as all else is.
        set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
        if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
            set(HOCKET_PCH_OPTIONS "SHELL:-Xclang -fno-pch-timestamp")
        endif()
    endif()
    # lld links a program with line tables several times faster than GNU ld; clang finds the one of its own version.
    find_program(LLD NAMES ld.lld-19 ld.lld)
    if(LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        add_link_options(-fuse-ld=lld)
    endif()
endif()
