#include "messages/wire/hash.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <new>

namespace peerage::wire {

namespace {

hash256 hash_again(SHA256_CTX& context) {
  hash256 first, second;
  SHA256_Final(first.bytes.data(), &context);
  SHA256_Init(&context);
  SHA256_Update(&context, first.bytes.data(), first.bytes.size());
  SHA256_Final(second.bytes.data(), &context);
  return second;
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
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  return hash_again(context);
}

std::uint32_t checksum(bytes_view payload) {
  auto hash = double_sha256(payload);
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
  return hash_again(*std::launder(reinterpret_cast<SHA256_CTX*>(state_.data())));
}

} // namespace peerage::wire
