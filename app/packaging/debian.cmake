# SPDX-License-Identifier: MIT
# Three Debian packages, by CPack, of what `cmake --install` installs:
#
#   peerage          the executable and what belongs to it
#   libpeerageX.Y    the shared library; X.Y is in its SONAME, so two of them live side by side
#   libpeerage-dev   headers, static libraries, CMake package, pkg-config file
#
# debian/ has what only Debian wants; debian/layout.cmake puts it into the packages.
set(debian "${CMAKE_CURRENT_SOURCE_DIR}/debian")

# The changelog says version and maintainer.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${debian}/changelog")
file(READ "${debian}/changelog" changelog)
if(NOT changelog MATCHES "^peerage \\(([0-9.]+)-([0-9]+)\\)")
  message(FATAL_ERROR "app/packaging/debian/changelog: does not begin with peerage (VERSION-REVISION)")
endif()
set(CPACK_PACKAGE_VERSION "${CMAKE_MATCH_1}")
set(CPACK_DEBIAN_PACKAGE_RELEASE "${CMAKE_MATCH_2}")
if(NOT CPACK_PACKAGE_VERSION STREQUAL PROJECT_VERSION)
  message(FATAL_ERROR "app/packaging/debian/changelog: is of ${CPACK_PACKAGE_VERSION}, "
    "but this is ${PROJECT_VERSION}: add an entry")
endif()
if(NOT changelog MATCHES "\n -- ([^\n]+>)  ")
  message(FATAL_ERROR "app/packaging/debian/changelog: has no maintainer")
endif()
set(CPACK_PACKAGE_CONTACT "${CMAKE_MATCH_1}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME peerage)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_COMPONENTS_ALL program library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS "${debian}/layout.cmake")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# For layout.cmake.
set(CPACK_PEERAGE_LIBDIR "${CMAKE_INSTALL_LIBDIR}")

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME peerage)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA
  "${debian}/conffiles" "${debian}/postinst" "${debian}/prerm" "${debian}/postrm")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "peer manager for Bitcoin-protocol networks
It finds, dials and accepts peers, keeps them, and shows all of it as JSON, as
metrics and in a browser. Clients of Bitcoin Core can call it. It has a small
group of actors for each peer, and no blockchain.
.
The service peerage.service is installed, but neither enabled nor started.")

set(soname "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME "libpeerage${soname}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SOURCE peerage)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
# CPack would add a postinst and a postrm that call ldconfig, which Debian has a trigger for.
# It does not if they are named here, and a file that is missing it leaves out.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA
  "${debian}/triggers" "${debian}/library/postinst" "${debian}/library/postrm")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "peers of Bitcoin-protocol networks, as a library
It runs a node of a Bitcoin-protocol network inside a program: finds, dials and
accepts peers, and offers them as typed requests, with or without actors of the
program's own.
.
This package has the shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libpeerage-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SOURCE peerage)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# What peerageConfig.cmake and peerage.pc look for; libssl-dev is for the static libraries.
set(version "${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")
string(CONCAT CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libpeerage${soname} (= ${version}), "
  "libcaf-dev (>= 0.17.6), libfmt-dev (>= 9), libssl-dev (>= 3), nlohmann-json3-dev (>= 3.11)")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "peers of Bitcoin-protocol networks, to build with
It runs a node of a Bitcoin-protocol network inside a program: finds, dials and
accepts peers, and offers them as typed requests, with or without actors of the
program's own.
.
This package has the headers, static libraries, and what CMake and pkg-config
find them by.")

include(CPack)
