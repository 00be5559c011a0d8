// SPDX-License-Identifier: MIT
#include "messages/wire/header_work.hpp"

#include <algorithm>

namespace peerage::wire {

std::optional<hash256> target_of(std::uint32_t bits) {
  constexpr std::uint32_t sign = 0x00800000;
  if ((bits & sign) != 0)
    return std::nullopt;
  hash256 result;
  const auto length = static_cast<int>(bits >> 24);
  for (int i = 0; i < 3; ++i) {
    const auto digit = static_cast<std::uint8_t>(bits >> (8 * i));
    const int place = length - 3 + i;
    if (digit == 0 || place < 0)
      continue;
    if (place >= static_cast<int>(result.bytes.size()))
      return std::nullopt;
    result.bytes[static_cast<std::size_t>(place)] = digit;
  }
  if (result.is_zero())
    return std::nullopt;
  return result;
}

bool meets(const hash256& hash, const hash256& target) {
  return !std::lexicographical_compare(target.bytes.rbegin(), target.bytes.rend(),
                                       hash.bytes.rbegin(), hash.bytes.rend());
}

header_fault fault_of(std::span<const block_header> headers, std::uint32_t easiest_bits) {
  const auto easiest = target_of(easiest_bits);
  auto result = header_fault::none;
  hash256 previous;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto& header = headers[i];
    const auto target = target_of(header.bits);
    const auto hash = header.hash();
    if (!target || (easiest && !meets(*target, *easiest)) || !meets(hash, *target))
      return header_fault::without_work;
    if (i > 0 && header.previous != previous)
      result = header_fault::not_linked;
    previous = hash;
  }
  return result;
}

} // namespace peerage::wire
