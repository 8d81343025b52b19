# SPDX-License-Identifier: MIT
# The program `hocket`: <build>/apps/hocket.
option(HOCKET_APPS "Build the program hocket" ${PROJECT_IS_TOP_LEVEL})
if(NOT HOCKET_APPS)
    return()
endif()

find_package(CLI11 QUIET)
if(NOT CLI11_FOUND)
    message(FATAL_ERROR "CLI11 was not found. Install it (Debian: libcli11-dev), or configure with -DHOCKET_APPS=OFF: the program "
                        "hocket is then not built.")
endif()
# The page of `hocket top --web` is a part of the program.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS apps/top.html)
file(READ apps/top.html top_html)
file(CONFIGURE OUTPUT apps/top_html.cc @ONLY CONTENT "#include <string_view>
extern const std::string_view top_html;
const std::string_view top_html = R\"html(@top_html@)html\";
")
add_executable(hocket apps/hocket.cc apps/serving.cc apps/httpbin.cc apps/demo_data.cc apps/serve.cc apps/get_command.cc apps/get.cc
    apps/fetch.cc apps/phases.cc apps/destination.cc apps/progress.cc apps/looking.cc apps/inspect.cc apps/rates.cc apps/looks.cc
    apps/top.cc apps/web_top.cc apps/trace.cc ${PROJECT_BINARY_DIR}/apps/top_html.cc)
set_target_properties(hocket PROPERTIES RUNTIME_OUTPUT_DIRECTORY apps)
target_compile_definitions(hocket PRIVATE HOCKET_VERSION="${PROJECT_VERSION}")
target_compile_options(hocket PRIVATE ${HOCKET_WARNINGS})
target_link_libraries(hocket PRIVATE hocket::hocket CLI11::CLI11)
if(HOCKET_INSTALL)
    install(TARGETS hocket)
    install(FILES apps/hocket-gdb.py DESTINATION ${CMAKE_INSTALL_DATADIR}/hocket)
endif()
