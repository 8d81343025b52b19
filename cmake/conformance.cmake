# SPDX-License-Identifier: MIT
# The proof that hocket behaves as asyncio does: the map of CPython's tests.

function(hocket_conformance_test name)
    add_test(NAME conformance.${name} COMMAND Python3::Interpreter ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(conformance.${name} PROPERTIES TIMEOUT 600 LABELS conformance ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endfunction()

# It does not run the library: once, without sanitizers, is enough.
if(NOT HOCKET_SANITIZE)
    hocket_conformance_test(map conformance/conformance.py check --build ${PROJECT_BINARY_DIR})
    hocket_conformance_test(map_test conformance/conformance_test.py)
endif()
