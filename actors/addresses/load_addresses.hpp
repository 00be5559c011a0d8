// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_book.hpp"

/// How the ADDRESS_BOOK finds its addresses when it starts. Part of its behaviour.
namespace peerage::addressing {

using self_pointer = address_book_actor::stateful_pointer<address_book_state>;

/// Makes the table, with what was saved and is wanted under today's options.
void start_table(self_pointer self);

} // namespace peerage::addressing
