// SPDX-License-Identifier: MIT
#include "messages/misbehaviour.hpp"

#include "messages/lifecycle.hpp"

#include <array>

namespace peerage {

namespace {

struct row {
  misbehaviour cause; ///< Only to keep the table in order.
  std::string_view name;
  int weight;
  bool network;
};

constexpr std::array<row, misbehaviour_count> table{{
  {misbehaviour::invalid_data, "invalid_data", 100, false},
  {misbehaviour::too_many_entries, "too_many_entries", 100, false},
  {misbehaviour::broken_rule, "broken_rule", 25, false},
  {misbehaviour::address_flood, "address_flood", 20, false},
  {misbehaviour::service_overload, "service_overload", 10, false},
  {misbehaviour::handshake_timeout, "handshake_timeout", 10, true},
  {misbehaviour::not_reading, "not_reading", 10, true},
  {misbehaviour::ping_timeout, "ping_timeout", 5, true},
  {misbehaviour::malformed, "malformed", 2, false},
  {misbehaviour::bad_checksum, "bad_checksum", 2, true},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].cause != static_cast<misbehaviour>(i))
      return false;
  return true;
}
static_assert(in_order());

const row& row_of(misbehaviour x) {
  return table.at(static_cast<std::size_t>(x));
}

} // namespace

std::string_view to_string(misbehaviour x) {
  return row_of(x).name;
}

std::optional<misbehaviour> parse_misbehaviour(std::string_view text) {
  for (const auto& x : table)
    if (x.name == text)
      return x.cause;
  return std::nullopt;
}

double weight_of(misbehaviour x) {
  return row_of(x).weight;
}

bool is_network_cause(misbehaviour x) {
  return row_of(x).network;
}

std::optional<misbehaviour> misbehaviour_of(peer_exit x) {
  switch (x) {
  case peer_exit::too_many_entries: return misbehaviour::too_many_entries;
  case peer_exit::load_shed: return misbehaviour::service_overload;
  case peer_exit::header_without_work: return misbehaviour::invalid_data;
  case peer_exit::headers_not_linked:
  case peer_exit::wrong_magic:
  case peer_exit::oversized_message:
  case peer_exit::late_feature_message:
  case peer_exit::unoffered_service: return misbehaviour::broken_rule;
  case peer_exit::handshake_timeout: return misbehaviour::handshake_timeout;
  case peer_exit::unsent_overflow: return misbehaviour::not_reading;
  case peer_exit::ping_timeout: return misbehaviour::ping_timeout;
  default: return std::nullopt;
  }
}

std::optional<misbehaviour> misbehaviour_of(ignored x) {
  switch (x) {
  case ignored::malformed: return misbehaviour::malformed;
  case ignored::bad_checksum: return misbehaviour::bad_checksum;
  default: return std::nullopt;
  }
}

} // namespace peerage
