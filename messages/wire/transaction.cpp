// SPDX-License-Identifier: MIT
#include "messages/wire/messages.hpp"

#include <cstring>

namespace peerage::wire {

namespace {

/// The bytes of a transaction that its txid covers, in up to three parts.
struct txid_parts {
  bytes_view version, body, lock_time;
};

bool skip(bytes_view& rest, std::uint64_t count) {
  if (count > rest.size())
    return false;
  rest = rest.subspan(static_cast<std::size_t>(count));
  return true;
}

bool take_size(bytes_view& rest, std::uint64_t& out) {
  if (rest.empty())
    return false;
  auto first = std::to_integer<std::uint8_t>(rest[0]);
  std::size_t width = first < 0xfd ? 0 : first == 0xfd ? 2 : first == 0xfe ? 4 : 8;
  if (rest.size() < 1 + width)
    return false;
  out = width == 0 ? first : 0;
  std::memcpy(&out, rest.data() + 1, width);
  return skip(rest, 1 + width);
}

/// Splits a transaction in the form of BIP 144; false if it is not in that form.
bool split_witness_form(bytes_view all, txid_parts& out) {
  auto rest = all;
  if (!skip(rest, 4) || rest.size() < 2 || rest[0] != std::byte{0} ||
      rest[1] != std::byte{1})
    return false;
  skip(rest, 2);
  const auto* body = rest.data();
  std::uint64_t inputs = 0, outputs = 0, size = 0;
  if (!take_size(rest, inputs))
    return false;
  for (std::uint64_t i = 0; i < inputs; ++i)
    if (!skip(rest, 36) || !take_size(rest, size) || !skip(rest, size) || !skip(rest, 4))
      return false;
  if (!take_size(rest, outputs))
    return false;
  for (std::uint64_t i = 0; i < outputs; ++i)
    if (!skip(rest, 8) || !take_size(rest, size) || !skip(rest, size))
      return false;
  const auto* body_end = rest.data();
  for (std::uint64_t i = 0; i < inputs; ++i) {
    std::uint64_t items = 0;
    if (!take_size(rest, items))
      return false;
    for (std::uint64_t j = 0; j < items; ++j)
      if (!take_size(rest, size) || !skip(rest, size))
        return false;
  }
  if (rest.size() != 4)
    return false;
  out = {all.first(4), {body, body_end}, rest};
  return true;
}

} // namespace

hash256 tx::wtxid() const {
  return double_sha256(bytes.view());
}

hash256 tx::txid() const {
  txid_parts parts;
  if (!split_witness_form(bytes.view(), parts))
    return wtxid();
  double_sha256_stream stream;
  stream.update(parts.version);
  stream.update(parts.body);
  stream.update(parts.lock_time);
  return stream.finish();
}

} // namespace peerage::wire
