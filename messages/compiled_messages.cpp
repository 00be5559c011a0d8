// Compiles CAF's wrappers of the messages in messages/, once for all who send them.
#define PEERAGE_COMPILE_MESSAGES

#include "messages/type_ids.hpp"
