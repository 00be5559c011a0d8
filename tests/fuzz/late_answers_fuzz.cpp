// SPDX-License-Identifier: MIT
#include "actors/peer/outgoing_requests.hpp"
#include "tests/fuzz/wire_pool.hpp"

#include <deque>
#include <map>

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;
using namespace std::chrono_literals;

namespace {

/// A hash that nothing else has, with a number in it.
wire::hash256 tagged(std::uint8_t kind, std::uint64_t number) {
  wire::hash256 result;
  result.bytes[31] = kind;
  std::memcpy(result.bytes.data(), &number, sizeof number);
  return result;
}

/// Our requests, and a remote that answers all of them, in order, as late as it is drawn.
/// Meanwhile requests are given up. All ask the same, and each answer is another: a
/// request that ends with an answer has its own (invariant I9).
class late_remote {
public:
  explicit late_remote(fuzz_input& in)
      : in_(in), requests_(
                   info(), wire::parameters(wire::network::regtest).genesis, 20s,
                   [this](time_point) { return ++last_nonce_; }, outbox_) {}

  void step() {
    // Only so many questions that were given up are remembered, so no more are.
    switch (unanswered_ < 8 ? in_.below(8) : 7) {
    case 0: return add(get_headers{{locator_}, {}});
    case 1: return add(get_block_hashes{{locator_}, {}});
    case 2: return add(measure_latency{});
    case 3: requests_.cancel(1 + in_.below(64), now_); break;
    case 4:
      now_ += std::chrono::seconds(in_.below(16));
      requests_.on_tick(now_);
      break;
    default:
      if (!wire_.empty())
        answer();
      requests_.start_queued(now_); // as behind every message
    }
    note();
  }

  void finish() {
    while (!wire_.empty()) {
      answer();
      requests_.start_queued(now_);
      note();
    }
    require(requests_.in_flight() == 0 && requests_.queued() == 0,
            "a remote that answers leaves nothing open");
  }

private:
  static const peer_info& info() {
    static const auto result = [] {
      peer_info x;
      x.protocol = wire::limits::protocol_version;
      return x;
    }();
    return result;
  }

  /// The question carries the number of its request, in its stop hash.
  template <class Request>
  void add(Request what) {
    if (last_id_ == 64)
      return;
    const auto id = ++last_id_;
    if constexpr (requires { what.stop; })
      what.stop = tagged(1, id);
    requests_.add(id, std::move(what), now_);
    note();
  }

  /// Takes down what was said and what has ended.
  void note() {
    for (const auto& x : fuzz::sent_messages{outbox_, magic_}) {
      unanswered_ += std::holds_alternative<wire::ping>(x) ? 1 : 0;
      wire_.push_back(x);
    }
    for (const auto& x : requests_.take_completed())
      check(x);
  }

  void check(const completion& x) {
    require(!std::exchange(ended_[x.id], true), "a request ends once");
    const auto* value = std::get_if<reply>(&x.result);
    if (!value)
      return;
    if (const auto* found = std::get_if<headers>(value)) {
      require(answers_.contains(x.id), "no answer comes before it is given");
      require(
        found->entries.size() == (answers_[x.id].is_zero() ? 0 : 1) &&
          (found->entries.empty() || found->entries.front().hash() == answers_[x.id]),
        "headers are those that this question was answered with");
    } else if (const auto* hashes = std::get_if<block_hashes>(value)) {
      require(answers_.contains(x.id), "no answer comes before it is given");
      require(answers_[x.id].is_zero()
                ? hashes->entries.empty()
                : !hashes->entries.empty() && hashes->entries.front() == answers_[x.id],
              "hashes are those that this question was answered with");
    } else {
      require(std::holds_alternative<latency>(*value), "no other kind was asked for");
    }
  }

  /// What the remote has heard first, it answers first.
  void answer() {
    const auto question = std::move(wire_.front());
    wire_.pop_front();
    if (const auto* ping = std::get_if<wire::ping>(&question)) {
      --unanswered_;
      std::optional<caf::timespan> round_trip;
      requests_.on_pong(ping->nonce, now_, round_trip);
    } else if (const auto* asked = std::get_if<wire::getheaders>(&question)) {
      std::vector<wire::block_header> found;
      if (!in_.rarely(4)) {
        found.emplace_back().previous = locator_;
        found.back().merkle_root = tagged(2, ++made_);
      }
      answers_[number_in(asked->stop)] =
        found.empty() ? wire::hash256{} : found.front().hash();
      requests_.on_headers(found);
    } else if (const auto* listed = std::get_if<wire::getblocks>(&question)) {
      std::vector<wire::inventory_entry> found;
      for (auto count = in_.below(4); count > 0; --count) // none is silence
        found.push_back({wire::inv_block, tagged(3, ++made_)});
      answers_[number_in(listed->stop)] =
        found.empty() ? wire::hash256{} : found.front().hash;
      if (!found.empty())
        requests_.on_inventory(found);
    }
  }

  static std::uint64_t number_in(const wire::hash256& x) {
    std::uint64_t result;
    std::memcpy(&result, x.bytes.data(), sizeof result);
    return result;
  }

  fuzz_input& in_;
  const std::uint32_t magic_ = wire::parameters(wire::network::regtest).magic;
  const wire::hash256 locator_ = tagged(4, 1);
  wire::outbox outbox_{magic_};
  std::uint64_t last_nonce_ = 0;
  outgoing_requests requests_;
  request_id last_id_ = 0;
  std::deque<wire::message> wire_; ///< What the remote has not answered yet.
  std::size_t unanswered_ = 0;     ///< Pings among it.
  std::uint64_t made_ = 0;
  std::map<request_id, wire::hash256> answers_; ///< The first hash; zero: none.
  std::map<request_id, bool> ended_;
  time_point now_{1h};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_input in{data, size};
  late_remote world{in};
  for (int steps = 0; !in.empty() && steps < 96; ++steps)
    world.step();
  world.finish();
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  return fuzz::random_steps();
}
