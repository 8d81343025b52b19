# SPDX-License-Identifier: MIT
# Each file of bench/ is a program of its own: <build>/bench/<name>; those that use hocket are linked with the shared library
# too, as <name>_shared. The target `bench` builds them all.
find_path(BOOST_ASIO boost/asio/awaitable.hpp)

file(GLOB programs CONFIGURE_DEPENDS bench/*.cc)
add_custom_target(bench)

function(hocket_bench_program name source)
    add_executable(bench_${name} EXCLUDE_FROM_ALL ${source})
    set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY bench)
    target_compile_features(bench_${name} PRIVATE cxx_std_20)
    target_compile_options(bench_${name} PRIVATE ${HOCKET_WARNINGS})
    target_link_libraries(bench_${name} PRIVATE Threads::Threads ${ARGN})
    add_dependencies(bench bench_${name})
endfunction()

foreach(source ${programs})
    cmake_path(GET source STEM name)
    file(STRINGS ${source} uses_hocket REGEX "^#include <hocket/")
    file(STRINGS ${source} uses_asio REGEX "^#include <boost/asio")
    if(uses_asio AND NOT BOOST_ASIO)
        message(STATUS "Boost.Asio was not found: bench/${name}.cc is left out")
    elseif(uses_hocket)
        hocket_bench_program(${name} ${source} hocket::static)
        hocket_bench_program(${name}_shared ${source} hocket::shared)
    else()
        hocket_bench_program(${name} ${source})
    endif()
endforeach()
