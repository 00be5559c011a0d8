// SPDX-License-Identifier: MIT
#include "actors/peer/outgoing_requests.hpp"

#include "actors/peer/push_addresses.hpp"
#include "messages/checks/mutant.hpp"
#include "messages/wire/limits.hpp"

#include <algorithm>

namespace peerage {

namespace {

/// Fences of given-up requests that are remembered; a peer that lets more of them pass
/// unanswered is about to lose to its heartbeat.
constexpr std::size_t max_open_fences = 8;

/// The error of a request that the peer cannot answer and is not sent. The text is for
/// people.
caf::error refusal(std::string why) {
  return caf::make_error(request_error::not_found, std::move(why));
}

} // namespace

outgoing_requests::outgoing_requests(const peer_info& info, const wire::hash256& genesis,
                                     caf::timespan default_timeout,
                                     std::function<std::uint64_t(time_point)> next_nonce,
                                     wire::outbox& out)
    : services_(info.services), addrv2_(info.addrv2),
      answers_pings_(info.protocol > wire::limits::last_without_pong), genesis_(genesis),
      default_timeout_(default_timeout), next_nonce_(std::move(next_nonce)), out_(out),
      fetches_(info.services, out, completed_) {}

// -- starting --------------------------------------------------------------------------

std::optional<outgoing_requests::lane_kind>
outgoing_requests::lane_of(const request& what) {
  if (std::holds_alternative<get_addresses>(what))
    return address_lane;
  if (std::holds_alternative<get_headers>(what))
    return header_lane;
  if (std::holds_alternative<get_block_hashes>(what))
    return block_hash_lane;
  if (std::holds_alternative<get_mempool>(what))
    return mempool_lane;
  return std::nullopt;
}

bool outgoing_requests::is_keyed(const request& what) {
  return std::holds_alternative<measure_latency>(what) ||
         std::holds_alternative<get_blocks>(what) ||
         std::holds_alternative<get_transactions>(what);
}

caf::timespan outgoing_requests::timeout_of(const request& what) {
  return std::visit(
    [](const auto& x) -> caf::timespan {
      if constexpr (requires { x.timeout; })
        return x.timeout;
      else
        return {};
    },
    what);
}

void outgoing_requests::add(request_id id, request what, time_point now) {
  if (std::holds_alternative<get_mempool>(what) && (services_ & wire::node_bloom) == 0)
    return fail(id, refusal("the peer does not offer NODE_BLOOM"));
  if (std::holds_alternative<measure_latency>(what) && !answers_pings_)
    return fail(id, refusal("the peer is too old to answer pings (BIP 31)"));
  auto items = [&]() -> std::size_t {
    if (auto* x = std::get_if<get_blocks>(&what))
      return x->hashes.size();
    if (auto* y = std::get_if<get_transactions>(&what))
      return y->ids.size();
    return 0;
  }();
  auto locator = [&]() -> std::size_t {
    if (auto* x = std::get_if<get_headers>(&what))
      return x->locator.size();
    if (auto* y = std::get_if<get_block_hashes>(&what))
      return y->locator.size();
    return 0;
  }();
  // A message over a limit of the network would make the remote hang up.
  if (items > max_items_per_request || locator > wire::limits::locator)
    return fail(id, caf::make_error(request_error::overloaded));
  auto timeout = timeout_of(what);
  auto deadline = now + (timeout > caf::timespan::zero() ? timeout : default_timeout_);
  if (can_start(what))
    return start(id, std::move(what), deadline, now);
  if (queue_.size() >= max_requests_queued)
    return fail(id, caf::make_error(request_error::overloaded));
  queue_.push_back({id, std::move(what), deadline});
}

bool outgoing_requests::can_start(const request& what) const {
  if (auto which = lane_of(what))
    return !lanes_[*which].current;
  if (is_keyed(what))
    return pings_.size() + fetches_.size() < max_keyed_in_flight;
  return true;
}

void outgoing_requests::start(request_id id, request&& what, time_point deadline,
                              time_point now) {
  if (auto which = lane_of(what))
    return start_unkeyed(*which, id, std::move(what), deadline, now);
  if (std::holds_alternative<measure_latency>(what)) {
    auto nonce = next_nonce_(now);
    out_.push(wire::ping{nonce});
    pings_.push_back({id, nonce, now, deadline});
  } else if (auto* asked_blocks = std::get_if<get_blocks>(&what)) {
    fetches_.start(id, *asked_blocks, deadline);
  } else if (auto* asked_txs = std::get_if<get_transactions>(&what)) {
    fetches_.start(id, *asked_txs, deadline);
  } else if (auto* transaction = std::get_if<send_transaction>(&what)) {
    out_.push(std::move(transaction->body));
    complete(id, caf::unit);
  } else if (auto* ids = std::get_if<announce_transactions>(&what)) {
    wire::inv message;
    for (const auto& x : ids->ids)
      if (message.entries.size() < wire::limits::inventory)
        message.entries.push_back({x.is_wtxid ? wire::inv_wtx : wire::inv_tx, x.hash});
    if (!message.entries.empty())
      out_.push(message);
    complete(id, caf::unit);
  } else if (auto* announced = std::get_if<announce_block>(&what)) {
    out_.push(wire::inv{{{wire::inv_block, announced->hash}}});
    complete(id, caf::unit);
  } else if (auto* told = std::get_if<announce_addresses>(&what)) {
    push_addresses(out_, addrv2_, std::move(told->entries));
    complete(id, caf::unit);
  }
}

void outgoing_requests::start_unkeyed(lane_kind which, request_id id, request&& what,
                                      time_point deadline, time_point now) {
  auto& current = lanes_[which].current.emplace(unkeyed{});
  current.id = id;
  current.deadline = deadline;
  auto version = static_cast<std::uint32_t>(wire::limits::protocol_version);
  if (auto* asked = std::get_if<get_headers>(&what))
    out_.push(wire::getheaders{version, asked->locator, asked->stop});
  else if (auto* hashes = std::get_if<get_block_hashes>(&what))
    out_.push(wire::getblocks{version, hashes->locator, hashes->stop});
  else if (which == address_lane)
    out_.push(wire::getaddr{});
  else
    out_.push(wire::mempool{});
  if (answers_pings_ && (which == header_lane || which == block_hash_lane)) {
    current.fence = next_nonce_(now);
    out_.push(wire::ping{current.fence});
  }
  current.what = std::move(what);
}

void outgoing_requests::start_queued(time_point now) {
  for (auto i = queue_.begin(); i != queue_.end();) {
    if (!can_start(i->what)) {
      ++i;
      continue;
    }
    auto next = std::move(*i);
    i = queue_.erase(i);
    start(next.id, std::move(next.what), next.deadline, now);
  }
}

// -- what came in ----------------------------------------------------------------------

bool outgoing_requests::on_pong(std::uint64_t nonce, time_point now,
                                std::optional<caf::timespan>& round_trip) {
  auto found = is_on(mutant::pong_to_wrong_request)
                 ? pings_.begin()
                 : std::ranges::find(pings_, nonce, &ping_request::nonce);
  if (found != pings_.end()) {
    round_trip = now - found->sent;
    complete(found->id, latency{*round_trip});
    pings_.erase(found);
    return true;
  }
  return on_fence(nonce);
}

void outgoing_requests::cancel_ping(std::uint64_t nonce) {
  auto found = std::ranges::find(pings_, nonce, &ping_request::nonce);
  if (found == pings_.end()) {
    on_fence(nonce);
    return;
  }
  fail(found->id, caf::make_error(request_error::cancelled));
  pings_.erase(found);
}

bool outgoing_requests::on_fence(std::uint64_t nonce) {
  for (auto which : {header_lane, block_hash_lane}) {
    auto& lane = lanes_[which];
    if (lane.current && lane.current->fence == nonce) {
      auto collected = std::move(lane.current->collected);
      if (!lane.current->has_collected)
        collected = which == header_lane ? reply{headers{}} : reply{block_hashes{}};
      lane.current->fence = 0;
      lane.open_fences.clear(); // pongs come in order: earlier ones were lost
      finish_unkeyed(lane, std::move(collected));
      return true;
    }
    auto& fences = lane.open_fences;
    if (auto found = std::ranges::find(fences, nonce); found != fences.end()) {
      fences.erase(fences.begin(), found + 1);
      return true;
    }
  }
  return false;
}

bool outgoing_requests::on_addresses(const std::vector<wire::network_address>& entries) {
  auto& lane = lanes_[address_lane];
  if (!lane.current)
    return false;
  auto& current = *lane.current;
  if (!current.has_collected) {
    current.collected = addresses{};
    current.has_collected = true;
  }
  auto& kept = std::get<addresses>(current.collected).entries;
  const bool is_answer = entries.size() > 1;
  for (const auto& entry : entries)
    if (kept.size() < wire::limits::addresses)
      kept.push_back(entry);
  if (is_answer)
    finish_unkeyed(lane, std::move(current.collected));
  return is_answer; // else it may be gossip, for the node
}

bool outgoing_requests::connects(const get_headers& asked,
                                 const wire::block_header& first) const {
  if (asked.locator.empty())
    return first.hash() == asked.stop;
  return is_on(mutant::unlinked_headers_taken) || first.previous == genesis_ ||
         std::ranges::find(asked.locator, first.previous) != asked.locator.end();
}

bool outgoing_requests::on_headers(std::vector<wire::block_header>& entries) {
  auto& lane = lanes_[header_lane];
  if (!may_answer(lane))
    return false;
  if (!entries.empty() &&
      !connects(std::get<get_headers>(lane.current->what), entries.front()))
    return false;
  finish_unkeyed(lane, headers{std::move(entries)});
  return true;
}

bool outgoing_requests::on_inventory(const std::vector<wire::inventory_entry>& entries) {
  if (entries.empty())
    return false;
  if (auto& lane = lanes_[mempool_lane];
      lane.current &&
      std::ranges::all_of(entries, &wire::inventory_entry::is_transaction)) {
    transaction_ids result;
    for (const auto& entry : entries)
      result.entries.push_back({entry.hash, entry.type == wire::inv_wtx});
    finish_unkeyed(lane, std::move(result));
    return false; // it may be an announcement, for the node
  }
  auto& lane = lanes_[block_hash_lane];
  if (!may_answer(lane) ||
      !std::ranges::all_of(entries, &wire::inventory_entry::is_block))
    return false;
  block_hashes result;
  for (const auto& entry : entries)
    result.entries.push_back(entry.hash);
  if (entries.size() > 1) {
    finish_unkeyed(lane, std::move(result));
    return true;
  }
  // A single block may be the answer or the announcement of a new one: the fence decides
  // when to believe it, and the node is told of it in any case.
  lane.current->collected = std::move(result);
  lane.current->has_collected = true;
  return false;
}

// -- ending ----------------------------------------------------------------------------

void outgoing_requests::finish_unkeyed(lane_state& lane, reply value) {
  complete(lane.current->id, std::move(value));
  // The pong of its fence is still to come, and is no odd one.
  if (lane.current->fence != 0)
    give_up(lane);
  lane.current.reset();
}

void outgoing_requests::give_up(lane_state& lane) {
  lane.open_fences.push_back(lane.current->fence);
  if (lane.open_fences.size() > max_open_fences)
    lane.open_fences.erase(lane.open_fences.begin());
}

void outgoing_requests::cancel(request_id id, time_point now) {
  bool found = fetches_.cancel(id);
  auto is_it = [&](const auto& x) { return x.id == id && (found = true); };
  std::erase_if(pings_, is_it);
  std::erase_if(queue_, is_it);
  for (auto& lane : lanes_) {
    if (!lane.current || !is_it(*lane.current))
      continue;
    if (lane.current->fence != 0)
      give_up(lane);
    lane.current.reset();
  }
  if (!found)
    return; // it has ended by itself
  fail(id, caf::make_error(request_error::cancelled));
  start_queued(now);
}

void outgoing_requests::on_tick(time_point now) {
  auto timeout = [] { return caf::make_error(request_error::timeout); };
  fetches_.on_tick(now);
  std::erase_if(pings_, [&](const ping_request& x) {
    if (x.deadline > now)
      return false;
    fail(x.id, timeout());
    return true;
  });
  for (auto& lane : lanes_) {
    if (!lane.current || lane.current->deadline > now)
      continue;
    if (lane.current->has_collected) {
      auto collected = std::move(lane.current->collected);
      finish_unkeyed(lane, std::move(collected));
    } else {
      fail(lane.current->id, timeout());
      if (lane.current->fence != 0)
        give_up(lane);
      lane.current.reset();
    }
  }
  std::erase_if(queue_, [&](const queued_request& x) {
    if (x.deadline > now)
      return false;
    fail(x.id, timeout());
    return true;
  });
  start_queued(now);
}

std::optional<time_point> outgoing_requests::next_deadline() const {
  auto result = fetches_.next_deadline();
  auto consider = [&](time_point x) {
    if (!result || x < *result)
      result = x;
  };
  for (const auto& x : pings_)
    consider(x.deadline);
  for (const auto& x : lanes_)
    if (x.current)
      consider(x.current->deadline);
  for (const auto& x : queue_)
    consider(x.deadline);
  return result;
}

std::size_t outgoing_requests::in_flight() const {
  auto running = pings_.size() + fetches_.size();
  for (const auto& lane : lanes_)
    running += lane.current ? 1 : 0;
  return running;
}

} // namespace peerage
