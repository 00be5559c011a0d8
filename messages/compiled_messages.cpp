// SPDX-License-Identifier: MIT
// Compiles CAF's wrappers of the messages in messages/, once for all senders.
#define PEERAGE_COMPILE_MESSAGES

#include "messages/type_ids.hpp"
