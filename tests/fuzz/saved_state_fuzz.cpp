// SPDX-License-Identifier: MIT
#include "actors/addresses/saved_addresses.hpp"
#include "actors/dialing/saved_dials.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace peerage;
using fuzz::require;

/// The body of a state file: a file is intact, but another program may have written it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = nlohmann::json::parse(data, data + size, nullptr, false);
  if (body.is_discarded())
    return 0;
  const auto known = saved_addresses_from(body);
  const auto written = to_json(known.secret.value_or(hash_secret{}), known.entries);
  const auto again = saved_addresses_from(written);
  require(again.unreadable == 0 && again.entries == known.entries,
          "addresses that were read can be written, and are the same");
  require(again.secret == known.secret.value_or(hash_secret{}), "and their secret");

  const auto dials = saved_dials_from_json(body);
  require(dials.anchors.size() <= saved_dials::max_anchors, "anchors are few");
  const auto same = saved_dials_from_json(to_json(dials));
  require(same.anchors == dials.anchors && same.added == dials.added &&
            same.pauses == dials.pauses,
          "dials are read as they were written");
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  for (std::string_view text :
       {R"({"secret":"000102030405060708090a0b0c0d0e0f","addresses":[{"network":"ipv4",)"
        R"("address":"01020304","port":8333,"time":1700000000,"services":9,)"
        R"("source":"5.6.7.8:8333","last_attempt":0,"last_success":0,"failures":0,)"
        R"("tried":false}]})",
        R"({"addresses":[{"network":"onion","address":"00","port":1,"time":1,"services":)"
        R"(18446744073709551615,"last_attempt":1,"last_success":9,"failures":4294967295,)"
        R"("tried":true},{},[],{"network":"i2p"}]})",
        R"({"anchors":["1.2.3.4:8333","[2001:db8::1]:1"],"pauses":[{"address":)"
        R"("1.2.3.4:1","failures":4294967296,"ready_at":-1}],"added":["a.b:1",2]})",
        R"({"anchors":["1.2.3.4:1","1.2.3.4:2","1.2.3.4:3"]})",
        R"({"pauses":[{"address":1}],"anchors":{},"added":""})", "[]", "null"})
    result.emplace_back(text.begin(), text.end());
  return result;
}
