// SPDX-License-Identifier: MIT
#include "actors/peer/outgoing_requests.hpp"
#include "tests/fuzz/request_ledger.hpp"

#include <unordered_map>

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;
using namespace std::chrono_literals;

namespace {

constexpr caf::timespan default_timeout = 20s;

/// Requests of ours, and a remote that says anything at any time.
class any_remote {
public:
  explicit any_remote(fuzz_input& in)
      : in_(in), info_(drawn_info(in)), outbox_(pool().network.magic),
        requests_(
          info_, pool().network.genesis, default_timeout,
          [this](time_point) {
            nonces_.push_back(++last_nonce_);
            return last_nonce_;
          },
          outbox_) {}

  void step() {
    switch (in_.below(16)) {
    case 0:
    case 1:
    case 2: add(); break;
    case 3: cancel(); break;
    case 4: wait(); break;
    case 5: pong(); break;
    case 6: requests_.cancel_ping(some_nonce()); break;
    case 7: requests_.on_addresses(fuzz::wire_pool::addresses(in_)); break;
    case 8: {
      auto entries = pool().some_headers(in_);
      requests_.on_headers(entries);
      break;
    }
    case 9: requests_.on_inventory(pool().inventory(in_)); break;
    case 10:
    case 11: requests_.on_block(in_.pick(pool().blocks)); break;
    case 12: requests_.on_transaction(in_.pick(pool().transactions)); break;
    case 13: requests_.on_notfound(pool().inventory(in_)); break;
    case 14: requests_.on_offered(pool().inventory(in_)); break;
    default: requests_.start_queued(now_);
    }
    check();
  }

  /// Nothing more comes: every request has its end by then.
  void finish() {
    for (int looks = 0; requests_.next_deadline(); ++looks) {
      require(looks < 200, "the deadlines have an end");
      now_ = *requests_.next_deadline();
      tick();
      check();
    }
    require(open_.size() == 0, "every request has ended");
    require(requests_.in_flight() == 0 && requests_.queued() == 0 &&
              !requests_.wants_items(),
            "and nothing of it is left");
  }

private:
  static const fuzz::wire_pool& pool() {
    static const fuzz::wire_pool result;
    return result;
  }

  static peer_info drawn_info(fuzz_input& in) {
    peer_info result;
    result.services = in.coin() * std::uint64_t{wire::node_bloom} |
                      in.coin() * std::uint64_t{wire::node_witness};
    result.addrv2 = in.coin();
    result.protocol =
      in.rarely(4) ? wire::limits::last_without_pong : wire::limits::protocol_version;
    return result;
  }

  void add() {
    auto what = fuzz::drawn_request(in_, pool());
    const auto id = open_.open(what, now_, default_timeout);
    note_wanted(what);
    requests_.add(id, std::move(what), now_);
  }

  void cancel() {
    // One of the last ones, open or not, or one that never was.
    const auto id = open_.last() + 1 - std::min<request_id>(in_.below(24), open_.last());
    const bool was_open = open_.entries().contains(id);
    requests_.cancel(id, now_);
    const auto ended = requests_.take_completed();
    require(ended.size() == (was_open ? 1 : 0) + pushes_started_by(ended, id),
            "a cancelled request ends, and no other");
    open_.close(ended);
    require(!open_.entries().contains(id), "at once");
  }

  /// Those that waited behind the cancelled one may be complete when they are sent.
  std::size_t pushes_started_by(const std::vector<completion>& ended,
                                request_id id) const {
    return static_cast<std::size_t>(std::ranges::count_if(ended, [&](const auto& x) {
      if (x.id == id)
        return false;
      const auto found = open_.entries().find(x.id);
      require(found != open_.entries().end(), "a request ends once");
      const auto* blocks = std::get_if<get_blocks>(&found->second.what);
      const auto* txs = std::get_if<get_transactions>(&found->second.what);
      return (blocks && blocks->hashes.empty()) || (txs && txs->ids.empty());
    }));
  }

  void wait() {
    const auto next = requests_.next_deadline();
    now_ =
      next && in_.coin() ? *next : now_ + std::chrono::milliseconds(100 * in_.byte());
    tick();
  }

  void tick() {
    requests_.on_tick(now_);
    open_.close(requests_.take_completed());
    open_.check_deadlines(now_);
  }

  void pong() {
    const auto nonce = some_nonce();
    std::optional<caf::timespan> round_trip;
    const auto ours = requests_.on_pong(nonce, now_, round_trip);
    require(ours || !round_trip, "a round trip is of a ping of ours");
    require(!ours || std::erase(nonces_, nonce) == 1, "a ping has one pong");
  }

  std::uint64_t some_nonce() {
    if (nonces_.empty() || in_.rarely(8))
      return 1 + in_.byte(); // 0 is no nonce
    return nonces_[in_.below(std::min<std::size_t>(nonces_.size(), 256))];
  }

  /// An item may be asked for on behalf of each request that wants it, and for each once
  /// more, as it was offered.
  void note_wanted(const request& what) {
    if (const auto* blocks = std::get_if<get_blocks>(&what))
      for (const auto& x : blocks->hashes)
        may_ask_[x] += 2;
    else if (const auto* txs = std::get_if<get_transactions>(&what))
      for (const auto& x : txs->ids)
        may_ask_[x.hash] += 2;
  }

  void check() {
    open_.close(requests_.take_completed());
    const fuzz::sent_messages sent{outbox_, pool().network.magic};
    // Two messages for each request that starts, and those about items of one message.
    require(sent.size() <= 2 * (max_requests_queued + 1) + 8, "a step says little");
    for (const auto& x : sent)
      if (const auto* asked = std::get_if<wire::getdata>(&x))
        for (const auto& entry : asked->entries)
          require(may_ask_[entry.hash]-- > 0, "nothing is asked for again and again");
    require(requests_.in_flight() + requests_.queued() == open_.size(),
            "every request is on the wire, or waits");
    require(requests_.in_flight() <= max_keyed_in_flight + 4, "few are on the wire");
    require(requests_.queued() <= max_requests_queued, "few wait");
    require(requests_.next_deadline() == open_.next_deadline(),
            "the next deadline is that of a request");
    require(!requests_.has_completed(), "a completion is taken once");
  }

  fuzz_input& in_;
  peer_info info_;
  wire::outbox outbox_;
  std::uint64_t last_nonce_ = 1'000; // above those that are drawn
  std::vector<std::uint64_t> nonces_;
  outgoing_requests requests_;
  fuzz::request_ledger open_;
  std::unordered_map<wire::hash256, std::size_t> may_ask_;
  time_point now_{1h};
};

} // namespace

/// First bytes: who the peer is; the rest: what happens.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_input in{data, size};
  any_remote world{in};
  for (int steps = 0; !in.empty() && steps < 128; ++steps)
    world.step();
  world.finish();
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  return fuzz::random_steps();
}
