// SPDX-License-Identifier: MIT
#include "messages/wire/codec.hpp"

#include <algorithm>

namespace peerage::wire {

hash256 block_header::hash() const {
  std::vector<std::byte> bytes;
  bytes.reserve(block_header_bytes);
  encode_header(*this, bytes);
  return double_sha256(bytes);
}

hash256 block::hash() const {
  return double_sha256(bytes.view().first(std::min(block_header_bytes, bytes.size())));
}

block_header block::header() const {
  return decode_header(bytes);
}

} // namespace peerage::wire
