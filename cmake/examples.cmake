# SPDX-License-Identifier: MIT
# Each file of examples/ is a program of its own: <build>/examples/<name>. The target `examples` builds them all.
file(GLOB examples CONFIGURE_DEPENDS examples/*.cc)
add_custom_target(examples)
foreach(source ${examples})
    cmake_path(GET source STEM name)
    add_executable(example_${name} EXCLUDE_FROM_ALL ${source})
    set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY examples)
    target_compile_options(example_${name} PRIVATE ${HOCKET_WARNINGS})
    target_link_libraries(example_${name} PRIVATE hocket::hocket)
    add_dependencies(examples example_${name})
endforeach()

# Programs that get stuck, to be looked into: <build>/examples/stuck/<name>.
file(GLOB stuck CONFIGURE_DEPENDS examples/stuck/*.cc)
foreach(source ${stuck})
    cmake_path(GET source STEM name)
    add_executable(stuck_${name} EXCLUDE_FROM_ALL ${source})
    set_target_properties(stuck_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY examples/stuck)
    target_compile_options(stuck_${name} PRIVATE ${HOCKET_WARNINGS})
    target_link_libraries(stuck_${name} PRIVATE hocket::hocket)
    add_dependencies(examples stuck_${name})
endforeach()

# A replicated store, which knows nothing of the simulation, and the program that runs it on simulated hosts: <build>/examples/kv_sim.
file(GLOB store CONFIGURE_DEPENDS examples/kv/*.cc)
add_executable(kv_sim EXCLUDE_FROM_ALL ${store})
set_target_properties(kv_sim PROPERTIES RUNTIME_OUTPUT_DIRECTORY examples)
target_compile_options(kv_sim PRIVATE ${HOCKET_WARNINGS})
target_link_libraries(kv_sim PRIVATE hocket::hocket)
add_dependencies(examples kv_sim)
