// SPDX-License-Identifier: MIT
#include "tests/support/flooder.hpp"

#include "messages/wire/messages.hpp"

namespace peerage::test {

namespace {

constexpr std::size_t entries_per_message = 100;
constexpr std::uint64_t messages_per_round = 30; // a third of each kind

std::vector<wire::inventory_entry> unknown_transactions() {
  std::vector<wire::inventory_entry> result(entries_per_message);
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].type = wire::inv_tx;
    result[i].hash.bytes[0] = static_cast<std::uint8_t>(i);
    result[i].hash.bytes[1] = 0xf1;
  }
  return result;
}

byte_vector one_round(const raw_peer& us) {
  const auto getdata = us.encoded(wire::getdata{unknown_transactions()});
  const auto inv = us.encoded(wire::inv{unknown_transactions()});
  const auto ping = us.encoded(wire::ping{1});
  byte_vector result;
  for (std::uint64_t i = 0; i < messages_per_round / 3; ++i)
    for (const auto* x : {&getdata, &inv, &ping})
      append(result, *x);
  return result;
}

} // namespace

flooder::flooder(const endpoint& to, const endpoint& from)
    : thread_([this, to, from] {
        while (!stop_)
          try {
            play(to, from);
          } catch (const std::exception&) {
            // Thrown out, or not let in.
          }
      }) {}

flooder::~flooder() {
  stop_ = true;
  thread_.join();
}

void flooder::play(const endpoint& to, const endpoint& from) {
  auto us = raw_peer::connect(to, from);
  us.shake_hands();
  ++connections_;
  const auto round = one_round(us);
  while (!stop_) {
    us.send(round);
    messages_ += messages_per_round;
    us.read_end(in(0s)); // the answers
  }
}

} // namespace peerage::test
