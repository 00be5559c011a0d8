# SPDX-License-Identifier: MIT
# The headers of this folder, and tests/testing/testing.hpp, are the public face. Programs include them as
# <peerage/NAME.hpp>; what they need from the rest of the tree stands beside them under
# peerage/detail/, and what they do not need is not there.

set(public_folders "actors/library|tests/testing" CACHE INTERNAL "")
set(public_headers "wire|requests|events|peer|node|testing" CACHE INTERNAL "")
set(PEERAGE_PUBLIC_INCLUDES "${PROJECT_BINARY_DIR}/include" CACHE INTERNAL "")

# Copies a header, and what it includes of ours, into FOLDER, with the includes changed to
# the public places.
function(publish_header folder name)
  get_property(published GLOBAL PROPERTY peerage_published)
  if(name IN_LIST published)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY peerage_published "${name}")
  set(source "${PROJECT_SOURCE_DIR}/${name}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(READ "${source}" text)
  string(REGEX MATCHALL "#include \"[^\"]+\"" includes "${text}")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "#include \"(.+)\"" "\\1" included "${include}")
    publish_header("${folder}" "${included}")
  endforeach()
  string(REGEX REPLACE "#include \"(${public_folders})/(${public_headers})\\.hpp\""
    "#include <peerage/\\2.hpp>" text "${text}")
  string(REGEX REPLACE "#include \"([^\"]+)\"" "#include <peerage/detail/\\1>" text "${text}")
  if(name MATCHES "^(${public_folders})/((${public_headers})\\.hpp)$")
    set(target "${folder}/peerage/${CMAKE_MATCH_2}")
  else()
    set(target "${folder}/peerage/detail/${name}")
  endif()
  file(CONFIGURE OUTPUT "${target}" CONTENT "@text@" @ONLY)
endfunction()

foreach(header wire requests events peer node)
  publish_header("${PEERAGE_PUBLIC_INCLUDES}" "actors/library/${header}.hpp")
endforeach()
