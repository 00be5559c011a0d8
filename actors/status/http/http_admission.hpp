// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace peerage {

/// Decides which connections are served at one address of the status socket, and which
/// one has to go when a place is needed. A plain class: knows connections by number and
/// is told the time.
///
/// A connection whose request is not complete yet is only a guest: there are always
/// places for newcomers, because idle, slow and non-reading connections go first. Only a
/// complete request has its place for certain, and only if its client has waited for the
/// previous answer: a hasty client, which sends request upon request, goes when its place
/// is needed. Connections with the cookie have places of their own, under the same rule,
/// and those that wait for an event have yet others. Calls for a removed connection do
/// nothing.
class admission {
public:
  using connection_id = std::uint64_t;
  using clock = std::chrono::steady_clock;

  enum class stage : std::uint8_t {
    reading,   ///< Idle, or its request is still coming.
    answering, ///< The node works on the answer.
    waiting,   ///< The answer waits for an event: minutes, maybe.
    writing,   ///< The answer is sent as fast as the client reads.
    leaving,   ///< The last answer is out; further bytes are discarded.
  };

  struct limits {
    std::size_t readers; ///< `reading` and `leaving`, without the cookie.
    std::size_t served;  ///< `answering` and `writing`, without the cookie.
    std::size_t calls;   ///< The same with the cookie, and those that send a request.
    std::size_t waiting; ///< `waiting`.
    std::size_t urgent;  ///< Served beyond `served`, because they are urgent.
  };

  /// How long a client that asked for a document may take to read a part of it, before
  /// another client may have its place: long for a client that reads at all, as all are
  /// on this machine. For /health and calls with the cookie, a client that has not read
  /// everything yet goes at once.
  static constexpr std::chrono::milliseconds stalled{100};

  explicit admission(const limits& x) : limits_(x) {}

  struct verdict {
    bool admitted = false;
    std::optional<connection_id> leaves; ///< To be ended to make room.
  };

  /// A client has connected.
  verdict enter(connection_id who, clock::time_point now);

  /// The head of its request has come, and tells whether it has the cookie. With it, the
  /// time of the rest counts from here.
  verdict identify(connection_id who, bool has_cookie, clock::time_point now);

  /// Its request is complete.
  /// @param urgent Short, and worth a place of its own: /health.
  verdict serve(connection_id who, bool urgent, clock::time_point now);

  /// Its answer waits for an event; false if too many do.
  bool wait(connection_id who);

  /// Its answer, after `serve`, is being sent; to be repeated for each part that is out.
  void write(connection_id who, clock::time_point now);

  /// All parts are out, and the node is at work for the next one.
  void work(connection_id who, clock::time_point now);

  /// Its answer takes many turns: it counts as hasty from now on.
  void hurry(connection_id who);

  /// The answer is out: the next request may come.
  /// @param hasty The next request came before that.
  void rest(connection_id who, bool hasty, clock::time_point now);

  /// The answer is out, and was the last one.
  void leave(connection_id who, clock::time_point now);

  /// The connection is closed.
  void remove(connection_id who);

  /// Of the connections without the cookie that write, the one stalled the longest.
  std::optional<connection_id> slowest_reader(clock::time_point now) const;

  std::size_t count(stage at, bool has_cookie) const;

private:
  struct place {
    stage at = stage::reading;
    bool has_cookie = false;
    bool urgent = false;
    bool hasty = false;
    bool waits = false;      ///< Between parts of its answer, too.
    clock::time_point since; ///< Of the stage, or of its last progress.
  };

  place* find(connection_id who);
  void move(connection_id who, stage at, clock::time_point now);
  std::size_t readers() const;
  std::size_t served(bool urgent) const;
  std::size_t calls() const;
  template <class Suitable>
  std::optional<connection_id> oldest(Suitable suitable) const;
  std::optional<connection_id> first_reader(connection_id but) const;
  std::optional<connection_id> slowest(bool urgent, clock::time_point before) const;
  std::optional<connection_id> hastiest(bool urgent) const;
  std::optional<connection_id> slowest_call(connection_id but) const;

  limits limits_;
  std::map<connection_id, place> places_;
};

} // namespace peerage
