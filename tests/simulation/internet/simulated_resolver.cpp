// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/simulated_resolver.hpp"

#include "actors/transport/weak_send.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace peerage::test {

namespace {

/// Of one answer, as DNS seeds give some two dozen.
constexpr std::size_t addresses_per_answer = 24;

} // namespace

class name_servers::client : public resolver {
public:
  explicit client(name_servers& asked) : asked_(asked) {}

  void resolve(std::string name, std::uint16_t port,
               const caf::strong_actor_ptr& sink) override {
    auto& draws = asked_.draws_;
    const bool fails = draws.below(100) < asked_.failing_;
    if (fails && draws.below(2) == 0)
      return; // nobody ever answers
    resolved answer{std::move(name), {}, {}, port};
    if (fails)
      answer.error = "the name servers are out of order";
    for (std::size_t i = 0;
         !fails && i < std::min(addresses_per_answer, asked_.addresses_.size()); ++i)
      answer.endpoints.push_back(
        asked_.addresses_[draws.below(asked_.addresses_.size())].with_port(port));
    normalise(answer);
    const auto wait = std::chrono::milliseconds{5 + draws.below(400)};
    asked_.time_.in(wait,
                    [answer = std::move(answer), alive = std::weak_ptr<bool>(alive_),
                     sink = caf::actor_cast<caf::weak_actor_ptr>(sink)] {
                      if (!alive.expired())
                        deliver(sink, answer);
                    });
  }

private:
  name_servers& asked_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

resolver_ptr name_servers::make_resolver() {
  return std::make_shared<client>(*this);
}

} // namespace peerage::test
