// SPDX-License-Identifier: MIT
#include "messages/host_name.hpp"
#include "messages/subnet.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;

namespace {

endpoint drawn_address(fuzz_input& in) {
  endpoint result;
  if (in.coin()) {
    const auto ip = in.number<std::uint32_t>();
    return ipv4_endpoint(static_cast<std::uint8_t>(ip),
                         static_cast<std::uint8_t>(ip >> 8),
                         static_cast<std::uint8_t>(ip >> 16),
                         static_cast<std::uint8_t>(ip >> 24), in.byte());
  }
  for (auto& byte : result.ip)
    byte = in.byte();
  result.port = in.byte();
  return result;
}

bool bit(const std::array<std::uint8_t, 16>& ip, std::size_t index) {
  return (ip[index / 8] & (0x80 >> (index % 8))) != 0;
}

/// The definition, bit by bit.
bool lies_in(const endpoint& x, const subnet& range) {
  if (x.is_ipv4() != range.is_ipv4())
    return false;
  for (std::size_t i = 0; i < range.prefix_length; ++i)
    if (bit(x.ip, i) != bit(range.ip, i))
      return false;
  return range.zone == 0 || range.zone == x.zone;
}

void check_range(const subnet& range) {
  for (std::size_t i = range.prefix_length; i < 128; ++i)
    require(!bit(range.ip, i), "bits behind the prefix are zero");
  subnet again;
  require(parse_subnet(to_string(range), again), "what was printed can be read");
  require(again == range, "and is the same");
  require(std::hash<subnet>{}(again) == std::hash<subnet>{}(range), "with one hash");
  require(range.contains(range.first()) && range.contains(range), "it contains itself");
}

void check_text(std::string_view text) {
  subnet range;
  const auto before = range;
  if (parse_subnet(text, range))
    check_range(range);
  else
    require(range == before, "a failure leaves the range alone");
  for (std::uint16_t default_port : {std::uint16_t{0}, std::uint16_t{8333}}) {
    host_name name, again;
    if (!parse_host_name(text, default_port, name)) {
      require(name == host_name{}, "a failure leaves the name alone");
      continue;
    }
    require(name.port != 0 && !name.host.empty() && name.host.size() <= 253,
            "a name has its length, and a port");
    require(parse_host_name(to_string(name), 0, again) && again == name,
            "what was printed can be read, and is the same");
    endpoint ip;
    require(!parse_endpoint(to_string(name), 0, ip), "no name is an address");
  }
}

} // namespace

/// First two addresses and two lengths; the rest: the text of a range or a host name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_input in{data, size};
  const auto a = drawn_address(in), b = drawn_address(in);
  // Of IPv4 only what is a range of IPv4.
  auto range_around = [&](const endpoint& x) {
    return x.is_ipv4() ? subnet_of(x, static_cast<std::uint8_t>(96 + in.below(33)))
                       : subnet_of(x, static_cast<std::uint8_t>(in.below(129)));
  };
  const auto range = range_around(a), other = range_around(b);
  for (const auto& x : {range, other, host_of(a), cap_subnet_of(a), address_group_of(b)})
    check_range(x);
  for (const auto& x : {a, b})
    require(range.contains(x) == lies_in(x, range), "a range has what it says");
  require(host_of(a).contains(a) && cap_subnet_of(a).contains(a), "each lies in its own");
  if (range.contains(other)) {
    require(range.contains(b), "a part's addresses are those of the whole");
    require(!other.contains(range) || other == range, "two parts of each other are one");
  }
  require(!is_routable(a) || a.port != 0, "nothing is reached without a port");
  check_text(in.rest());
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  for (std::string_view text :
       {"1.2.3.0/24", "10.0.0.1", "2001:db8::/32", "::/0", "0.0.0.0/0",
        "10.0.0.0/255.0.0.0", "::ffff:10.0.0.0/104", "::ffff:10.0.0.0/8", "fe80::1/64",
        "2001:db8::/ffff:ffff::", "::fffe:0:0/95", "seed.example.com:8333", "a.b",
        "node_1.local.:1"}) {
    auto& x = result.emplace_back(12, std::uint8_t{1}); // two of IPv4, and two lengths
    x.insert(x.end(), text.begin(), text.end());
    auto& y = result.emplace_back(38, std::uint8_t{0}); // of IPv6
    y.insert(y.end(), text.begin(), text.end());
  }
  return result;
}
