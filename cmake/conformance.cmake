# SPDX-License-Identifier: MIT
# The proof that hocket behaves as asyncio does (docs/conformance.md): the map of CPython's tests, and the oracle.

# The oracle's machine: runs small programs, whose traces are compared with CPython's.
file(GLOB machine CONFIGURE_DEPENDS conformance/oracle/*.cc)
add_executable(oracle_machine EXCLUDE_FROM_ALL ${machine})
set_target_properties(oracle_machine PROPERTIES RUNTIME_OUTPUT_DIRECTORY conformance)
target_compile_options(oracle_machine PRIVATE ${HOCKET_WARNINGS} -O0)
target_link_libraries(oracle_machine PRIVATE hocket::static)
add_dependencies(tests oracle_machine)

function(hocket_conformance_test name)
    add_test(NAME conformance.${name} COMMAND Python3::Interpreter ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(conformance.${name} PROPERTIES TIMEOUT 600 LABELS conformance ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endfunction()
hocket_conformance_test(oracle conformance/oracle/oracle.py --machine $<TARGET_FILE:oracle_machine> stored)
set_tests_properties(conformance.oracle PROPERTIES PROCESSORS 2)

# The rest does not run the library: once, without sanitizers, is enough.
if(NOT HOCKET_SANITIZE)
    hocket_conformance_test(map conformance/conformance.py check --build ${PROJECT_BINARY_DIR})
    hocket_conformance_test(map_test conformance/conformance_test.py)
    # The packages of Debian's interpreter, as of docs/pairs.
    add_test(NAME conformance.http_features
             COMMAND ${HOCKET_PAIRS_PYTHON} ${PROJECT_SOURCE_DIR}/conformance/http_features.py check)
    set_tests_properties(conformance.http_features PROPERTIES TIMEOUT 600 LABELS conformance ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
    hocket_conformance_test(http_features_test conformance/http_features_test.py)
    hocket_conformance_test(oracle_test conformance/oracle/oracle_test.py)
    hocket_conformance_test(mutants conformance/oracle/mutants.py check)
endif()
