// SPDX-License-Identifier: MIT
#include "messages/wire/hash.hpp"

#include <doctest/doctest.h>

#include <openssl/sha.h>

using namespace peerage::wire;

namespace {

/// By OpenSSL's general function alone.
hash256 reference(bytes_view bytes) {
  hash256 first, second;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         first.bytes.data());
  SHA256(first.bytes.data(), first.bytes.size(), second.bytes.data());
  return second;
}

} // namespace

TEST_CASE("hashes of every length around a block's") {
  std::vector<std::byte> bytes;
  for (int length = 0; length <= 200; ++length) {
    CAPTURE(length);
    const auto expected = reference(bytes);
    CHECK(double_sha256(bytes) == expected);
    double_sha256_stream stream;
    for (auto byte : bytes)
      stream.update({&byte, 1});
    CHECK(stream.finish() == expected);
    bytes.push_back(static_cast<std::byte>(length * 7 + 1));
  }
}
