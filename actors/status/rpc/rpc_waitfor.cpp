// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "messages/known_address.hpp"

#include <chrono>
#include <optional>

/// `waitfor`: answered by the owner of the state in question, when the condition becomes
/// true.
namespace peerage {

namespace {

constexpr double default_wait = 30;   // seconds
constexpr double longest_wait = 3600; // seconds

/// One call of `waitfor`.
struct waiting {
  rpc_json condition;
  caf::timespan timeout{};
  time_point began;
  rpc_done done;

  double waited(status_pointer self) const {
    return std::chrono::duration<double>(self->clock().now() - began).count();
  }
  void met(status_pointer self, rpc_json found) const {
    done(rpc_json{
      {"condition", condition}, {"waited", waited(self)}, {"found", std::move(found)}});
  }
  void late(status_pointer self, rpc_json progress) const {
    done(rpc_error{rpc_code::wait_timeout, "it did not become true in time",
                   rpc_json{{"condition", condition},
                            {"waited", waited(self)},
                            {"progress", std::move(progress)}}});
  }
  void hopeless(status_pointer self, peer_exit reason) const {
    done(rpc_error{rpc_code::dial_failed,
                   "the dial has failed: " + std::string(to_string(reason)),
                   rpc_json{{"condition", condition},
                            {"waited", waited(self)},
                            {"reason", to_string(reason)}}});
  }
};
using waiting_ptr = std::shared_ptr<const waiting>;

rpc_error wrong_condition(std::string why) {
  return {rpc_code::invalid_parameter, "condition: " + std::move(why), {}};
}

rpc_error failure_of_wait(const caf::error& why) {
  if (why && why.category() == caf::atom("request")) {
    if (outcome_of(why) == request_error::overloaded)
      return {rpc_code::overloaded, "too many wait already", {}};
    if (outcome_of(why) == request_error::cancelled) // this is not read
      return {rpc_code::cancelled, "the client is gone", {}};
  }
  return rpc_error_of(why);
}

/// Refuses unknown keys: a misspelt one would wait for something else.
void check_keys(const rpc_json& x, std::initializer_list<std::string_view> known) {
  if (!x.is_object())
    throw wrong_condition("an object is needed");
  for (const auto& [key, value] : x.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw wrong_condition("unknown key " + key);
}

std::string text_in(const rpc_json& x, const char* key) {
  auto found = x.find(key);
  if (found == x.end() || found->is_null())
    return {};
  if (!found->is_string())
    throw wrong_condition(std::string(key) + " must be a string");
  return found->get<std::string>();
}

std::uint64_t number_in(const rpc_json& x, const char* key) {
  auto found = x.find(key);
  if (found == x.end() || found->is_null())
    return 0;
  if (!found->is_number_unsigned())
    throw wrong_condition(std::string(key) + " must be a whole number");
  return found->get<std::uint64_t>();
}

/// "ip:port" or "ip".
endpoint address_in(const rpc_json& x, const char* key) {
  const auto text = text_in(x, key);
  endpoint result;
  if (text.empty() || parse_address(text, result))
    return result;
  if (subnet host; parse_subnet(text, host) && host.prefix_length == 128)
    return host.first();
  const auto zone = zone_problem(text);
  throw wrong_condition(std::string(key) + " must be \"ip:port\" or \"ip\"" +
                        (zone.empty() ? "" : ": " + zone));
}

std::optional<peer_exit> exit_in(const rpc_json& x) {
  const auto text = text_in(x, "reason");
  if (text.empty())
    return std::nullopt;
  for (std::size_t i = 1; i <= peer_exit_count; ++i)
    if (to_string(static_cast<peer_exit>(i)) == text)
      return static_cast<peer_exit>(i);
  throw wrong_condition("there is no reason " + text);
}

rpc_json describe(const peer_info& x) {
  return {{"id", x.id},
          {"address", to_string(x.remote)},
          {"direction", to_string(x.direction)},
          {"user_agent", sanitised(x.user_agent)},
          {"protocol_version", x.remote_protocol},
          {"services", x.services},
          {"start_height", x.start_height}};
}

// -- the conditions --------------------------------------------------------------------

void wait_for_set(status_pointer self, const waiting_ptr& x, wait_for_peers what) {
  using condition = wait_for_peers::condition;
  what.timeout = x->timeout;
  ask_and_wait<peers_waited_for>(
    self, self->state.parts.peers, what, x->done.client(),
    [self, x, kind = what.what](caf::expected<peers_waited_for> found) {
      if (!found)
        return x->done(failure_of_wait(found.error()));
      rpc_json counts{{"ready", found->counts.ready}, {"total", found->counts.total}};
      if (kind == condition::ready_count)
        return found->met ? x->met(self, counts) : x->late(self, counts);
      if (found->hopeless)
        return x->hopeless(self, *found->dial_failure);
      if (!found->met) {
        if (found->dial_failure)
          counts["last_dial"] = to_string(*found->dial_failure);
        if (found->peer.id != 0) // a peer_gone whose peer is still here
          counts["peer"] = describe(found->peer);
        return x->late(self, counts);
      }
      auto peer = describe(found->peer);
      if (kind == condition::gone)
        peer["reason"] = to_string(found->reason);
      x->met(self, peer);
    });
}

peer_pattern pattern_in(const rpc_json& what) {
  peer_pattern result{number_in(what, "id"), address_in(what, "address"),
                      text_in(what, "user_agent")};
  if (result.id == 0 && result.address == endpoint{} && result.user_agent.empty())
    throw wrong_condition("an id, an address or a user_agent is needed");
  return result;
}

void wait_for_peer(status_pointer self, const waiting_ptr& x, const rpc_json& what) {
  check_keys(what, {"id", "address", "user_agent", "state"});
  const auto state = text_in(what, "state");
  if (!state.empty() && state != "ready" && state != "connected")
    throw wrong_condition("state must be ready or connected");
  wait_for_set(self, x,
               {state == "connected" ? wait_for_peers::condition::connected
                                     : wait_for_peers::condition::ready,
                0,
                pattern_in(what),
                {},
                {}});
}

void wait_for_end(status_pointer self, const waiting_ptr& x, const rpc_json& what) {
  check_keys(what, {"id", "address", "user_agent", "reason"});
  wait_for_set(self, x,
               {wait_for_peers::condition::gone, 0, pattern_in(what), exit_in(what), {}});
}

void wait_for_event(status_pointer self, const waiting_ptr& x, const rpc_json& what) {
  check_keys(what, {"type", "since", "peer", "address", "reason"});
  const auto type = parse_event_type(text_in(what, "type"));
  if (!type)
    throw wrong_condition("there is no event type " + text_in(what, "type"));
  if (!self->state.parts.events)
    throw rpc_error{rpc_code::misc, "this node keeps no events", {}};
  get_events wanted;
  wanted.from = number_in(what, "since");
  wanted.limit = 1;
  wanted.wait = x->timeout;
  wanted.filter = {bit_of(*type), number_in(what, "peer"), address_in(what, "address"),
                   text_in(what, "reason")};
  ask_and_wait<event_batch>(self, self->state.parts.events, wanted, x->done.client(),
                            [self, x](caf::expected<event_batch> found) {
                              if (!found)
                                x->done(failure_of_wait(found.error()));
                              else if (found->entries.empty())
                                x->late(self, {{"next", found->last}});
                              else
                                x->met(self, to_json(found->entries.front()));
                            });
}

void wait_for_known(status_pointer self, const waiting_ptr& x, const rpc_json& what) {
  if (!what.is_string())
    throw wrong_condition("address_known must be \"ip:port\"");
  const auto remote =
    endpoint_argument(what.get<std::string>(), self->state.parts.context->network.port);
  ask_and_wait<known_address_list>(self, self->state.parts.book,
                                   wait_for_address{remote, x->timeout}, x->done.client(),
                                   [self, x](caf::expected<known_address_list> found) {
                                     if (!found)
                                       x->done(failure_of_wait(found.error()));
                                     else if (found->entries.empty())
                                       x->late(self, {{"known", false}});
                                     else
                                       x->met(self, to_json(found->entries.front()));
                                   });
}

void wait_for_banned(status_pointer self, const waiting_ptr& x, const rpc_json& what) {
  subnet range;
  if (!what.is_string() || !parse_subnet(what.get<std::string>(), range)) {
    const auto zone = what.is_string() ? zone_problem(what.get<std::string>()) : "";
    throw wrong_condition("banned must be an IP address or a range" +
                          (zone.empty() ? "" : ": " + zone));
  }
  ask_and_wait<bans>(self, self->state.parts.ban_manager, wait_for_ban{range, x->timeout},
                     x->done.client(), [self, x](caf::expected<bans> found) {
                       if (!found)
                         x->done(failure_of_wait(found.error()));
                       else if (found->entries.empty())
                         x->late(self, {{"banned", false}});
                       else
                         x->met(self, to_json(found->entries.front()));
                     });
}

void wait_for(status_pointer self, const rpc_arguments& given, const rpc_done& done) {
  const auto& condition = given.get("condition");
  if (condition.size() != 1)
    throw wrong_condition("an object with exactly one key is needed");
  const auto seconds = given.number_or("timeout", default_wait);
  if (!(seconds >= 0 && seconds <= longest_wait)) // never true for NaN
    throw rpc_error{rpc_code::invalid_parameter, "timeout must be 0 to 3600 seconds", {}};
  auto timeout =
    std::chrono::duration_cast<caf::timespan>(std::chrono::duration<double>(seconds));
  auto x = std::make_shared<const waiting>(
    waiting{condition, timeout, self->clock().now(), done});
  const auto& key = condition.begin().key();
  const auto& value = condition.begin().value();
  if (key == "peers_ready") {
    if (!value.is_number_unsigned())
      throw wrong_condition("peers_ready must be a whole number");
    return wait_for_set(
      self, x,
      {wait_for_peers::condition::ready_count, value.get<std::uint64_t>(), {}, {}, {}});
  }
  if (key == "peer")
    return wait_for_peer(self, x, value);
  if (key == "peer_gone")
    return wait_for_end(self, x, value);
  if (key == "event")
    return wait_for_event(self, x, value);
  if (key == "address_known")
    return wait_for_known(self, x, value);
  if (key == "banned")
    return wait_for_banned(self, x, value);
  throw wrong_condition(
    "unknown key " + key +
    "; it is one of peers_ready, peer, peer_gone, event, address_known, banned");
}

} // namespace

void add_waitfor_method(rpc_methods& to) {
  to.add(
    {"waitfor",
     {{"condition", rpc_type::object, true, rpc_reading::or_text},
      {"timeout", rpc_type::number, false, rpc_reading::or_text}},
     "waitfor condition ( timeout )\nAnswers when the condition is true, at the "
     "latest after `timeout` seconds (default 30) with the error -110. One of:\n"
     "  {\"peers_ready\": N}\n"
     "  {\"peer\": {\"id\"|\"address\"|\"user_agent\": …, \"state\": "
     "\"ready\"|\"connected\"}}\n"
     "  {\"peer_gone\": {\"id\"|\"address\"|\"user_agent\": …, \"reason\": …}}\n"
     "  {\"event\": {\"type\": …, \"since\": SEQ, \"peer\": ID, \"address\": …, "
     "\"reason\": …}}\n"
     "  {\"address_known\": \"ip:port\"}\n"
     "  {\"banned\": \"ip\"|\"range\"}\n"
     "A wait for a peer at \"ip:port\" ends at once with the error -111 and the "
     "reason when its dial fails, or failed in the last 10 s, and no other is due "
     "before the timeout: so after addnode onetry. A peer that is dialed again (addnode "
     "add, --connect) is waited for.",
     wait_for,
     false,
     true});
}

} // namespace peerage
