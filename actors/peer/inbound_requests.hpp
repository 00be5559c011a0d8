// SPDX-License-Identifier: MIT
#pragma once

#include "messages/service.hpp"
#include "messages/wire/envelope.hpp"

#include <caf/unit.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <variant>

namespace peerage {

/// The service's answer. An error of any cause means "not found".
using service_answer = std::variant<caf::unit_t, headers, block_hashes, wire::block,
                                    wire::tx, transaction_ids, addresses, caf::error>;

/// The remote's requests, in order of arrival: one item at a time goes to the inbound
/// service, its answer goes to the outbox, then the next. A getdata goes entry by entry,
/// so that a list of 50,000 blocks never holds more than one of them.
///
/// The backlog is bounded: while `is_full`, the connection reads nothing more (I12).
class inbound_requests {
public:
  /// @param addrv2 The remote wants addresses in the form of BIP 155.
  inbound_requests(peer_id peer, bool addrv2, wire::outbox& out)
      : peer_(peer), addrv2_(addrv2), out_(out) {}

  /// A getdata, another message for the service, or a pong that has to wait for the items
  /// before it.
  using item = std::variant<wire::getdata, service_request, wire::pong>;

  /// @param bytes Of the message on the wire.
  void add(item what, std::size_t bytes);

  /// What to ask now: empty while an answer is due, or nothing waits. Leaves the outbox
  /// alone: only `add` and `on_answer` put something into it.
  std::optional<service_request> next();

  /// The request now under way, or null while a getdata is served entry by entry. Its
  /// fields are moved-from; only its type is good.
  const service_request* asked() const;

  /// The answer to the request of `next`.
  void on_answer(const service_answer& answer);

  /// A pong must not overtake answers to what was asked before its ping: by it remotes
  /// (and our own fences) tell that no more answers will come. Nor another pong: they
  /// come in the order of their pings.
  bool must_hold_pongs() const;

  bool is_full() const { return backlog() >= max_items || bytes_ >= max_bytes; }
  std::size_t backlog() const { return waiting_.size(); }

  /// An answer to getblocks with this many hashes is not the whole chain. A remote that
  /// has fetched the last of these blocks is told of one behind them, and so asks for the
  /// next ones (as Bitcoin Core does with its m_continuation_block).
  static constexpr std::size_t full_list = 500;

  static constexpr std::size_t max_items = 16;
  static constexpr std::size_t max_bytes = 1 << 20;

private:
  struct waiting_item {
    item what;
    std::size_t bytes;
    bool is_our_own = false; ///< To find a block behind a full list.
  };

  void settle();
  void pop_front();
  service_request request_for(const wire::inventory_entry& entry) const;
  void answer_entry(const wire::inventory_entry& asked, const service_answer& answer);
  void answer_hashes(const std::vector<wire::hash256>& found);

  peer_id peer_;
  bool addrv2_;
  wire::outbox& out_;
  std::list<waiting_item>
    waiting_; ///< The front one is for the service. Empty lists own no memory.
  std::size_t bytes_ = 0;
  bool asked_ = false;
  std::size_t position_ = 0;                 ///< Inside the front getdata.
  wire::notfound missing_;                   ///< Of the front getdata.
  std::optional<wire::hash256> end_of_list_; ///< Of the last full list.
};

} // namespace peerage
