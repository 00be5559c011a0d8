// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/random_source.hpp"
#include "actors/transport/resolver.hpp"
#include "tests/simulation/internet/virtual_time.hpp"

#include <memory>
#include <vector>

namespace peerage::test {

/// Name servers: every name has some of the same addresses, drawn anew for each question.
class name_servers {
public:
  name_servers(virtual_time& time, std::uint64_t seed) : time_(time), draws_(seed) {}

  void set_addresses(std::vector<endpoint> x) { addresses_ = std::move(x); }
  /// Of this many questions in a hundred, one half gets an error, the other no answer.
  void fail(std::uint64_t percent) { failing_ = percent; }

  /// A resolver that asks them; must not outlive them.
  resolver_ptr make_resolver();

private:
  class client;

  virtual_time& time_;
  random_source draws_;
  std::vector<endpoint> addresses_;
  std::uint64_t failing_ = 0;
};

} // namespace peerage::test
