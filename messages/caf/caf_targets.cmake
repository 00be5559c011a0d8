# SPDX-License-Identifier: MIT
# Debian's CAF has no CMake package: the target CAF::core, as a package would define it.
if(NOT TARGET CAF::core)
  find_path(CAF_INCLUDE_DIR caf/config.hpp REQUIRED)
  find_library(CAF_CORE_LIBRARY caf_core REQUIRED)
  mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY)
  add_library(CAF::core UNKNOWN IMPORTED)
  # Headers of imported targets are system headers: not ours to warn about.
  set_target_properties(CAF::core PROPERTIES
    IMPORTED_LOCATION "${CAF_CORE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
