// SPDX-License-Identifier: MIT
#include "actors/peer/handshake_protocol.hpp"
#include "tests/fuzz/wire_pool.hpp"

#include <numeric>

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;

namespace {

const wire::network_parameters& network = wire::parameters(wire::network::regtest);

/// A version, ours or theirs, as it may come in.
wire::version drawn_version(fuzz_input& in, const handshake_protocol& shake) {
  static constexpr std::int32_t protocols[] = {wire::limits::protocol_version,
                                               wire::limits::feature_version - 1,
                                               wire::limits::last_without_pong,
                                               wire::limits::lowest_version,
                                               wire::limits::lowest_version - 1,
                                               INT32_MAX,
                                               INT32_MIN,
                                               0};
  wire::version result;
  result.protocol = in.pick(protocols);
  result.services = in.number<std::uint16_t>();
  result.time = in.coin() ? in.number<std::int64_t>() : in.byte();
  result.nonce = in.rarely(8) ? shake.nonce() : in.number<std::uint64_t>();
  result.user_agent.assign(in.below(8), static_cast<char>(in.byte()));
  if (in.rarely(16))
    result.user_agent.resize(wire::limits::user_agent + in.below(2));
  result.start_height = in.number<std::int32_t>();
  result.relay = in.coin();
  return result;
}

wire::frame drawn_frame(fuzz_input& in, const handshake_protocol& shake) {
  using wire::command;
  static constexpr command likely[] = {
    command::version,    command::version, command::verack,    command::wtxidrelay,
    command::sendaddrv2, command::ping,    command::sendcmpct, command::sendheaders,
    command::sendaddrv2, command::unknown};
  auto type = in.pick(likely);
  wire::frame result;
  switch (in.below(4)) {
  case 0:
    type = static_cast<command>(in.below(wire::command_count));
    result = fuzz::frame_of(type, in.bytes(in.below(200)));
    break;
  case 1: result = fuzz::frame_of(type, in.bytes(in.below(16))); break;
  default:
    result = type == command::version ? fuzz::frame_of(drawn_version(in, shake))
             : type == command::sendcmpct
               ? fuzz::frame_of(wire::sendcmpct{in.coin(), in.below(4)})
               : fuzz::frame_of(type, {});
  }
  result.intact = !in.rarely(16);
  if (in.rarely(16))
    result.skipped = in.byte();
  return result;
}

/// The order in which one side may say things, and that it says each of them once.
class our_side {
public:
  explicit our_side(bool speaks_first) : may_speak_(speaks_first) {}

  void check(handshake_protocol& shake) {
    fuzz::sent_messages sent{shake.outbox(), network.magic};
    for (const auto& x : sent) {
      const auto type = wire::command_of(x);
      require(may_speak_ || heard_version_, "an accepting side says nothing first");
      require(!said_verack_, "verack is the last word");
      if (type == wire::command::version) {
        require(!std::exchange(said_version_, true), "version is said once");
        require(std::get<wire::version>(x).nonce == shake.nonce() && shake.nonce() != 0,
                "with our nonce");
        continue;
      }
      require(said_version_ && heard_version_, "all else follows both versions");
      if (type == wire::command::verack) {
        said_verack_ = true;
        continue;
      }
      require(type == wire::command::wtxidrelay || type == wire::command::sendaddrv2,
              "only features stand between version and verack");
      require(shake.info().protocol >= wire::limits::feature_version,
              "features are for those that know them");
    }
    require(!heard_version_ || said_verack_, "their version is answered at once");
  }

  void heard_version() { heard_version_ = true; }

private:
  bool may_speak_;
  bool heard_version_ = false;
  bool said_version_ = false;
  bool said_verack_ = false;
};

void check_info(const handshake_protocol& shake) {
  const auto& info = shake.info();
  require(info.protocol >= wire::limits::lowest_version &&
            info.protocol <= wire::limits::protocol_version &&
            info.protocol <= info.remote_protocol,
          "the lower version of both counts");
  require(info.user_agent.size() <= wire::limits::user_agent, "a user agent is short");
  require(!info.wtxidrelay || info.remote_protocol >= wire::limits::feature_version,
          "wtxidrelay is for those that know it");
}

std::uint64_t ignored_by(const handshake_protocol& shake) {
  peer_snapshot shown;
  shake.describe(shown);
  return std::accumulate(shown.traffic.ignored.begin(), shown.traffic.ignored.end(),
                         std::uint64_t{0});
}

} // namespace

/// First byte: the direction, and the seed of our nonce; the rest: what the remote says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_input in{data, size};
  auto rules = std::make_shared<peer_rules>(network, in.byte());
  rules->wall.set_source([] { return std::chrono::seconds(1'700'000'000); });
  peer_info info;
  info.direction = in.coin() ? peer_direction::outbound : peer_direction::inbound;
  const bool dials = info.direction == peer_direction::outbound;
  handshake_protocol shake{rules, info};
  our_side ours{dials};
  shake.start();
  ours.check(shake);
  require((shake.nonce() != 0) == dials, "a dialing side speaks first");
  std::uint64_t heard = 0, ignored = 0;
  bool met_version = false;
  for (int steps = 0; !in.empty() && steps < 64; ++steps) {
    const auto frame = drawn_frame(in, shake);
    const bool over = shake.done() || shake.failure();
    const bool done_before = shake.done();
    shake.receive(frame);
    heard += over ? 0 : 1;
    const auto ignored_before = std::exchange(ignored, ignored_by(shake));
    require(!(shake.done() && shake.failure()), "it ends in one way");
    if (over) {
      require(shake.outbox().empty() && done_before == shake.done(), "and stays so");
    } else if (!frame.checksum_ok()) {
      require(ignored == ignored_before + 1 && shake.outbox().empty(),
              "a damaged message is counted, and nothing else");
    }
    if (const auto why = shake.failure())
      require(*why == peer_exit::self_connection || *why == peer_exit::obsolete_version,
              "there are two ways to fail");
    if (!shake.failure() && shake.info().remote_protocol != 0) {
      if (!std::exchange(met_version, true))
        ours.heard_version();
      check_info(shake);
    }
    ours.check(shake);
    require(!shake.done() || met_version, "no end without a version");
    require(ignored <= heard, "each message is ignored once at most");
  }
  peer_snapshot shown;
  shake.describe(shown);
  require(shown.traffic.messages_received == heard, "every message counts");
  require(shake.has_received() == (heard > 0), "also the first one");
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  return fuzz::random_steps();
}
