# SPDX-License-Identifier: MIT
# What must not compile: each file of a folder compile_fail holds one misuse and the error that it must meet.
#
# The compiler runs during the build, so that a test run repeats only what a change can have touched; ctest reads verdicts.
# tests/compile_fail/verdict.py says what a file looks like.

string(TOLOWER "${CMAKE_CXX_COMPILER_ID}" compiler)
string(REPLACE "gnu" "gcc" compiler "${compiler}")
set(verdict_script ${PROJECT_SOURCE_DIR}/tests/compile_fail/verdict.py)

file(GLOB_RECURSE misuses CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} hocket/*.cc tests/compile_fail/*.cc)
list(FILTER misuses INCLUDE REGEX "/compile_fail/")
set(verdicts)
foreach(misuse ${misuses})
    # A file that claims something for the other compiler only is not a test here.
    file(STRINGS ${misuse} claims REGEX "^ *// (error|warning)(\\(${compiler}\\))?:")
    file(STRINGS ${misuse} any_claims REGEX "^ *// (error|warning)(\\([a-z]+\\))?:")
    if(any_claims AND NOT claims)
        continue()
    endif()
    cmake_path(REMOVE_EXTENSION misuse OUTPUT_VARIABLE name)
    string(REGEX REPLACE "^(hocket|tests)/|compile_fail/" "" name ${name})
    string(REPLACE "/" "." name ${name})
    set(verdict ${PROJECT_BINARY_DIR}/compile_fail/${name}.verdict)
    add_custom_command(OUTPUT ${verdict}
        COMMAND Python3::Interpreter ${verdict_script} ${PROJECT_SOURCE_DIR}/${misuse} ${verdict} --kind ${compiler} --
                ${CMAKE_CXX_COMPILER} -std=c++20 -I${PROJECT_SOURCE_DIR} ${HOCKET_WARNINGS} -Werror
        DEPENDS ${misuse} ${verdict_script}
        DEPFILE ${verdict}.d
        COMMENT "What must not compile: ${misuse}"
        VERBATIM)
    list(APPEND verdicts ${verdict})
    add_test(NAME compile_fail.${name} COMMAND ${CMAKE_COMMAND} -E cat ${verdict})
    set_tests_properties(compile_fail.${name} PROPERTIES PASS_REGULAR_EXPRESSION "^ok" LABELS compile_fail)
endforeach()
add_custom_target(compile_fail DEPENDS ${verdicts})
add_dependencies(tests compile_fail)
