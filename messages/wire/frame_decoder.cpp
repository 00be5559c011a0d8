// SPDX-License-Identifier: MIT
#include "messages/wire/frame_decoder.hpp"

#include "messages/checks/mutant.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <tuple>

namespace peerage::wire {

namespace {

/// Payloads of this size and more are long: they are read straight into their final
/// buffer, and hashed as they come, while the cache has them and so that no step takes
/// long.
constexpr std::size_t direct_from = 32 * 1024;

} // namespace

void frame_decoder::feed(bytes_view bytes, std::vector<frame>& out) {
  while (!bytes.empty() && error_ == frame_error::none) {
    if (paused_) {
      held_.insert(held_.end(), bytes.begin(), bytes.end());
      return;
    }
    auto taken = mid_message() ? take_partial(bytes, out) : take_whole(bytes, out);
    bytes = bytes.subspan(taken);
  }
}

void frame_decoder::resume(std::vector<frame>& out) {
  pause_after_.reset();
  resume_until_next(out);
}

void frame_decoder::resume_until_next(std::vector<frame>& out) {
  paused_ = false;
  auto held = std::exchange(held_, {});
  feed(held, out);
}

std::size_t frame_decoder::take_whole(bytes_view bytes, std::vector<frame>& out) {
  // First find how far whole messages reach, then copy them in one piece that all their
  // payloads share.
  std::size_t end = 0;
  const auto first = out.size();
  if (bytes.size() > 2 * envelope_size)
    out.reserve(first + std::min<std::size_t>(bytes.size() / 32 + 1, 128));
  while (bytes.size() - end >= envelope_size && error_ == frame_error::none && !paused_) {
    auto head = read_envelope(bytes.data() + end);
    if (!accept(head) || head.length > payload_limit_)
      break;
    if (bytes.size() - end - envelope_size < head.length)
      break;
    auto payload = bytes.subspan(end + envelope_size, head.length);
    out.push_back({head.type, head.checksum, slice({}, payload, 0),
                   checksum(payload) == head.checksum, 0});
    end += envelope_size + head.length;
    emitted(head.type);
  }
  if (end > 0) {
    auto chunk = slice::copy_of(bytes.first(end));
    for (auto i = first; i < out.size(); ++i) {
      auto offset = out[i].payload.data() - bytes.data();
      out[i].payload = chunk.sub(static_cast<std::size_t>(offset), out[i].payload.size());
    }
  }
  if (error_ != frame_error::none)
    return bytes.size();
  if (end == 0)
    return take_partial(bytes, out);
  return end;
}

std::size_t frame_decoder::take_partial(bytes_view bytes, std::vector<frame>& out) {
  std::size_t taken = 0;
  if (!payload_ && !skipping_) {
    taken = std::min(envelope_size - held_.size(), bytes.size());
    auto piece = bytes.first(taken);
    // Foreign bytes show as soon as the magic is there, not 20 bytes later.
    held_.insert(held_.end(), piece.begin(), piece.end());
    if (held_.size() < envelope_size) {
      if (held_.size() >= 4 && std::memcmp(held_.data(), &magic_, 4) != 0)
        error_ = frame_error::wrong_magic;
      return taken;
    }
    auto head = read_envelope(held_.data());
    held_ = std::vector<std::byte>{}; // plain {} would keep the memory
    if (!accept(head))
      return bytes.size();
    begin_payload(head);
  }
  auto rest = bytes.subspan(taken);
  if (skipping_)
    return taken + skip(rest, out);
  auto due = payload_->head.length - payload_->filled;
  auto piece = rest.first(std::min(due, rest.size()));
  append_payload(piece);
  if (payload_->filled == payload_->head.length)
    finish_payload(out);
  return taken + piece.size();
}

bool frame_decoder::accept(const envelope& head) {
  if (head.magic != magic_)
    error_ = frame_error::wrong_magic;
  else if (head.length > payload_limit_ && head.length > may_skip_)
    error_ = frame_error::oversized_payload;
  return error_ == frame_error::none;
}

void frame_decoder::begin_payload(const envelope& head) {
  if (head.length > payload_limit_) {
    may_skip_ -= head.length;
    skipping_ =
      std::make_unique<skipped_payload>(skipped_payload{head, head.length, {}, {}});
    return;
  }
  payload_.emplace();
  payload_->head = head;
  if (pool_ && head.length >= payload_pool::min_capacity)
    payload_->buffer = pool_->take(head.length);
}

/// Returns how many of `bytes` belong to the payload that is being skipped.
std::size_t frame_decoder::skip(bytes_view bytes, std::vector<frame>& out) {
  auto& p = *skipping_;
  auto piece = bytes.first(std::min<std::size_t>(p.due, bytes.size()));
  p.hash.update(piece);
  p.due -= static_cast<std::uint32_t>(piece.size());
  const auto kept = piece.first(
    std::min(limits::payload_before_handshake - p.beginning.size(), piece.size()));
  p.beginning.insert(p.beginning.end(), kept.begin(), kept.end());
  if (p.due == 0) {
    const auto head = p.head;
    const bool intact = checksum_of(p.hash.finish()) == head.checksum;
    auto beginning = slice::adopt(std::move(p.beginning));
    skipping_.reset();
    const auto skipped = head.length - static_cast<std::uint32_t>(beginning.size());
    out.push_back({head.type, head.checksum, std::move(beginning), intact, skipped});
    emitted(head.type);
  }
  return piece.size();
}

void frame_decoder::grow(std::size_t arriving) {
  // Doubling keeps moves few; the read-ahead bounds it. Large blocks move by remapping
  // pages, which is why this is realloc and not a vector.
  auto& p = *payload_;
  const auto arrived = p.filled + arriving;
  const std::size_t smallest = p.head.length < direct_from ? 512 : direct_from;
  auto wanted = arrived + std::clamp<std::size_t>(arrived, smallest, limits::read_ahead);
  auto capacity = is_on(mutant::memory_taken_as_announced)
                    ? p.head.length
                    : std::min<std::size_t>(wanted, p.head.length);
  auto* memory = static_cast<std::byte*>(std::realloc(p.buffer.memory.get(), capacity));
  if (!memory)
    throw std::bad_alloc{};
  std::ignore = p.buffer.memory.release();
  p.buffer.memory.reset(memory);
  p.buffer.capacity = capacity;
}

void frame_decoder::append_payload(bytes_view bytes) {
  if (bytes.empty())
    return;
  auto& p = *payload_;
  if (p.buffer.capacity - p.filled < bytes.size())
    grow(bytes.size());
  std::memcpy(p.buffer.memory.get() + p.filled, bytes.data(), bytes.size());
  advance(bytes.size());
}

void frame_decoder::advance(std::size_t size) {
  auto& p = *payload_;
  if (p.head.length >= direct_from)
    p.hash.update({p.buffer.memory.get() + p.filled, size});
  p.filled += size;
}

std::span<std::byte> frame_decoder::direct_buffer() {
  if (!payload_ || paused_ || error_ != frame_error::none ||
      payload_->head.length < direct_from)
    return {};
  auto& p = *payload_;
  if (p.filled == p.buffer.capacity)
    grow(0);
  // Pooled memory may be longer than the payload.
  auto room = std::min<std::size_t>(p.buffer.capacity, p.head.length) - p.filled;
  return {p.buffer.memory.get() + p.filled, room};
}

void frame_decoder::commit(std::size_t count, std::vector<frame>& out) {
  advance(count);
  const auto& p = *payload_;
  if (p.filled == p.head.length)
    finish_payload(out);
}

/// The memory of a whole payload, shared by its holders; the last one gives it back to
/// the pool.
std::shared_ptr<const std::byte> frame_decoder::shared(payload_pool::buffer&& whole) {
  if (!pool_ || whole.capacity < payload_pool::min_capacity)
    return {std::move(whole.memory)};
  auto* memory = whole.memory.release();
  return {memory, [pool = pool_, capacity = whole.capacity](std::byte* last) {
            pool->give_back({payload_pool::memory_ptr{last}, capacity});
          }};
}

frame_decoder::~frame_decoder() {
  if (pool_ && payload_)
    pool_->give_back(std::move(payload_->buffer));
}

void frame_decoder::finish_payload(std::vector<frame>& out) {
  auto& p = *payload_;
  const auto head = p.head;
  const bytes_view view{p.buffer.memory.get(), p.filled};
  const auto sum =
    head.length < direct_from ? checksum(view) : checksum_of(p.hash.finish());
  const auto held = p.buffer.capacity;
  out.push_back({head.type, head.checksum, slice(shared(std::move(p.buffer)), view, held),
                 sum == head.checksum, 0});
  payload_.reset();
  emitted(head.type);
}

void frame_decoder::emitted(command type) {
  if (pause_after_ == type)
    paused_ = true;
}

std::size_t frame_decoder::buffered() const {
  return held_.capacity() + (payload_ ? payload_->buffer.capacity : 0) +
         (skipping_ ? sizeof *skipping_ + skipping_->beginning.capacity() : 0);
}

} // namespace peerage::wire
