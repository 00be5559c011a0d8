// SPDX-License-Identifier: MIT
#define OPENSSL_SUPPRESS_DEPRECATED // the one-shot calls that replace these are slower

#include "tests/bench/messages.hpp"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <ctime>
#include <stdexcept>

namespace bench {

std::array<byte, 32> double_sha256(std::span<const byte> data) {
  std::array<byte, SHA256_DIGEST_LENGTH> digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(digest.data(), &context);
  SHA256_Init(&context);
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

std::uint64_t random_number() {
  std::uint64_t result = 0;
  if (RAND_bytes(reinterpret_cast<byte*>(&result), sizeof result) != 1)
    throw std::runtime_error("no random bytes");
  return result;
}

void put_integer(bytes& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    out.push_back(static_cast<byte>(value >> (8 * i)));
}

void put_message(bytes& out, const command& name, std::span<const byte> payload) {
  put_range(out, regtest_magic);
  put_range(out, name);
  put_integer(out, payload.size(), 4);
  const auto digest = double_sha256(payload);
  out.insert(out.end(), digest.begin(), digest.begin() + checksum_size);
  put_range(out, payload);
}

bytes make_version(std::string_view user_agent) {
  constexpr std::size_t network_address_size = 26;
  bytes payload;
  put_integer(payload, static_cast<std::uint64_t>(own_protocol_version), 4);
  put_integer(payload, 0, 8); // services
  put_integer(payload, static_cast<std::uint64_t>(std::time(nullptr)), 8);
  payload.insert(payload.end(), 2 * network_address_size, byte{0});
  put_integer(payload, random_number(), 8);
  payload.push_back(static_cast<byte>(user_agent.size()));
  put_range(payload, user_agent);
  put_integer(payload, 0, 4); // height
  payload.push_back(0);       // relay
  bytes message;
  put_message(message, version_command, payload);
  return message;
}

} // namespace bench
