// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/codec.hpp"
#include "messages/wire/envelope.hpp"
#include "messages/wire/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace peerage::test {

/// A message with any command and payload.
inline std::function<std::vector<std::byte>(std::uint32_t magic)>
raw(std::string command, std::vector<std::byte> payload,
    std::optional<std::uint32_t> length = {}) {
  return [=](std::uint32_t magic) {
    std::vector<std::byte> result(wire::envelope_size);
    auto size = length.value_or(static_cast<std::uint32_t>(payload.size()));
    auto sum = wire::checksum(payload);
    std::memcpy(result.data(), &magic, 4);
    std::memcpy(result.data() + 4, command.data(), command.size());
    std::memcpy(result.data() + 16, &size, 4);
    std::memcpy(result.data() + 20, &sum, 4);
    result.insert(result.end(), payload.begin(), payload.end());
    return result;
  };
}

} // namespace peerage::test
