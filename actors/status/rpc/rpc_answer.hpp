// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/rpc/rpc.hpp"
#include "actors/storage/state_saver.hpp"
#include "messages/endpoint.hpp"
#include "messages/host_name.hpp"

#include <caf/sec.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Shared by the files of methods.
namespace peerage {

/// The error of an owner that did not answer.
inline rpc_error rpc_error_of(const caf::error& failure) {
  if (failure == caf::sec::request_timeout)
    return {rpc_code::internal, "the node did not answer in time", {}};
  if (auto text = text_of(failure); !text.empty())
    return {rpc_code::misc, "Error: " + text, {}};
  return {rpc_code::shutting_down, "the node is stopping", {}};
}

/// Asks an owner; `render` makes the result from its answer, on the HTTP thread.
template <class Answer, class Handle, class Question, class Render>
void answer_call(status_pointer self, const Handle& whom, Question what,
                 const rpc_done& done, Render render) {
  ask<Answer>(self, whom, std::move(what), [done, render](caf::expected<Answer> found) {
    if (!found)
      return done(rpc_error_of(found.error()));
    done(rpc_maker{[render, found = std::move(*found)] { return render(found); }});
  });
}

/// Entries of a long list that are rendered at a time: less than a millisecond.
inline constexpr std::size_t rpc_entries_per_piece = 32;

/// A JSON array of these, a few at a time.
/// @param render From an entry to its `rpc_json`.
template <class Entry, class Render>
rpc_stream rpc_list(std::vector<Entry> entries, Render render) {
  const auto bytes = entries.size() * sizeof(Entry);
  auto next = [entries = std::make_shared<const std::vector<Entry>>(std::move(entries)),
               render, done = std::size_t{0}](std::string& to) mutable {
    const auto end = std::min(done + rpc_entries_per_piece, entries->size());
    to += done == 0 ? "[" : "";
    for (; done < end; ++done)
      to += (done == 0 ? "" : ",") + write_rpc_json(render((*entries)[done]));
    if (done < entries->size())
      return true;
    to += "]";
    return false;
  };
  return {std::move(next), bytes};
}

/// Asks an owner for a list.
template <class Answer, class Handle, class Question, class Render>
void answer_call_with_list(status_pointer self, const Handle& whom, Question what,
                           const rpc_done& done, Render render) {
  ask<Answer>(self, whom, std::move(what), [done, render](caf::expected<Answer> found) {
    if (!found)
      return done(rpc_error_of(found.error()));
    done(rpc_list(std::move(found->entries), render));
  });
}

/// The same for answers that may mean a mistake of the caller: `judge` may throw
/// `rpc_error`.
template <class Answer, class Handle, class Question, class Judge>
void decide_call(status_pointer self, const Handle& whom, Question what,
                 const rpc_done& done, Judge judge,
                 caf::timespan deadline = status_limits::source_deadline) {
  ask<Answer>(self, whom, deadline, std::move(what),
              [done, judge](caf::expected<Answer> found) {
                if (!found)
                  return done(rpc_error_of(found.error()));
                try {
                  done(rpc_json(judge(*found)));
                } catch (const rpc_error& why) {
                  done(why);
                }
              });
}

/// The same for lasting changes: the answer means that they are on the disk.
template <class Answer, class Handle, class Question, class Judge>
void change_call(status_pointer self, const Handle& whom, Question what,
                 const rpc_done& done, Judge judge) {
  decide_call<Answer>(self, whom, std::move(what), done, judge,
                      status_limits::disk_deadline);
}

/// Reads "ip[:port]", an address to dial; throws `rpc_error`. Names are none.
inline endpoint endpoint_argument(const std::string& text, std::uint16_t default_port) {
  endpoint result;
  if (parse_endpoint(text, default_port, result) && result.port != 0)
    return result;
  const auto zone = zone_problem(text);
  throw rpc_error{rpc_code::invalid_ip_or_subnet,
                  "Error: Invalid IP address: " + text + " (" +
                    (zone.empty() ? "IP, IP:PORT or HOST:PORT" : zone) + ")",
                  {}};
}

/// Reads "ip:port" or, for any port, "ip" or "[ip]"; false if it is none of them.
inline bool parse_address(const std::string& text, endpoint& out) {
  constexpr std::uint16_t some_port = 1;
  if (parse_endpoint(text, 0, out))
    return true;
  if (!parse_endpoint(text, some_port, out))
    return false;
  out.port = 0;
  return true;
}

} // namespace peerage
