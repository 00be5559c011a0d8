// SPDX-License-Identifier: MIT
#pragma once

#include "actors/peer/completion.hpp"
#include "messages/requests.hpp"
#include "tests/fuzz/wire_pool.hpp"

#include <algorithm>
#include <chrono>
#include <map>

namespace peerage::fuzz {

using namespace std::chrono_literals;

/// A request of any kind, about what is in the pool.
inline request drawn_request(fuzz_input& in, const wire_pool& pool) {
  auto ids = [&] {
    std::vector<transaction_id> result(in.below(4));
    for (auto& x : result)
      x = {pool.hash(in), in.coin()};
    return result;
  };
  auto with_timeout = [&](auto x) -> request {
    x.timeout = std::chrono::seconds(in.below(30)); // 0: the default
    return x;
  };
  switch (static_cast<request_kind>(in.below(request_kind_count))) {
  case request_kind::measure_latency: return with_timeout(measure_latency{});
  case request_kind::get_addresses: return with_timeout(get_addresses{});
  case request_kind::get_headers:
    return with_timeout(get_headers{pool.some_hashes(in), pool.hash(in)});
  case request_kind::get_block_hashes:
    return with_timeout(get_block_hashes{pool.some_hashes(in), pool.hash(in)});
  case request_kind::get_blocks: {
    get_blocks result{pool.some_hashes(in)};
    if (in.rarely(64))
      result.hashes.resize(max_items_per_request + in.below(2));
    return with_timeout(std::move(result));
  }
  case request_kind::get_transactions: return with_timeout(get_transactions{ids()});
  case request_kind::get_mempool: return with_timeout(get_mempool{});
  case request_kind::send_transaction:
    return send_transaction{in.pick(pool.transactions)};
  case request_kind::announce_transactions: return announce_transactions{ids()};
  case request_kind::announce_block: return announce_block{pool.hash(in)};
  case request_kind::announce_addresses: break;
  }
  return announce_addresses{wire_pool::addresses(in)};
}

/// All requests of ours to one peer: each ends exactly once (invariant I3), in time, with
/// an answer of its kind, that has what was asked for.
class request_ledger {
public:
  struct entry {
    request what;
    time_point deadline;
  };

  request_id open(request what, time_point now, caf::timespan default_timeout) {
    const auto timeout = std::visit([](const auto& x) { return x.timeout; }, what);
    const bool timed = timeout > caf::timespan::zero();
    open_.emplace(++last_,
                  entry{std::move(what), now + (timed ? timeout : default_timeout)});
    return last_;
  }

  void close(const std::vector<completion>& ended) {
    for (const auto& x : ended) {
      auto found = open_.extract(x.id);
      require(!found.empty(), "a request ends once");
      if (const auto* why = std::get_if<caf::error>(&x.result))
        require(*why == request_error::not_found || *why == request_error::timeout ||
                  *why == request_error::overloaded || *why == request_error::cancelled,
                "an error tells how it ended");
      else
        check(found.mapped().what, std::get<reply>(x.result));
    }
  }

  /// After a look at the time.
  void check_deadlines(time_point now) const {
    for (const auto& [id, x] : open_)
      require(x.deadline > now, "a request ends at its deadline");
  }

  std::optional<time_point> next_deadline() const {
    std::optional<time_point> result;
    for (const auto& [id, x] : open_)
      if (!result || x.deadline < *result)
        result = x.deadline;
    return result;
  }

  std::size_t size() const { return open_.size(); }
  request_id last() const { return last_; }
  const std::map<request_id, entry>& entries() const { return open_; }

private:
  template <class T>
  static const T& as(const reply& x) {
    const auto* result = std::get_if<T>(&x);
    require(result != nullptr, "an answer is of the kind that was asked for");
    return *result;
  }

  static void check(const request& asked, const reply& answer) {
    switch (kind_of(asked)) {
    case request_kind::measure_latency:
      return require(as<latency>(answer).round_trip >= caf::timespan::zero(),
                     "no answer comes before its question");
    case request_kind::get_addresses:
      return require(as<addresses>(answer).entries.size() <= wire::limits::addresses,
                     "a list of addresses is bounded");
    case request_kind::get_headers:
      return check(std::get<get_headers>(asked), as<headers>(answer));
    case request_kind::get_block_hashes: return void(as<block_hashes>(answer));
    case request_kind::get_blocks:
      return check(std::get<get_blocks>(asked), as<blocks>(answer));
    case request_kind::get_transactions:
      return check(std::get<get_transactions>(asked), as<transactions>(answer));
    case request_kind::get_mempool: return void(as<transaction_ids>(answer));
    default: as<caf::unit_t>(answer);
    }
  }

  static void check(const get_headers& asked, const headers& answer) {
    if (answer.entries.empty() || asked.locator.empty())
      return;
    const auto& from = answer.entries.front().previous;
    require(std::ranges::find(asked.locator, from) != asked.locator.end() ||
              from == wire::parameters(wire::network::regtest).genesis,
            "headers connect to what was asked");
  }

  static void check(const get_blocks& asked, const blocks& answer) {
    std::size_t i = 0;
    for (const auto& x : answer.entries) {
      while (i < asked.hashes.size() && asked.hashes[i] != x.hash)
        ++i;
      require(i++ < asked.hashes.size(), "blocks come in the order of the request");
      require(x.available == !x.body.bytes.empty(), "what is there has a body");
      require(!x.available || x.body.hash() == x.hash, "and is what was asked for");
    }
  }

  static void check(const get_transactions& asked, const transactions& answer) {
    std::size_t i = 0;
    for (const auto& x : answer.entries) {
      while (i < asked.ids.size() && asked.ids[i] != x.id)
        ++i;
      require(i++ < asked.ids.size(), "transactions come in the order of the request");
      require(x.available == !x.body.bytes.empty(), "what is there has a body");
      require(!x.available ||
                (x.id.is_wtxid ? x.body.wtxid() : x.body.txid()) == x.id.hash,
              "and is what was asked for");
    }
  }

  std::map<request_id, entry> open_;
  request_id last_ = 0;
};

} // namespace peerage::fuzz
