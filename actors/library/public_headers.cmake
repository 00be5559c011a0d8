# SPDX-License-Identifier: MIT
# The headers of this folder are the public face. Programs include them as
# <peerage/NAME.hpp>; what they need from the rest of the tree stands beside them under
# peerage/detail/, and what they do not need is not there.

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
  string(REGEX REPLACE "#include \"actors/library/(${public_headers})\\.hpp\""
    "#include <peerage/\\1.hpp>" text "${text}")
  string(REGEX REPLACE "#include \"([^\"]+)\"" "#include <peerage/detail/\\1>" text "${text}")
  if(name MATCHES "^actors/library/((${public_headers})\\.hpp)$")
    set(target "${folder}/peerage/${CMAKE_MATCH_1}")
  else()
    set(target "${folder}/peerage/detail/${name}")
  endif()
  file(CONFIGURE OUTPUT "${target}" CONTENT "@text@" @ONLY)
endfunction()

set(public_headers "wire|requests|events|peer|node")
set(PEERAGE_PUBLIC_INCLUDES "${PROJECT_BINARY_DIR}/include")
foreach(header wire requests events peer node)
  publish_header("${PEERAGE_PUBLIC_INCLUDES}" "actors/library/${header}.hpp")
endforeach()
