// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_book.hpp"
#include "actors/interfaces/addresses.hpp"
#include "messages/known_address.hpp"

/// What the ADDRESS_BOOK answers people and programs. Parts of its behaviour.
namespace peerage::addressing {

using self_pointer = address_book_actor::stateful_pointer<address_book_state>;

/// One address, or none.
known_address_list find(self_pointer self, const wait_for_address& x);

/// The SAVER answers to `file`; its results are read from there.
void note_saves(address_book_state& state);

address_book_snapshot describe(self_pointer self);

peer_gossip_counts count_gossip(const address_book_state& state);

known_address_list list(self_pointer self, const get_known_addresses& x);

address_places list_places(self_pointer self);

} // namespace peerage::addressing
