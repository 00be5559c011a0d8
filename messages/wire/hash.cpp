// SPDX-License-Identifier: MIT
#include "messages/wire/hash.hpp"

#include <endian.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <new>

namespace peerage::wire {

namespace {

/// Bytes that fit one block of SHA-256 with its padding.
constexpr std::size_t short_size = 55;

/// SHA-256 of at most `short_size` bytes. Most payloads are that short, and so is every
/// hash that is hashed again: Update and Final cost a fifth more for them.
hash256 sha256_of_short(bytes_view bytes) {
  std::array<unsigned char, 64> block{};
  std::copy_n(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
              block.begin());
  block[bytes.size()] = 0x80;
  const auto bits = htobe16(static_cast<std::uint16_t>(bytes.size() * 8));
  std::memcpy(&block[62], &bits, sizeof bits);
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Transform(&context, block.data());
  for (auto& word : context.h)
    word = htobe32(word);
  hash256 result;
  std::memcpy(result.bytes.data(), context.h, result.bytes.size());
  return result;
}

hash256 hash_again(const hash256& first) {
  return sha256_of_short(std::as_bytes(std::span(first.bytes)));
}

hash256 finish_both(SHA256_CTX& context) {
  hash256 first;
  SHA256_Final(first.bytes.data(), &context);
  return hash_again(first);
}

} // namespace

std::string to_string(const hash256& hash) {
  auto reversed = hash.bytes;
  std::ranges::reverse(reversed);
  return to_hex(std::as_bytes(std::span(reversed)));
}

bool parse_hash(std::string_view text, hash256& out) {
  std::vector<std::byte> bytes;
  if (text.size() != 64 || !from_hex(text, bytes))
    return false;
  std::ranges::reverse(bytes);
  std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
  return true;
}

hash256 double_sha256(bytes_view bytes) {
  if (bytes.size() <= short_size)
    return hash_again(sha256_of_short(bytes));
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  return finish_both(context);
}

std::uint32_t checksum(bytes_view payload) {
  return checksum_of(double_sha256(payload));
}

std::uint32_t checksum_of(const hash256& hash) {
  std::uint32_t result;
  std::memcpy(&result, hash.bytes.data(), sizeof result);
  return result;
}

static_assert(sizeof(SHA256_CTX) <= 112);

double_sha256_stream::double_sha256_stream() {
  SHA256_Init(new (state_.data()) SHA256_CTX);
}

void double_sha256_stream::update(bytes_view bytes) {
  SHA256_Update(std::launder(reinterpret_cast<SHA256_CTX*>(state_.data())), bytes.data(),
                bytes.size());
}

hash256 double_sha256_stream::finish() {
  return finish_both(*std::launder(reinterpret_cast<SHA256_CTX*>(state_.data())));
}

} // namespace peerage::wire
