# SPDX-License-Identifier: MIT
# Run by CPack between the installation and the packages: what Debian wants elsewhere, in
# another form, or besides.
set(here "${CMAKE_CURRENT_LIST_DIR}")
set(source "${here}/../../..")
set(staged "${CPACK_TEMPORARY_INSTALL_DIRECTORY}")
set(readable OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

# Two architectures' libraries can be installed at once: each has its folder.
if(NOT CPACK_PEERAGE_LIBDIR MATCHES "^lib/.*-")
  message(FATAL_ERROR "This build directory installs libraries into ${CPACK_PEERAGE_LIBDIR}, which is "
    "not Debian's folder for them. Let CMake choose: cmake -U CMAKE_INSTALL_LIBDIR BUILD_DIRECTORY")
endif()

# Debian's zsh reads the other one under /usr/local alone.
file(MAKE_DIRECTORY "${staged}/program/usr/share/zsh/vendor-completions")
file(RENAME "${staged}/program/usr/share/zsh/site-functions/_peerage"
  "${staged}/program/usr/share/zsh/vendor-completions/_peerage")
file(REMOVE_RECURSE "${staged}/program/usr/share/zsh/site-functions")

# The administrator's from then on, which only a package manager respects.
file(COPY "${source}/app/service/peerage.toml" DESTINATION "${staged}/program/etc/peerage"
  FILE_PERMISSIONS ${readable})

# CMake strips programs and shared libraries alone.
file(GLOB archives "${staged}/development/usr/${CPACK_PEERAGE_LIBDIR}/*.a")
execute_process(COMMAND strip --strip-debug --remove-section=.comment --remove-section=.note
  --enable-deterministic-archives ${archives} COMMAND_ERROR_IS_FATAL ANY)

file(READ "${source}/README.md" readme)
if(NOT readme MATCHES "\n## Changes\n(.*)\n## Licence\n")
  message(FATAL_ERROR "README.md: no section Changes before Licence")
endif()
set(changes "${CMAKE_MATCH_1}")
foreach(component program library development)
  string(TOUPPER "${component}" name)
  set(folder "${staged}/${component}/usr/share/doc/${CPACK_DEBIAN_${name}_PACKAGE_NAME}")
  file(COPY "${source}/app/copyright" DESTINATION "${folder}" FILE_PERMISSIONS ${readable})
  file(COPY_FILE "${here}/changelog" "${folder}/changelog.Debian")
  file(WRITE "${folder}/changelog" "${changes}")
  file(CHMOD "${folder}/changelog" "${folder}/changelog.Debian" FILE_PERMISSIONS ${readable})
  execute_process(COMMAND gzip -9n "${folder}/changelog" "${folder}/changelog.Debian"
    COMMAND_ERROR_IS_FATAL ANY)
endforeach()
# Whatever the umask was.
file(GLOB_RECURSE folders LIST_DIRECTORIES true "${staged}/*")
foreach(folder IN LISTS folders)
  if(IS_DIRECTORY "${folder}" AND NOT IS_SYMLINK "${folder}")
    file(CHMOD "${folder}" DIRECTORY_PERMISSIONS ${CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
  endif()
endforeach()
