// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/node_clock.hpp"
#include "tests/simulation/internet/link.hpp"
#include "tests/support/memory_acceptor.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peerage::test {

/// Names a machine. Counts up from 0, as they are added.
using host_id = std::uint32_t;

/// A machine and its way to the internet.
struct host_conditions {
  link_conditions access; ///< Half of the way: the latencies of both hosts add up.
  bool reachable = true;  ///< False: it can only dial, as behind a NAT.
  /// Connections, dials and acceptors that it can have at one time.
  std::size_t descriptors = 1'024;
};

/// Machines, and the connections between them. A network is of one magic. All that varies
/// is drawn from the seed.
class internet {
public:
  internet(virtual_time& time, std::uint64_t seed);
  ~internet();
  internet(const internet&) = delete;
  internet& operator=(const internet&) = delete;

  // -- hosts ---------------------------------------------------------------------------

  /// @param ip The port is not used. Addresses are unique.
  host_id add_host(const endpoint& ip, const host_conditions& conditions = {});
  endpoint address_of(host_id host) const;
  std::size_t hosts() const;

  /// The sockets of a process on this machine. They last until `crash` or the last
  /// holder.
  std::shared_ptr<socket_provider> sockets_of(host_id host, dial_reach reach,
                                              const node_clock& clock);

  /// The process of this machine is gone at once. Connections are reset or, with
  /// `silently`, as after a loss of power, neither answered nor ended.
  void crash(host_id host, bool silently);

  void set_descriptors(host_id host, std::size_t limit);
  void set_reachable(host_id host, bool reachable);

  // -- scripted remotes ----------------------------------------------------------------

  /// Makes an end for a connection; owned by the link, until that is over.
  using make_end = std::function<std::shared_ptr<memory_end>(const endpoint& from)>;

  /// Connections to this address are given to a script.
  void answer_at(host_id host, std::uint16_t port, make_end make);
  /// A script dials.
  void dial_from(host_id host, const endpoint& to, std::shared_ptr<memory_end> end);
  /// A script dials from a port of its own choice.
  void dial_from_port(host_id host, std::uint16_t port, const endpoint& to,
                      std::shared_ptr<memory_end> end);

  // -- faults --------------------------------------------------------------------------

  /// Nothing passes between hosts of different groups, which connections and dials see as
  /// silence. Hosts that are not named are in a group of their own together.
  void partition(const std::vector<std::vector<host_id>>& groups);
  void heal();
  /// Packets to this host vanish.
  void black_hole(host_id host, bool on);
  /// A share of the open connections, drawn: it is reset, goes silent in one or both
  /// directions for ever, or stalls for a while.
  enum class trouble : std::uint8_t { reset, silent, silent_one_way, stall };
  void trouble_some(trouble what, double share, caf::timespan stall_for = {});
  /// The same of one host's connections.
  void trouble_host(host_id host, trouble what, caf::timespan stall_for = {});
  void slow_down(host_id host, double bytes_per_second);

  // -- what is so ----------------------------------------------------------------------

  /// One side of a connection, as the network sees it.
  struct side_view {
    host_id host = 0;
    std::uint64_t process = 0; ///< Of the host; see process_of.
    endpoint at;               ///< Its address and port.
    bool is_node = false;      ///< And no script.
    bool open = false;         ///< It has not closed.
    bool used = false;         ///< It does not wait in an acceptor.
    std::size_t held = 0;      ///< Memory, in bytes: the most so far.
    memory_peaks reading;      ///< Of what the other side has sent.
    wire_tap::counts sent;
    time_point last_ping;
    std::optional<time_point> deaf_since; ///< Nothing has reached it since.
  };
  struct connection_view {
    time_point since;
    side_view dialing, answering;
    bool quiet = false;    ///< Nothing is under way.
    bool hopeless = false; ///< It is silent for ever, in one direction at least.
  };
  void visit_connections(const std::function<void(const connection_view&)>& visit) const;
  std::uint64_t process_of(host_id host) const;
  std::size_t links();

  /// Called for each dial of a node's, before it begins.
  using dial_listener = std::function<void(host_id from, const endpoint& to)>;
  void on_dial(dial_listener x) { dial_listener_ = std::move(x); }

  /// Descriptors in use: connections, dials, acceptors.
  std::size_t descriptors_of(host_id host) const;
  std::size_t connections_of(host_id host) const;
  std::size_t dials_of(host_id host) const;

  /// Counts since the start.
  struct totals {
    std::uint64_t dials = 0;
    std::uint64_t connections = 0;
    std::uint64_t refused = 0;
    std::uint64_t unanswered = 0; ///< The target was cut off, down, or behind a NAT.
    std::uint64_t resets = 0;
  };
  const totals& counted() const { return totals_; }

private:
  struct machine;
  struct dial;
  struct open_link;
  class host_sockets;

  machine* find(const endpoint& at);
  bool is_cut_off(host_id from, host_id to) const;
  link_conditions way(const machine& from, const machine& to) const;
  void start_dial(const std::shared_ptr<dial>& x);
  void arrive(const std::shared_ptr<dial>& x, std::size_t attempt);
  void connect(const std::shared_ptr<dial>& x, machine& target);
  void refuse(const std::shared_ptr<dial>& x, machine& target);
  void look_at_links();
  void apply(open_link& x, trouble what, caf::timespan stall_for);
  void retry_accepts(host_id id);

  virtual_time& time_;
  random_source draws_;
  std::vector<std::unique_ptr<machine>> hosts_;
  std::map<endpoint, host_id> by_address_; ///< With port 1.
  std::list<open_link> links_;
  std::vector<std::size_t> group_of_; ///< By host; empty: no partition.
  totals totals_;
  dial_listener dial_listener_;
};

} // namespace peerage::test
