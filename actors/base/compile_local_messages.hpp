// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"

/// The messages of all headers included from here on have their wrappers compiled here.
#undef PEERAGE_LOCAL_MESSAGE
#define PEERAGE_LOCAL_MESSAGE(type)                                                      \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)                                                    \
  PEERAGE_MESSAGE_WRAPPERS(template, type)
