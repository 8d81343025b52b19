# SPDX-License-Identifier: MIT
# The tests: hocket/<room>/*_test.cc once per backend, what must not compile, the house rules, the documentation's
# snippets, and the installed package. The target `tests` builds all that ctest runs.
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
include(GoogleTest)

set(HOCKET_TEST_BACKENDS virtual epoll uring CACHE STRING
    "The backends that tests run on (a container that forbids io_uring can leave uring out)")

add_custom_target(tests ALL)
if(HOCKET_SANITIZE)
    set(timeout 600)
else()
    set(timeout 60)
endif()

# What tests share: tests/support, included as <tests/support/x.h>.
file(GLOB support CONFIGURE_DEPENDS tests/support/*.cc)
add_library(test_support STATIC EXCLUDE_FROM_ALL ${support})
target_compile_options(test_support PRIVATE ${HOCKET_WARNINGS} -O0)
target_link_libraries(test_support PUBLIC hocket::static GTest::gmock_main PRIVATE rapidcheck OpenSSL::Crypto)
# A third of what a test takes to compile is GoogleTest's header: once for all rooms.
target_precompile_headers(test_support PRIVATE <gtest/gtest.h>)
target_compile_options(test_support PRIVATE ${HOCKET_PCH_OPTIONS})

# A suite's name says where its tests have a meaning: `Virtual...` in virtual time only, `Real...` on the system's clock and
# descriptors only, `Once...` and `Simulation` on no backend (it runs no loop, or chooses its own). All others run on every backend.
set(virtual_only "Virtual*:*/Virtual*")
set(real_only "Real*:*/Real*")
set(once_only "Once*:*/Once*:Simulation.*")
set(filter_virtual "-${real_only}:${once_only}")
set(filter_epoll "-${virtual_only}:${once_only}")
set(filter_uring "-${virtual_only}:${once_only}")
set(filter_once "${once_only}")

function(hocket_test_program program level)
    add_executable(${program} EXCLUDE_FROM_ALL ${ARGN})
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests)
    target_compile_options(${program} PRIVATE ${HOCKET_WARNINGS} ${level})
    target_link_libraries(${program} PRIVATE test_support)
    add_dependencies(tests ${program})
endfunction()

function(hocket_room_tests room)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS hocket/${room}/*_test.cc)
    if(NOT sources)
        return()
    endif()
    set(program ${room}_test)
    # Half the time to compile, and another level than the library's own.
    hocket_test_program(${program} -O0 ${sources})
    target_precompile_headers(${program} REUSE_FROM test_support)
    target_compile_options(${program} PRIVATE ${HOCKET_PCH_OPTIONS})

    set(common NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${timeout} LABELS ${room})
    if(room STREQUAL "base")
        gtest_discover_tests(${program} ${common})
        return()
    endif()
    gtest_discover_tests(${program} TEST_FILTER ${filter_once} TEST_LIST ${program}_once ${common})
    foreach(backend ${HOCKET_TEST_BACKENDS})
        gtest_discover_tests(${program} TEST_PREFIX ${backend}. TEST_FILTER ${filter_${backend}}
                             TEST_LIST ${program}_${backend} ${common} ENVIRONMENT HOCKET_BACKEND=${backend})
    endforeach()
endfunction()
# The corpus of hostile bytes is read where it stands.
file(GLOB corpus_sources CONFIGURE_DEPENDS hocket/http/corpus*_test.cc)
set_source_files_properties(${corpus_sources} PROPERTIES
    COMPILE_DEFINITIONS "HOCKET_CORPUS=\"${PROJECT_SOURCE_DIR}/hocket/http/corpus\"")
file(GLOB rooms CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/hocket hocket/*)
foreach(room ${rooms})
    if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/hocket/${room})
        hocket_room_tests(${room})
    endif()
endforeach()

# On simulated hosts, the tests that tests/sim/<room>_test.txt names: each without weather, and with that of a few seeds.
file(GLOB simulated CONFIGURE_DEPENDS tests/sim/*_test.txt)
foreach(list ${simulated})
    cmake_path(GET list STEM program)
    add_test(NAME sim.${program} COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/sim/weather.py
                                         $<TARGET_FILE:${program}> ${list})
    set_tests_properties(sim.${program} PROPERTIES TIMEOUT 600 LABELS sim ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endforeach()

# The replicated store of examples/kv: its simulation finds nothing, or the bug that is switched on, and tells the story that is documented.
if(TARGET kv_sim)
    add_dependencies(tests kv_sim)
    add_test(NAME examples.kv COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/snippets/snippets.py run
                                      $<TARGET_FILE:kv_sim> ${PROJECT_SOURCE_DIR}/examples/kv/kv_sim.out)
    set_tests_properties(examples.kv PROPERTIES TIMEOUT 600 LABELS sim ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()

# How coroutines hand over to each other depends on the optimiser: what depends on that is tested optimised, too.
hocket_test_program(core_O2_test -O2 hocket/core/deep_chain_test.cc hocket/core/coro_test.cc hocket/core/cancellation_test.cc)
gtest_discover_tests(core_O2_test TEST_PREFIX O2.virtual. TEST_FILTER ${filter_virtual} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
                     PROPERTIES TIMEOUT ${timeout} LABELS core ENVIRONMENT HOCKET_BACKEND=virtual)

# Documentation: the blocks in the pages are pieces of programs that are built and run here.
function(hocket_documentation_test kind name)
    set(program ${kind}_${name})
    add_executable(${program} EXCLUDE_FROM_ALL docs/${kind}s/${name}.cc)
    set_target_properties(${program} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY docs/${kind}s)
    target_compile_options(${program} PRIVATE ${HOCKET_WARNINGS})
    target_link_libraries(${program} PRIVATE hocket::static)
    add_dependencies(tests ${program})
    add_test(NAME docs.${kind}.${name}
             COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/snippets/snippets.py ${ARGN})
    set_tests_properties(docs.${kind}.${name} PROPERTIES TIMEOUT ${timeout} LABELS docs ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endfunction()

# docs/snippets: the output is compared with <name>.out beside the program.
file(GLOB snippets CONFIGURE_DEPENDS docs/snippets/*.cc)
foreach(source ${snippets})
    cmake_path(GET source STEM name)
    hocket_documentation_test(snippet ${name} run $<TARGET_FILE:snippet_${name}>
                              ${PROJECT_SOURCE_DIR}/docs/snippets/${name}.out)
endforeach()

# docs/pairs: a Python program and one in C++ that must print the same.
set(HOCKET_PAIRS_PYTHON /usr/bin/python3 CACHE FILEPATH
    "The interpreter of docs/pairs and of docs/http-features.md, 3.11 or later: one that finds Debian's python3-aiohttp, python3-httpx, python3-requests and python3-aiofiles")
file(GLOB pairs CONFIGURE_DEPENDS docs/pairs/*.cc)
foreach(source ${pairs})
    cmake_path(GET source STEM name)
    hocket_documentation_test(pair ${name} pair ${HOCKET_PAIRS_PYTHON} ${PROJECT_SOURCE_DIR}/docs/pairs/${name}.py
                              $<TARGET_FILE:pair_${name}>)
endforeach()

# The program, as a process of its own.
if(TARGET hocket)
    foreach(test program get get_files serve terminal)
        add_test(NAME apps.${test} COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/apps/${test}_test.py $<TARGET_FILE:hocket>)
        set_tests_properties(apps.${test} PROPERTIES TIMEOUT ${timeout} LABELS apps ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
    endforeach()
    add_dependencies(tests hocket)
endif()

# URLs: Node's answers to the same corpus.
add_executable(urls_parsed EXCLUDE_FROM_ALL tests/url/parsed.cc)
set_target_properties(urls_parsed PROPERTIES OUTPUT_NAME parsed RUNTIME_OUTPUT_DIRECTORY tests/url)
target_compile_options(urls_parsed PRIVATE ${HOCKET_WARNINGS})
target_link_libraries(urls_parsed PRIVATE hocket::static)
add_dependencies(tests urls_parsed)
add_test(NAME http.urls COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/url/compare.py $<TARGET_FILE:urls_parsed>)
set_tests_properties(http.urls PROPERTIES TIMEOUT ${timeout} LABELS http ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

include(cmake/conformance.cmake)

# The rest does not run the library, or builds it by itself: once, without sanitizers, is enough.
if(HOCKET_SANITIZE)
    return()
endif()
include(cmake/compile_fail.cmake)

function(hocket_python_test name label)
    add_test(NAME ${name} COMMAND Python3::Interpreter ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS ${label} ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endfunction()
# The same seed is the same run: in another process, and on other machines.
hocket_python_test(sim.traces sim tests/sim/traces.py $<TARGET_FILE:sim_test>)
hocket_python_test(sim.digests sim tests/sim/traces.py $<TARGET_FILE:sim_test> --digests check)
# The examples that sleep, in virtual time.
if(TARGET examples)
    add_dependencies(tests examples)
    hocket_python_test(sim.tour sim examples/tour.py --bin ${CMAKE_BINARY_DIR}/examples --backend sim --brief)
endif()
# What is shown of programs that are stuck, and of others, by the program and by gdb.
if(TARGET examples AND TARGET hocket)
    hocket_python_test(inspect.stuck inspect tests/inspect/stuck_test.py check $<TARGET_FILE:hocket> ${CMAKE_BINARY_DIR}/examples/stuck)
    hocket_python_test(inspect.top inspect tests/inspect/top_test.py $<TARGET_FILE:hocket> ${CMAKE_BINARY_DIR}/examples/stuck/spins)
    foreach(program standing traced)
        add_executable(${program} EXCLUDE_FROM_ALL tests/inspect/${program}.cc)
        set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/inspect)
        target_compile_options(${program} PRIVATE ${HOCKET_WARNINGS})
        target_link_libraries(${program} PRIVATE hocket::hocket)
        add_dependencies(tests ${program})
    endforeach()
    hocket_python_test(inspect.trace inspect tests/inspect/trace_test.py
                       $<TARGET_FILE:hocket> $<TARGET_FILE:traced> ${CMAKE_BINARY_DIR}/examples/stuck/spins)
    hocket_python_test(inspect.outside inspect tests/inspect/outside_test.py
                       $<TARGET_FILE:hocket> ${CMAKE_BINARY_DIR}/examples/stuck $<TARGET_FILE:standing>)
    # The page, and the page in Chromium, which ./dev interop installs.
    foreach(test web browser)
        hocket_python_test(inspect.${test} inspect tests/inspect/${test}_test.py
                           $<TARGET_FILE:hocket> ${CMAKE_BINARY_DIR}/examples/stuck $<TARGET_FILE:standing>)
    endforeach()
    # Where the kernel refuses ptrace (man 2), as in some containers, a part of it cannot be seen; and where Chromium is missing, no page.
    set_tests_properties(inspect.stuck inspect.outside inspect.browser PROPERTIES SKIP_RETURN_CODE 77)
endif()
hocket_python_test(docs.pages docs tests/snippets/snippets.py check)
hocket_python_test(docs.pages_test docs tests/snippets/snippets_test.py)
hocket_python_test(docs.http_security docs tests/security/rules.py check)
hocket_python_test(docs.http_security_test docs tests/security/rules_test.py)
hocket_python_test(house.rules house tests/house/rules.py)
hocket_python_test(house.rules_test house tests/house/rules_test.py)
hocket_python_test(house.semantics house tests/house/semantics.py)
hocket_python_test(house.tour_test house tests/tour/tour_test.py)
hocket_python_test(house.compile_fail_test house tests/compile_fail/verdict_test.py ${CMAKE_CXX_COMPILER})
hocket_python_test(install.consumer install tests/install/install_test.py
                   --build ${PROJECT_BINARY_DIR} --compiler ${CMAKE_CXX_COMPILER})
hocket_python_test(install.variants install tests/install/variants_test.py
                   --compiler ${CMAKE_CXX_COMPILER} $<TARGET_FILE:hocket_static> $<TARGET_FILE:hocket_shared>)
add_dependencies(tests hocket_static hocket_shared)

# compiler.cmake, told of a compiler that need not be on this machine.
function(hocket_compiler_test name version)
    add_test(NAME house.${name} COMMAND ${CMAKE_COMMAND} -DCMAKE_CXX_COMPILER_ID=GNU -DCMAKE_CXX_COMPILER_VERSION=${version}
                                        ${ARGN} -P ${PROJECT_SOURCE_DIR}/cmake/compiler.cmake)
    set_tests_properties(house.${name} PROPERTIES LABELS house)
endfunction()
hocket_compiler_test(gcc_12_is_refused 12.2.0)
set_tests_properties(house.gcc_12_is_refused PROPERTIES
    PASS_REGULAR_EXPRESSION "GCC 12.2.0 miscompiles coroutines.*apt[ \n]+install[ \n]+clang-19")
hocket_compiler_test(gcc_12_is_accepted_when_insisted_on 12.2.0 -DHOCKET_UNSAFE_COMPILER=ON)
hocket_compiler_test(gcc_14_is_accepted 14.2.0)

# Every header compiles alone, and twice in a row: one generated file each.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} hocket/*.h)
list(FILTER headers EXCLUDE REGEX "_test\\.h$")
set(header_sources)
foreach(header ${headers})
    string(REPLACE "/" "_" name ${header})
    set(source ${PROJECT_BINARY_DIR}/headers/${name}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include <@header@>\n#include <@header@>  // a second time\n" @ONLY)
    list(APPEND header_sources ${source})
endforeach()
if(header_sources)
    add_library(headers OBJECT EXCLUDE_FROM_ALL ${header_sources})
    target_compile_options(headers PRIVATE ${HOCKET_WARNINGS} -O0 -g0)
    target_link_libraries(headers PRIVATE hocket::static)
    add_dependencies(tests headers)
endif()
