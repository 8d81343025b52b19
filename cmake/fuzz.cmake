# SPDX-License-Identifier: MIT
# Fuzz targets: each file in fuzz/ but replay.cc is one. With HOCKET_FUZZ the target `fuzz` builds them with libFuzzer; the tests build them
# without it, and give them the seeds that are stored.
file(GLOB fuzz_targets CONFIGURE_DEPENDS fuzz/*.cc)
list(FILTER fuzz_targets EXCLUDE REGEX "/replay\\.cc$")

if(HOCKET_FUZZ)
    add_custom_target(fuzz)
endif()
foreach(source ${fuzz_targets})
    cmake_path(GET source STEM name)
    if(HOCKET_FUZZ)
        add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${source})
        set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY fuzz)
        target_compile_options(fuzz_${name} PRIVATE ${HOCKET_WARNINGS})
        target_link_libraries(fuzz_${name} PRIVATE hocket::static -fsanitize=fuzzer)
        add_dependencies(fuzz fuzz_${name})
    endif()
    if(HOCKET_TESTS)
        add_executable(fuzz_replay_${name} EXCLUDE_FROM_ALL ${source} fuzz/replay.cc)
        set_target_properties(fuzz_replay_${name} PROPERTIES OUTPUT_NAME replay_${name} RUNTIME_OUTPUT_DIRECTORY fuzz)
        target_compile_options(fuzz_replay_${name} PRIVATE ${HOCKET_WARNINGS})
        target_link_libraries(fuzz_replay_${name} PRIVATE hocket::static)
        add_dependencies(tests fuzz_replay_${name})
        add_test(NAME fuzz.${name} COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/fuzz/fuzz.py replay
                                           $<TARGET_FILE:fuzz_replay_${name}> ${name})
        set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT ${timeout} LABELS fuzz ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
    endif()
endforeach()
