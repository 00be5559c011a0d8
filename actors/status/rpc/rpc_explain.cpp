// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/admission.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "messages/known_address.hpp"

#include <optional>

/// `why` and `whynot`: the events of a peer or an address, and the obstacles to a
/// connection.
namespace peerage {

namespace {

/// Gathers the answer of `why`, one owner after the other.
struct explanation {
  rpc_json subject;
  get_event_history whose;
  rpc_json peer;
  rpc_json address;
  rpc_json score;
  event_batch history;
  rpc_done done;

  void finish() {
    rpc_json result{{"subject", subject},
                    {"peer", peer},
                    {"address", address},
                    {"score", score},
                    {"history", rpc_json::array()}};
    for (const auto& x : history.entries)
      result["history"].push_back(rpc_json(to_json(x)));
    done(std::move(result));
  }
};
using explanation_ptr = std::shared_ptr<explanation>;

void add_address(status_pointer self, const explanation_ptr& to) {
  if (to->whose.address.port == 0)
    return to->finish();
  ask<known_address_list>(self, self->state.parts.book,
                          wait_for_address{to->whose.address, {}},
                          [to](caf::expected<known_address_list> found) {
                            if (found && !found->entries.empty())
                              to->address = to_json(found->entries.front());
                            to->finish();
                          });
}

void add_score(status_pointer self, const explanation_ptr& to) {
  if (to->whose.address.ip == endpoint{}.ip)
    return to->finish(); // an unknown peer
  ask<double>(self, self->state.parts.ban_manager, get_score{to->whose.address},
              [self, to](caf::expected<double> found) {
                if (found)
                  to->score = *found;
                add_address(self, to);
              });
}

/// Also finds the address of a peer named by its id; that of a peer that is gone is in
/// its history.
void add_peer(status_pointer self, const explanation_ptr& to) {
  ask<peer_snapshots>(self, self->state.parts.peers, get_peer_snapshots{},
                      [self, to](caf::expected<peer_snapshots> found) {
                        auto& whose = to->whose;
                        if (whose.peer != 0 && !to->history.entries.empty())
                          whose.address = to->history.entries.back().address;
                        if (found)
                          for (const auto& x : found->entries)
                            if (whose.peer != 0 ? x.info.id == whose.peer
                                                : x.info.remote == whose.address) {
                              to->peer = peerage::to_json(x);
                              whose.address = x.info.remote;
                            }
                        add_score(self, to);
                      });
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

void explain(status_pointer self, const explanation_ptr& to) {
  with_zone(self, to->whose.address, [self, to](const endpoint& address) {
    to->whose.address = address;
    ask<event_batch>(self, self->state.parts.events, to->whose,
                     [self, to](caf::expected<event_batch> found) {
                       if (!found)
                         return to->done(rpc_error_of(found.error()));
                       to->history = std::move(*found);
                       add_peer(self, to);
                     });
  });
}

void why(status_pointer self, const rpc_arguments& given, const rpc_done& done) {
  auto to = std::make_shared<explanation>();
  to->subject = given.get("subject");
  to->done = done;
  if (!self->state.parts.events)
    throw rpc_error{rpc_code::misc, "this node keeps no events", {}};
  if (host_name name;
      to->subject.is_string() && parse_host_name(to->subject.get<std::string>(), 0, name))
    return with_address_of(self, name, done, [self, to](const endpoint& address) {
      to->whose.address = address;
      explain(self, to);
    });
  to->whose = subject_of(to->subject);
  explain(self, to);
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
