// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/remotes/remote.hpp"

#include "messages/wire/envelope.hpp"

#include <utility>

namespace peerage::test {

namespace {

/// Beyond, what it has to say is lost: a script is no place to keep memory.
constexpr std::size_t most_unsent = std::size_t{8} << 20;

} // namespace

remote::remote(world& in, bool dials)
    : world_(in), dials_(dials), decoder_(world::network().magic) {
  decoder_.set_payload_limit(wire::limits::payload);
  greeting.protocol = 70016;
  greeting.services = wire::node_network | wire::node_witness;
  greeting.time = 1'760'000'000;
  greeting.nonce = in.draws().next_nonzero();
  greeting.user_agent = "/stranger:1.0/";
}

std::size_t remote::take(wire::bytes_view bytes) {
  if (closed_)
    return bytes.size();
  if (!reads)
    return 0;
  std::vector<wire::frame> frames;
  decoder_.feed(bytes, frames);
  for (const auto& frame : frames) {
    wire::message message;
    if (is_open() && frame.checksum_ok() &&
        wire::decode(frame.type, frame.payload, message) == wire::decode_result::ok)
      on_message(message);
  }
  return bytes.size();
}

void remote::on_closed() {
  close();
}

void remote::on_reset() {
  close();
}

void remote::flush() {
  if (!std::exchange(open_, true)) {
    on_open();
    return;
  }
  if (!unsent_.empty())
    send_bytes({});
}

void remote::on_open() {
  if (dials_)
    send_version();
}

void remote::send_version() {
  if (!std::exchange(version_sent_, true))
    send(greeting);
}

void remote::answer_handshake(const wire::message& x) {
  if (const auto* theirs = std::get_if<wire::version>(&x)) {
    send_version();
    if (std::min(theirs->protocol, greeting.protocol) >= 70016) {
      send(wire::wtxidrelay{});
      send(wire::sendaddrv2{});
    }
    send(wire::verack{});
  } else if (std::holds_alternative<wire::verack>(x) && !std::exchange(ready_, true)) {
    on_ready();
  }
}

void remote::on_message(const wire::message& x) {
  answer_handshake(x);
  if (const auto* ping = std::get_if<wire::ping>(&x))
    send(wire::pong{ping->nonce});
  else if (std::holds_alternative<wire::getheaders>(x))
    send(wire::headers{});
  else if (const auto* wanted = std::get_if<wire::getdata>(&x))
    send(wire::notfound{wanted->entries});
}

void remote::send(const wire::message& x) {
  send_bytes(wire::encode(world::network().magic, x));
}

void remote::send_bytes(std::vector<std::byte> bytes) {
  const auto to = other.lock();
  if (closed_ || !to)
    return;
  if (unsent_.size() + bytes.size() <= most_unsent)
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  const auto taken = to->take(unsent_);
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(taken));
}

void remote::close() {
  if (std::exchange(closed_, true))
    return;
  if (const auto to = other.lock())
    to->on_closed();
}

void remote::reset() {
  if (std::exchange(closed_, true))
    return;
  if (const auto to = other.lock())
    to->on_reset();
}

void remote::repeat(caf::timespan interval, std::size_t times,
                    std::function<void()> what) {
  if (times == 0)
    return;
  world_.time().in(
    interval, [this, weak = weak_from_this(), interval, times, what = std::move(what)] {
      const auto self = weak.lock();
      if (!self || closed_)
        return;
      what();
      repeat(interval, times - 1, what);
    });
}

} // namespace peerage::test
