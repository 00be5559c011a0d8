// SPDX-License-Identifier: MIT
#include "actors/peer/protocol.hpp"
#include "tests/fuzz/request_ledger.hpp"

#include <deque>
#include <numeric>

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;
using namespace std::chrono_literals;

namespace {

const fuzz::wire_pool& pool() {
  static const fuzz::wire_pool result;
  return result;
}

peer_rules_ptr drawn_rules(fuzz_input& in) {
  auto result = std::make_shared<peer_rules>(pool().network, in.byte());
  if (in.coin())
    result->identity.services = wire::node_bloom | wire::node_compact_filters;
  result->wall.set_source([] { return std::chrono::seconds(1'700'000'000); });
  return result;
}

peer_info drawn_info(fuzz_input& in) {
  static constexpr std::int32_t protocols[] = {
    wire::limits::protocol_version, wire::limits::protocol_version,
    wire::limits::feature_version - 1, wire::limits::last_without_pong};
  peer_info result;
  result.id = 1;
  result.direction = in.coin() ? peer_direction::inbound : peer_direction::outbound;
  result.remote_protocol = result.protocol = in.pick(protocols);
  result.services = in.coin() * std::uint64_t{wire::node_bloom} |
                    in.coin() * std::uint64_t{wire::node_witness};
  result.addrv2 = in.coin();
  return result;
}

bool is_item(const wire::message& x) {
  return std::holds_alternative<wire::block>(x) || std::holds_alternative<wire::tx>(x);
}

/// One peer: its remote says anything, the node asks and answers anything, at any time.
/// What a CONNECTION does is done as it does it: it reads nothing while the inbound side
/// is full, and asks the service one question at a time.
class any_peer {
public:
  explicit any_peer(fuzz_input& in)
      : in_(in), rules_(drawn_rules(in)), info_(drawn_info(in)),
        peer_(rules_, info_, traffic_so_far{pool().network.magic}) {}

  void step() {
    switch (in_.below(16)) {
    case 0:
    case 1: add_request(); break;
    case 2: peer_.cancel_request(some_request(), now_); break;
    case 3: wait(); break;
    case 4: heartbeat(); break;
    case 5: ping(); break;
    case 6:
    case 7: answer(); break;
    default: receive();
    }
    check();
  }

  /// The remote falls silent, the service answers what it was asked, and time goes by.
  void finish() {
    for (int answers = 0; question_ || ask(); ++answers) {
      require(answers < 20'000, "a remote's questions have an end");
      answer();
      check();
    }
    require(pongs_due_.empty(), "every ping has had its pong");
    for (int looks = 0; peer_.next_deadline(); ++looks) {
      require(looks < 200, "the deadlines have an end");
      now_ = *peer_.next_deadline();
      tick();
      check();
    }
    require(open_.size() == 0, "every request has ended");
  }

private:
  // -- what the node does --------------------------------------------------------------

  void add_request() {
    auto what = fuzz::drawn_request(in_, pool());
    const auto id = open_.open(what, now_, rules_->timing.request_timeout);
    peer_.add_request(id, std::move(what), now_);
  }

  request_id some_request() {
    return open_.last() + 1 - std::min<request_id>(in_.below(24), open_.last());
  }

  void wait() {
    const auto next = peer_.next_deadline();
    now_ =
      next && in_.coin() ? *next : now_ + std::chrono::milliseconds(100 * in_.byte());
    tick();
  }

  void tick() {
    peer_.on_tick(now_);
    open_.close(peer_.take_completed());
    open_.check_deadlines(now_);
  }

  /// The heartbeat has one ping under way, or a few when it is late.
  void heartbeat() {
    if (heartbeats_.size() >= 3)
      return;
    const auto nonce = in_.number<std::uint16_t>() + std::uint64_t{1};
    peer_.send_heartbeat(nonce, now_);
    if (info_.protocol > wire::limits::last_without_pong)
      heartbeats_.push_back(nonce);
  }

  /// Its pong is reported like that of a heartbeat.
  void ping() {
    peer_.ping(now_);
    for (const auto& x : take_sent())
      heartbeats_.push_back(std::get<wire::ping>(x).nonce);
  }

  bool ask() {
    question_ = peer_.next_service_request();
    return question_.has_value();
  }

  void answer() {
    if (!question_ && !ask())
      return;
    const auto asked = std::exchange(question_, std::nullopt);
    require(!peer_.next_service_request(), "one question is asked at a time");
    const auto what = std::visit([&](const auto& x) { return drawn_answer(x); }, *asked);
    const bool is_headers = std::holds_alternative<serve_headers>(*asked);
    const bool is_body =
      std::holds_alternative<wire::block>(what) || std::holds_alternative<wire::tx>(what);
    peer_.on_service_answer(what, now_);
    const auto sent = take_sent();
    require(sent.count<wire::headers>() == (is_headers ? 1 : 0),
            "a question for headers has one answer");
    require(static_cast<std::size_t>(std::ranges::count_if(sent, is_item)) ==
              (is_body ? 1 : 0),
            "an item is sent once");
  }

  template <class Question>
  service_answer drawn_answer(const Question&) {
    using answer = typename Question::reply;
    const auto kind = in_.below(8);
    if (kind == 0)
      return caf::make_error(request_error::overloaded);
    if (kind == 1)
      return caf::make_error(caf::sec::request_timeout);
    if constexpr (std::is_void_v<answer>)
      return caf::unit;
    else if constexpr (std::is_same_v<answer, headers>)
      return headers{pool().some_headers(in_)};
    else if constexpr (std::is_same_v<answer, block_hashes>)
      return block_hashes{
        in_.rarely(16)
          ? std::vector<wire::hash256>(inbound_requests::full_list, pool().hash(in_))
          : pool().some_hashes(in_)};
    else if constexpr (std::is_same_v<answer, wire::block>)
      return in_.pick(pool().blocks);
    else if constexpr (std::is_same_v<answer, wire::tx>)
      return in_.pick(pool().transactions);
    else if constexpr (std::is_same_v<answer, transaction_ids>)
      return transaction_ids{
        std::vector<transaction_id>(in_.below(4), {pool().hash(in_), in_.coin()})};
    else
      return addresses{fuzz::wire_pool::addresses(in_)};
  }

  // -- what the remote does ------------------------------------------------------------

  void receive() {
    if (peer_.inbound_is_full())
      return; // a CONNECTION reads nothing more
    auto frame = drawn_frame();
    frame.intact = !in_.rarely(32);
    const bool has_ended = peer_.end().has_value();
    const bool wants_pong =
      !has_ended && frame.intact && frame.type == wire::command::ping &&
      frame.payload.size() >= 8 && info_.protocol > wire::limits::last_without_pong;
    if (wants_pong) {
      std::uint64_t nonce;
      std::memcpy(&nonce, frame.payload.data(), sizeof nonce);
      pongs_due_.push_back(nonce);
    }
    peer_.receive(frame, now_);
    messages_ += has_ended ? 0 : 1;
    if (has_ended || !frame.intact) {
      require(peer_.outbox().empty() && !peer_.has_completed(),
              "what does not count has no effect");
      ignored_ += has_ended ? 0 : 1;
      check_ignored();
    }
  }

  void check_ignored() {
    require(ignored_by(shown()) == ignored_, "but that it is counted");
  }

  wire::frame drawn_frame() {
    if (in_.rarely(4))
      return fuzz::frame_of(static_cast<wire::command>(in_.below(wire::command_count)),
                            in_.bytes(in_.below(100)));
    return fuzz::frame_of(drawn_message());
  }

  wire::message drawn_message() {
    constexpr std::uint32_t version = wire::limits::protocol_version;
    switch (in_.below(20)) {
    case 0:
    case 1: return wire::pong{some_nonce()};
    case 2: return wire::ping{in_.number<std::uint64_t>()};
    case 3: return wire::headers{pool().some_headers(in_)};
    case 4:
    case 5: return in_.pick(pool().blocks);
    case 6: return in_.pick(pool().transactions);
    case 7: return wire::addrv2{fuzz::wire_pool::addresses(in_)};
    case 8: return wire::addr{std::vector<wire::timed_address>(in_.below(4))};
    case 9: return wire::inv{pool().inventory(in_)};
    case 10: return wire::notfound{pool().inventory(in_)};
    case 11:
    case 12: return wire::getdata{pool().inventory(in_)};
    case 13: return wire::getheaders{version, pool().some_hashes(in_), pool().hash(in_)};
    case 14: return wire::getblocks{version, pool().some_hashes(in_), pool().hash(in_)};
    case 15: return wire::getaddr{};
    case 16: return wire::sendcmpct{in_.coin(), in_.below(4)};
    case 17: return wire::feefilter{in_.number<std::uint64_t>()};
    case 18: return in_.rarely(8) ? wire::message{wire::mempool{}} : wire::sendheaders{};
    default: break;
    }
    return in_.rarely(8) ? wire::message{wire::wtxidrelay{}} : wire::verack{};
  }

  std::uint64_t some_nonce() {
    if (nonces_.empty() || in_.rarely(8))
      return in_.byte(); // 0 is "without a nonce"
    return nonces_[in_.below(std::min<std::size_t>(nonces_.size(), 256))];
  }

  // -- what always holds ---------------------------------------------------------------

  peer_snapshot shown() const {
    peer_snapshot result;
    peer_.describe(result, now_);
    return result;
  }

  static std::uint64_t ignored_by(const peer_snapshot& x) {
    const auto& counts = x.traffic.ignored;
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  }

  fuzz::sent_messages take_sent() {
    fuzz::sent_messages sent{peer_.outbox(), pool().network.magic};
    for (const auto& x : sent) {
      const bool pings_are_old = info_.protocol <= wire::limits::last_without_pong;
      require(!std::holds_alternative<wire::opaque>(x) || pings_are_old,
              "only old peers have pings without a nonce");
      if (const auto* ping = std::get_if<wire::ping>(&x)) {
        require(!pings_are_old, "and no others");
        nonces_.push_back(ping->nonce);
      } else if (const auto* pong = std::get_if<wire::pong>(&x)) {
        require(!pongs_due_.empty() && pongs_due_.front() == pong->nonce,
                "a ping has one pong, in order");
        pongs_due_.pop_front();
      }
    }
    return sent;
  }

  void check() {
    open_.close(peer_.take_completed());
    const auto sent = take_sent();
    // Each request of ours that starts says two things; pongs and answers are few.
    require(sent.size() <=
              2 * (max_requests_queued + 1) + inbound_requests::max_items + 8,
            "a step says little");
    for (const auto nonce : peer_.take_heartbeat_pongs()) {
      const auto found = std::ranges::find(heartbeats_, nonce);
      require(found != heartbeats_.end(), "a heartbeat has one pong, in order");
      heartbeats_.erase(heartbeats_.begin(), found + 1);
    }
    const auto now = shown();
    require(now.requests_in_flight + now.requests_queued == open_.size(),
            "every request is on the wire, or waits");
    require(now.requests_in_flight <= max_keyed_in_flight + 4 &&
              now.requests_queued <= max_requests_queued,
            "few requests are on the wire, and few wait");
    require(now.inbound_backlog <= inbound_requests::max_items + 1,
            "few questions of the remote wait");
    require(peer_.next_deadline() == open_.next_deadline(),
            "the next deadline is that of a request");
    require(now.traffic.messages_received == messages_,
            "every message counts, until the peer ends");
    require(peer_.sound_messages() <= messages_, "sound messages are some of all");
    ignored_ = ignored_by(now);
    for (const auto& [cause, count] : peer_.take_misbehaviour()) {
      require(count > 0, "only what has happened is reported");
      told_ += count;
    }
    require(told_ <= ignored_ && !peer_.has_misbehaviour(), "and once");
  }

  fuzz_input& in_;
  peer_rules_ptr rules_;
  peer_info info_;
  protocol peer_;
  fuzz::request_ledger open_;
  std::optional<service_request> question_;
  std::deque<std::uint64_t> pongs_due_;
  std::vector<std::uint64_t> heartbeats_; ///< Unanswered.
  std::vector<std::uint64_t> nonces_;     ///< Of our pings.
  std::uint64_t messages_ = 0;            ///< Received before the end.
  std::uint64_t ignored_ = 0;             ///< At the last look.
  std::uint64_t told_ = 0;                ///< Of misbehaviour.
  time_point now_{1h};
};

} // namespace

/// First bytes: who both sides are; the rest: what happens.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_input in{data, size};
  any_peer world{in};
  for (int steps = 0; !in.empty() && steps < 128; ++steps)
    world.step();
  world.finish();
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  return fuzz::random_steps();
}
