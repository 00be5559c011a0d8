// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/cancel_request.hpp"
#include "actors/base/duration_histogram.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/status/http/http.hpp"
#include "actors/status/http/status_limits.hpp"
#include "messages/snapshots.hpp"

#include <caf/expected.hpp>
#include <caf/replies_to.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <type_traits>

namespace peerage {

/// The source of status: the part of the PEER_MANAGER that it uses.
using status_source_actor =
  caf::typed_actor<caf::replies_to<get_node_snapshot>::with<node_snapshot>,
                   caf::reacts_to<set_network_active>,
                   caf::replies_to<get_node_handles>::with<node_handles>>;

struct status_task;
class rpc_methods; // rpc.hpp

/// Stands between the HTTP thread and the actors: runs tasks, which ask owners and wait
/// for their answers. Ends when told to exit.
using status_actor = caf::typed_actor<caf::reacts_to<status_task>>;

struct status_state {
  status_state() = default;
  status_source_actor manager;
  node_handles parts; ///< Set before the first task runs.
  /// How long messages wait for the PEER_SET; see mailbox_probes.
  std::shared_ptr<duration_histogram> mailbox_lag =
    std::make_shared<duration_histogram>();
  bool is_probing = false;
  std::shared_ptr<const rpc_methods> methods; ///< For `help`.
  static inline const char* name = "status";
};

using status_pointer = status_actor::stateful_pointer<status_state>;

/// HTTP thread -> STATUS: run this. At most one per HTTP connection is under way, and one
/// more for each client that has gone meanwhile.
struct status_task {
  std::function<void(status_pointer)> run;
};

status_actor::behavior_type status(status_pointer self,
                                   const status_source_actor& manager,
                                   std::shared_ptr<const rpc_methods> methods);

/// Takes an owner's answer, or the error.
template <class Answer>
using answer_handler = std::function<void(caf::expected<Answer>)>;

/// Asks an owner, and calls `done`: within `timeout`, and exactly once unless STATUS ends
/// first.
template <class Answer, class Handle, class Question>
void ask(status_pointer self, const Handle& whom, caf::timespan timeout, Question what,
         answer_handler<Answer> done) {
  self->request(whom, timeout, std::move(what))
    .then([done](Answer& found) { done(std::move(found)); },
          [done](caf::error& failure) { done(std::move(failure)); });
}

/// The same with the deadline of owners that answer from memory.
template <class Answer, class Handle, class Question>
void ask(status_pointer self, const Handle& whom, Question what,
         answer_handler<Answer> done) {
  ask<Answer>(self, whom, status_limits::source_deadline, std::move(what),
              std::move(done));
}

/// Asks an owner that answers after an event, in minutes maybe, and cancels that when
/// `client` is gone. There is no time limit here: the owner has one, and after a pause of
/// the whole process ours could be over first.
template <class Answer, class Handle, class Question, class Done>
void ask_and_wait(status_pointer self, const Handle& whom, Question what,
                  const cancellation_ptr& client, Done done) {
  auto response = self->request(whom, caf::infinite, std::move(what));
  client->on_cancel([status = self->address(), whom = whom.address(),
                     id = response.id().integer_value()] {
    if (auto to = caf::actor_cast<status_actor>(status))
      caf::anon_send(to, status_task{[whom, id](status_pointer me) {
                       if (auto owner = caf::actor_cast<cancellable_actor>(whom))
                         me->send(owner, cancel_request{id});
                     }});
  });
  auto failed = [done, client](caf::error& why) {
    client->on_cancel({});
    done(caf::expected<Answer>{std::move(why)});
  };
  if constexpr (std::is_void_v<Answer>)
    response.then(
      [done, client] {
        client->on_cancel({});
        done(caf::expected<void>{});
      },
      failed);
  else
    response.then(
      [done, client](Answer& found) {
        client->on_cancel({});
        done(caf::expected<Answer>{std::move(found)});
      },
      failed);
}

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::status_task)
