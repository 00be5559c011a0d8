#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace peerage {

/// Who may be served at one address of the status socket, and who has to go when a place
/// is needed. Plain: knows connections by number and is told the time.
///
/// A connection whose request is not complete yet is only a guest: there are always
/// places for newcomers, because whoever is idle, slow, or does not read goes first. Only
/// a complete request takes a place that nobody can take away, and only if its client has
/// waited for the answer before it: a hasty one, which sends request upon request, goes
/// when its place is needed. Those that know the cookie have places of their own, under
/// the same rule, and those that wait for something to happen have yet others. What is
/// said of a connection that has been removed is nothing.
class admission {
public:
  using connection_id = std::uint64_t;
  using clock = std::chrono::steady_clock;

  enum class stage : std::uint8_t {
    reading,   ///< Idle, or its request is still coming.
    answering, ///< The node is at work for it.
    waiting,   ///< The answer comes when something happens: minutes, maybe.
    writing,   ///< The answer goes out as fast as the client reads.
    leaving,   ///< All is said; what still comes is thrown away.
  };

  struct limits {
    std::size_t readers; ///< `reading` and `leaving`, without the cookie.
    std::size_t served;  ///< `answering` and `writing`, without the cookie.
    std::size_t calls;   ///< The same with the cookie, and those that send a request.
    std::size_t waiting; ///< `waiting`.
    std::size_t urgent;  ///< Served beyond `served`, because they are urgent.
  };

  /// How long a client that asked for a document may take to read a part of it, before
  /// somebody else may have its place: long for who reads at all, for all are on this
  /// machine. Where a place has to be found, for /health and calls with the cookie, who
  /// has not read everything yet goes at once.
  static constexpr std::chrono::milliseconds stalled{100};

  explicit admission(const limits& x) : limits_(x) {}

  struct verdict {
    bool admitted = false;
    std::optional<connection_id> leaves; ///< Has to be ended to make room.
  };

  /// Somebody has connected.
  verdict enter(connection_id who, clock::time_point now);

  /// The head of its request has come: whether it has the cookie is known. With it, the
  /// time counts from here that the rest takes.
  verdict identify(connection_id who, bool has_cookie, clock::time_point now);

  /// Its request is complete.
  /// @param urgent Short, and worth a place of its own: /health.
  verdict serve(connection_id who, bool urgent, clock::time_point now);

  /// It waits for something to happen; false if too many do.
  bool wait(connection_id who);

  /// From `serve` on: its answer goes out; also to be told of each part that is out.
  void write(connection_id who, clock::time_point now);

  /// All parts are out, and the node is at work for the next one.
  void work(connection_id who, clock::time_point now);

  /// Its answer takes many turns: it counts as hasty from now on.
  void hurry(connection_id who);

  /// The answer is out: the next request may come.
  /// @param hasty It was there before that.
  void rest(connection_id who, bool hasty, clock::time_point now);

  /// The answer is out, and was the last one.
  void leave(connection_id who, clock::time_point now);

  /// The connection is closed.
  void remove(connection_id who);

  /// Of those without the cookie that write, the one that has been stalled the longest.
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
