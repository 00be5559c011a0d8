// SPDX-License-Identifier: MIT
#include "messages/wire/envelope.hpp"

#include <cstring>

namespace peerage::wire {

namespace {

/// From this size on a body is referenced instead of copied into the packed bytes.
constexpr std::size_t reference_from = 4 * 1024;

void write_envelope(std::byte* to, std::uint32_t magic, command type,
                    std::uint32_t length, std::uint32_t sum) {
  std::memcpy(to, &magic, 4);
  std::memcpy(to + 4, field_of(type).data(), 12);
  std::memcpy(to + 16, &length, 4);
  std::memcpy(to + 20, &sum, 4);
}

/// The body of a message that is one slice, if it is one worth referencing.
const slice* large_body(const message& x) {
  const slice* body = nullptr;
  if (const auto* as_block = std::get_if<block>(&x))
    body = &as_block->bytes;
  else if (const auto* as_tx = std::get_if<tx>(&x))
    body = &as_tx->bytes;
  return body && body->size() >= reference_from ? body : nullptr;
}

} // namespace

envelope read_envelope(const std::byte* from) noexcept {
  envelope result;
  std::memcpy(&result.magic, from, 4);
  result.type = command_of(reinterpret_cast<const char*>(from) + 4);
  std::memcpy(&result.length, from + 16, 4);
  std::memcpy(&result.checksum, from + 20, 4);
  return result;
}

void outbox::finish_envelope(std::size_t start, command type, bytes_view payload) {
  write_envelope(packed_.data() + start, magic_, type,
                 static_cast<std::uint32_t>(payload.size()), checksum(payload));
  tally_.count(type, envelope_size + payload.size());
}

void outbox::push(const message& x) {
  ++pushed_;
  auto start = packed_.size();
  packed_.resize(start + envelope_size);
  if (const auto* body = large_body(x)) {
    finish_envelope(start, command_of(x), body->view());
    seal();
    ready_.push_back(*body);
    return;
  }
  encode_payload(x, packed_);
  finish_envelope(start, command_of(x),
                  bytes_view{packed_}.subspan(start + envelope_size));
}

void outbox::push_pong(std::uint64_t nonce, std::uint32_t known_checksum) {
  std::array<std::byte, envelope_size + sizeof nonce> whole;
  auto* payload = whole.data() + envelope_size;
  std::memcpy(payload, &nonce, sizeof nonce);
  if (known_checksum == 0)
    known_checksum = checksum({payload, sizeof nonce});
  if (packed_.capacity() == 0)
    packed_.reserve(16 * whole.size()); // where there is one ping there are more
  write_envelope(whole.data(), magic_, command::pong, sizeof nonce, known_checksum);
  packed_.insert(packed_.end(), whole.begin(), whole.end());
  tally_.count(command::pong, whole.size());
  ++pushed_;
}

void outbox::seal() {
  if (!packed_.empty())
    ready_.push_back(slice::adopt(std::move(packed_)));
  packed_ = {};
}

std::vector<slice> outbox::take() {
  seal();
  return std::exchange(ready_, {});
}

std::vector<std::byte> encode(std::uint32_t magic, const message& x) {
  std::vector<std::byte> result(envelope_size);
  encode_payload(x, result);
  auto payload = bytes_view{result}.subspan(envelope_size);
  write_envelope(result.data(), magic, command_of(x),
                 static_cast<std::uint32_t>(payload.size()), checksum(payload));
  return result;
}

} // namespace peerage::wire
