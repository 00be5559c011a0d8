// SPDX-License-Identifier: MIT
#pragma once

#include "messages/caf/message_wrappers.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

/// A message between actors of one process, which is never serialised. Stands behind the
/// message in its header, and actors/compiled_messages.cpp includes that header.
#ifdef PEERAGE_COMPILE_LOCAL_MESSAGES
#define PEERAGE_LOCAL_MESSAGE(type)                                                      \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)                                                    \
  PEERAGE_MESSAGE_WRAPPERS(template, type)
#else
#define PEERAGE_LOCAL_MESSAGE(type)                                                      \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)                                                    \
  PEERAGE_MESSAGE_WRAPPERS(extern template, type)
#endif
