// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http_router.hpp"
#include "actors/status/http/shared_document.hpp"
#include "actors/status/http/status_actor.hpp"

#include <caf/send.hpp>

#include <functional>
#include <memory>
#include <string_view>

/// Shared by the files of documents.
namespace peerage {

/// Asks an owner; `render` makes the reply from its answer, on the HTTP thread.
template <class Answer, class Handle, class Question, class Render>
void answer_with(status_pointer self, const reply_slot_ptr& slot, const Handle& whom,
                 Question what, Render render) {
  ask<Answer>(self, whom, std::move(what), [slot, render](caf::expected<Answer> found) {
    slot->answer([render, found = std::move(found)] {
      return found ? render(*found) : http_source_failed(found.error());
    });
  });
}

/// Runs in the STATUS actor and answers there, or passes the slot on.
using status_reader = std::function<void(status_pointer, const reply_slot_ptr&)>;

inline void read_status(const status_actor& status, const status_reader& read,
                        const reply_slot_ptr& slot) {
  caf::anon_send(status,
                 status_task{[read, slot](status_pointer self) { read(self, slot); }});
}

/// GET of a document that is the same for all concurrent requests.
class document_adder {
public:
  document_adder(http_router& routes, std::shared_ptr<http_executor> door,
                 const status_actor& status)
      : routes_(routes), door_(std::move(door)), status_(status) {}

  void add(std::string_view path, status_reader read, unsigned rest = 0,
           bool urgent = false) {
    auto document = std::make_shared<shared_document>(
      door_,
      [status = status_, read = std::move(read)](const reply_slot_ptr& slot) {
        read_status(status, read, slot);
      },
      rest);
    routes_.add({http::verb::get,
                 path,
                 [document](const http_request&, const std::vector<std::string>&,
                            const reply_slot_ptr& slot) { document->ask(slot); },
                 {},
                 urgent});
  }

private:
  http_router& routes_;
  std::shared_ptr<http_executor> door_;
  status_actor status_;
};

} // namespace peerage
