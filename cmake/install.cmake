# SPDX-License-Identifier: MIT
# What `cmake --install` installs: both libraries, the public headers, a CMake package and a pkg-config file.
# A project that includes this one with add_subdirectory installs itself only, unless it asks for this.
option(HOCKET_INSTALL "Install the library, its headers and its packages" ${PROJECT_IS_TOP_LEVEL})
if(NOT HOCKET_INSTALL)
    return()
endif()

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hocket)
install(TARGETS hocket_static hocket_shared EXPORT hocket)
install(EXPORT hocket NAMESPACE hocket:: DESTINATION ${package_dir} FILE hocketTargets.cmake)
install(DIRECTORY hocket DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h"
        PATTERN "*_internal.h" EXCLUDE
        PATTERN "*_test.h" EXCLUDE
        PATTERN compile_fail EXCLUDE)

configure_package_config_file(cmake/hocketConfig.cmake.in hocketConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(hocketConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hocketConfig.cmake ${PROJECT_BINARY_DIR}/hocketConfigVersion.cmake
        DESTINATION ${package_dir})

set(pkg_config_requires "liburing, libidn2, libpsl, zlib, libbrotlidec, libbrotlienc, libzstd, sqlite3, openssl")
if(llhttp_library)
    string(APPEND pkg_config_requires ", libllhttp")
endif()
if(HOCKET_WITH_LIBDW)
    string(APPEND pkg_config_requires ", libdw")
endif()
# The folders are given from where the file itself stands, so that the installed tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
           OUTPUT_VARIABLE pkg_config_to_prefix)
cmake_path(APPEND pkg_config_libdir "\${prefix}" ${CMAKE_INSTALL_LIBDIR})
cmake_path(APPEND pkg_config_includedir "\${prefix}" ${CMAKE_INSTALL_INCLUDEDIR})
configure_file(cmake/hocket.pc.in hocket.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hocket.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
