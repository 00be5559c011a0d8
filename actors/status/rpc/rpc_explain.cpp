// SPDX-License-Identifier: MIT
#include "actors/base/gathering.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/admission.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "actors/status/rpc/rpc_connections.hpp"
#include "messages/known_address.hpp"

#include <optional>

/// `why` and `whynot`: the events of a peer or an address, and the obstacles to a
/// connection.
namespace peerage {

namespace {

/// What `why` has found out so far.
struct explanation {
  rpc_json subject;
  get_event_history whose;
  caf::expected<event_batch> history{event_batch{}};
  peer_snapshots peers;
  rpc_json peer;
  rpc_json address;
  rpc_json score;
};

rpc_json render(const explanation& x) {
  rpc_json result{{"subject", x.subject},
                  {"peer", x.peer},
                  {"address", x.address},
                  {"score", x.score},
                  {"history", rpc_json::array()}};
  for (const auto& happened : x.history->entries)
    result["history"].push_back(rpc_json(to_json(happened)));
  return result;
}

/// Finds the address of a peer named by its id; that of a peer that is gone is in its
/// history.
void find_peer(explanation& in) {
  auto& whose = in.whose;
  if (whose.peer != 0 && !in.history->entries.empty())
    whose.address = in.history->entries.back().address;
  for (const auto& x : in.peers.entries)
    if (whose.peer != 0 ? x.info.id == whose.peer : x.info.remote == whose.address) {
      in.peer = peerage::to_json(x);
      whose.address = x.info.remote;
    }
}

/// The second round: what is known of the address that the first has found.
void ask_about_address(status_pointer self, explanation&& so_far, const rpc_done& done) {
  auto all = std::make_shared<gathering<explanation>>(
    [done](explanation&& x) { done(render(x)); });
  all->found = std::move(so_far);
  const auto whose = all->found.whose.address;
  if (whose.port != 0)
    all->ask<known_address_list>(
      self, self->state.parts.book, status_limits::source_deadline,
      wait_for_address{whose, {}}, [](explanation& to, known_address_list& found) {
        if (!found.entries.empty())
          to.address = to_json(found.entries.front());
      });
  if (whose.ip != endpoint{}.ip) // not an unknown peer's
    all->ask<double>(self, self->state.parts.ban_manager, status_limits::source_deadline,
                     get_score{whose},
                     [](explanation& to, double score) { to.score = score; });
  all->close();
}

/// The first round.
void ask_about_subject(status_pointer self, explanation&& about, const rpc_done& done) {
  auto all = std::make_shared<gathering<explanation>>([self, done](explanation&& found) {
    if (!found.history)
      return done(rpc_error_of(found.history.error()));
    find_peer(found);
    ask_about_address(self, std::move(found), done);
  });
  all->found = std::move(about);
  all->expect();
  ask<event_batch>(self, self->state.parts.events, all->found.whose,
                   [all](caf::expected<event_batch> history) {
                     all->found.history = std::move(history);
                     all->one_less();
                   });
  all->ask<peer_snapshots>(
    self, self->state.parts.peers, status_limits::source_deadline, get_peer_snapshots{},
    [](explanation& to, peer_snapshots& x) { to.peers = std::move(x); });
  all->close();
}

get_event_history subject_of(const rpc_json& x) {
  if (x.is_number_unsigned() && x.get<peer_id>() > 0)
    return {x.get<peer_id>(), {}};
  std::string zone;
  if (x.is_string()) {
    const auto text = x.get<std::string>();
    zone = zone_problem(text);
    get_event_history result;
    if (parse_address(text, result.address))
      return result;
    if (subnet range; parse_subnet(text, range))
      return {0, range.first()};
  }
  throw rpc_error{rpc_code::invalid_parameter,
                  "the subject must be the id of a peer, \"ip:port\", \"ip\" or a range" +
                    (zone.empty() ? "" : ": " + zone),
                  {}};
}

void explain(status_pointer self, const explanation& about, const rpc_done& done) {
  with_zone(self, about.whose.address, [self, about, done](const endpoint& address) {
    auto complete = about;
    complete.whose.address = address;
    ask_about_subject(self, std::move(complete), done);
  });
}

void why(status_pointer self, const rpc_arguments& given, const rpc_done& done) {
  explanation about;
  about.subject = given.get("subject");
  if (!self->state.parts.events)
    throw rpc_error{rpc_code::misc, "this node keeps no events", {}};
  if (host_name name; about.subject.is_string() &&
                      parse_host_name(about.subject.get<std::string>(), 0, name))
    return with_address_of(self, name, done, [=](const endpoint& address) {
      auto found = about;
      found.whose.address = address;
      explain(self, found, done);
    });
  about.whose = subject_of(about.subject);
  explain(self, about, done);
}

rpc_json render_obstacles(const obstacles& x) {
  auto list = rpc_json::array();
  for (const auto& entry : x.entries) {
    rpc_json one{{"kind", entry.kind}, {"detail", entry.detail}};
    if (entry.until > 0)
      one["until"] = entry.until;
    list.push_back(std::move(one));
  }
  return {{"possible", x.entries.empty()}, {"obstacles", std::move(list)}};
}

rpc_json render_why_not(const std::string& address, const obstacles& dial,
                        const obstacles& accept) {
  return {{"address", address},
          {"dial", render_obstacles(dial)},
          {"accept", render_obstacles(accept)}};
}

/// The address that is dialed for it tells the rest.
void why_not_named(status_pointer self, const host_name& name, const rpc_done& done) {
  ask<name_obstacles>(
    self, self->state.parts.dialer, status_limits::lookup_deadline, explain_name{name},
    [self, name, done](caf::expected<name_obstacles> found) {
      if (!found)
        return done(rpc_error_of(found.error()));
      if (!found->remote)
        return done(render_why_not(to_string(name), found->dial, found->dial));
      answer_call<obstacles>(
        self, self->state.parts.listener, explain_accept{*found->remote}, done,
        [remote = *found->remote, dial = found->dial](const obstacles& accept) {
          return render_why_not(to_string(remote), dial, accept);
        });
    });
}

void why_not(status_pointer self, const rpc_arguments& given, const rpc_done& done) {
  const auto& parts = self->state.parts;
  const auto port = parts.context->network.port;
  if (host_name name; parse_host_name(given.text("address"), port, name))
    return why_not_named(self, name, done);
  const auto remote = endpoint_argument(given.text("address"), port);
  with_zone(self, remote, [self, done](const endpoint& named) {
    ask<obstacles>(self, self->state.parts.dialer, explain_dial{named},
                   [self, named, done](caf::expected<obstacles> dial) {
                     if (!dial)
                       return done(rpc_error_of(dial.error()));
                     answer_call<obstacles>(
                       self, self->state.parts.listener, explain_accept{named}, done,
                       [named, dial = *dial](const obstacles& accept) {
                         return render_why_not(to_string(named), dial, accept);
                       });
                   });
  });
}

} // namespace

void add_explain_methods(rpc_methods& to) {
  to.add({"why",
          {{"subject", rpc_type::text | rpc_type::number, true, rpc_reading::or_text}},
          "why id|\"ip:port\"|\"host:port\"|\"ip\"|\"range\"\nWhat happened to a peer, "
          "an address or a "
          "host, with times, reasons, deadlines and scores; also when it is gone.",
          why});
  to.add({"whynot",
          {{"address", rpc_type::text, true}},
          "whynot \"ip:port\"|\"host:port\"\nWhat would stop a dial of this address, or "
          "a connection from "
          "it, at this moment.",
          why_not});
}

} // namespace peerage
