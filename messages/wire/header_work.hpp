// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/messages.hpp"

#include <cstdint>
#include <optional>
#include <span>

/// Checks of headers by themselves, without their chain.
namespace peerage::wire {

/// The target that `bits` states, as a number of the same form as a hash: the compact
/// form has one byte for the length of the number, and three with its first digits. Empty
/// if it is negative, zero, or does not fit into 256 bits.
std::optional<hash256> target_of(std::uint32_t bits);

/// True if `hash`, read as a number, is at most the target.
bool meets(const hash256& hash, const hash256& target);

enum class header_fault : std::uint8_t {
  none,
  without_work, ///< One states no valid target, or its hash misses it.
  not_linked,   ///< One does not name the one before it as its previous block.
};

/// The first fault of headers in one message; work comes before links, as in other nodes.
/// @param easiest_bits The highest target that the network allows.
header_fault fault_of(std::span<const block_header> headers, std::uint32_t easiest_bits);

} // namespace peerage::wire
