// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"
#include "messages/time.hpp"
#include "messages/wire/messages.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peerage {

/// An address of a node, with what the ADDRESS_BOOK knows of it.
struct known_address {
  wire::network_address address;
  std::string state; ///< never_tried, pending, responded, failed.
  bool tried = false;
  std::optional<endpoint> source; ///< A peer; empty: a DNS seed, or a person.
  unix_seconds last_attempt = 0;  ///< 0: none, here and below.
  unix_seconds last_success = 0;
  std::uint32_t failures = 0; ///< In a row.
};

struct known_address_list {
  std::vector<known_address> entries;
};

/// As the status socket shows it.
nlohmann::json to_json(const known_address& x);

} // namespace peerage
