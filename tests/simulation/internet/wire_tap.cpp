// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/wire_tap.hpp"

#include <algorithm>
#include <cstring>

namespace peerage::test {

bool wire_tap::read(wire::bytes_view sent) {
  const auto pings = seen_.pings;
  seen_.bytes += sent.size();
  while (!sent.empty()) {
    if (payload_left_ > 0) {
      const auto skipped = std::min(payload_left_, sent.size());
      payload_left_ -= skipped;
      sent = sent.subspan(skipped);
      continue;
    }
    const auto taken = std::min(envelope_size - filled_, sent.size());
    std::memcpy(envelope_.data() + filled_, sent.data(), taken);
    filled_ += taken;
    sent = sent.subspan(taken);
    if (filled_ < envelope_size)
      break;
    filled_ = 0;
    std::uint32_t size = 0;
    std::memcpy(&size, envelope_.data() + 16, sizeof size);
    payload_left_ = size;
    note({envelope_.data() + 4, ::strnlen(envelope_.data() + 4, 12)});
  }
  return seen_.pings != pings;
}

void wire_tap::note(std::string_view command) {
  ++seen_.messages;
  if (command == "ping")
    ++seen_.pings;
  else if (command == "getheaders" || command == "getblocks")
    ++seen_.fenced;
  else if (command == "verack")
    seen_.verack = true;
}

} // namespace peerage::test
