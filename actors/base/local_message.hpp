// SPDX-License-Identifier: MIT
#pragma once

#include "messages/caf/message_wrappers.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

/// A message between actors of one process, which is never serialised. Stands behind the
/// message in its header. CAF's wrappers of it are compiled once: the library's
/// actors/compiled_*_messages.cpp includes that header.
#define PEERAGE_LOCAL_MESSAGE(type)                                                      \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)                                                    \
  PEERAGE_MESSAGE_WRAPPERS(extern template, type)
