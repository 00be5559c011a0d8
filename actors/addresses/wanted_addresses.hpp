// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_book.hpp"
#include "actors/addresses/address_table.hpp"

#include <optional>

/// Which addresses the ADDRESS_BOOK keeps and tells. Parts of its behaviour.
namespace peerage::addressing {

using self_pointer = address_book_actor::stateful_pointer<address_book_state>;

/// Those that no ban covers.
entry_filter not_banned(self_pointer self);

bool is_own(const address_book_state& state, const std::optional<endpoint>& x);

/// Tor, I2P and CJDNS are a part of everywhere alone.
bool is_out_of_reach(const address_book_state& state, const std::optional<endpoint>& x);

/// Addresses that are never stored, from any source.
bool is_unwanted(self_pointer self, const wire::network_address& x);

} // namespace peerage::addressing
