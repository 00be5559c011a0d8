// SPDX-License-Identifier: MIT
#include "actors/storage/checksum.hpp"

#include <openssl/sha.h>

#include <array>

namespace peerage {

static_assert(digest_length == 2 * SHA256_DIGEST_LENGTH);

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           digest.data());
  std::string result;
  for (auto byte : digest) {
    result += "0123456789abcdef"[byte >> 4];
    result += "0123456789abcdef"[byte & 15];
  }
  return result;
}

} // namespace peerage
