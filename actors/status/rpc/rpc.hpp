// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"
#include "actors/status/http/status_actor.hpp"
#include "actors/status/rpc/rpc_json.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The methods of the JSON-RPC interface. Knows nothing of HTTP.
namespace peerage {

/// The codes of Bitcoin Core (rpc/protocol.h), then those of our own methods.
namespace rpc_code {
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal = -32603;
inline constexpr int parse = -32700;
inline constexpr int misc = -1;
inline constexpr int type = -3;
inline constexpr int invalid_parameter = -8;
inline constexpr int node_already_added = -23;
inline constexpr int node_not_added = -24;
inline constexpr int node_not_connected = -29;
inline constexpr int invalid_ip_or_subnet = -30;
inline constexpr int not_found = -101; ///< request: as request_error, in its order.
inline constexpr int timeout = -102;
inline constexpr int overloaded = -103;
inline constexpr int cancelled = -104;
inline constexpr int peer_gone = -105;
inline constexpr int no_ready_peer = -106;
inline constexpr int shutting_down = -107;
inline constexpr int too_many_waiting = -108;
inline constexpr int wait_timeout = -110; ///< waitfor: not true in time.
inline constexpr int dial_failed = -111;  ///< waitfor: the peer's dial has failed.
} // namespace rpc_code

/// The failure of a call. Handlers may throw it before they have asked an owner.
struct rpc_error {
  int code = rpc_code::misc;
  std::string message;
  rpc_json data; ///< null: left out.
};

/// A result that is made on the HTTP thread because rendering it takes long.
using rpc_maker = std::function<rpc_json()>;

/// A result that can be very long: its text is made piece by piece on the HTTP thread,
/// while the client takes it.
struct rpc_stream {
  /// Appends the next piece, some 64 KiB at most; false after the last.
  std::function<bool(std::string&)> next;
  std::size_t bytes = 0; ///< Memory kept until then, roughly.
};

using rpc_outcome = std::variant<rpc_json, rpc_error, rpc_maker, rpc_stream>;

/// Ends a call: call it once, from any thread; if it is destroyed uncalled, the call
/// fails.
class rpc_done {
public:
  rpc_done() = default;
  rpc_done(std::function<void(rpc_outcome)> end, cancellation_ptr client)
      : end_(std::move(end)), client_(std::move(client)) {}
  void operator()(rpc_outcome x) const { end_(std::move(x)); }
  /// Tells a waiting call whether its client is still there.
  const cancellation_ptr& client() const { return client_; }

private:
  std::function<void(rpc_outcome)> end_;
  cancellation_ptr client_;
};

/// The JSON types that a parameter may have, as bits.
namespace rpc_type {
inline constexpr unsigned text = 1;
inline constexpr unsigned number = 2;
inline constexpr unsigned boolean = 4;
inline constexpr unsigned list = 8;
inline constexpr unsigned object = 16;
} // namespace rpc_type

/// bitcoin-cli sends every parameter as text unless it knows the method: parameters of
/// our own methods may also be a text that holds their JSON.
enum class rpc_reading : std::uint8_t { as_it_is, or_text };

struct rpc_parameter {
  std::string name;
  unsigned types = rpc_type::text; ///< Bits of `rpc_type`; null is "not given".
  bool required = false;
  rpc_reading reading = rpc_reading::as_it_is;
};

struct rpc_method;

/// The parameters of one call, checked as Bitcoin Core checks them before a method runs:
/// positional, named, or named with the first ones positional in "args". Throws
/// `rpc_error` with Core's codes: `misc` and the help for too few or too many, `type` for
/// a wrong JSON type, `invalid_parameter` for an unknown name.
class rpc_arguments {
public:
  /// @param method Must outlive this object.
  /// @param values An array, an object, or null.
  rpc_arguments(const rpc_method& method, rpc_json values);

  bool has(std::string_view name) const; ///< Given, and not null.
  /// JSON null if it was not given.
  const rpc_json& get(std::string_view name) const;
  std::string text(std::string_view name) const;
  std::string text_or(std::string_view name, std::string otherwise) const;
  /// Throws `misc` for a fraction, or a number outside [`least`, `most`].
  std::int64_t integer(std::string_view name, std::int64_t least = INT64_MIN,
                       std::int64_t most = INT64_MAX) const;
  std::int64_t integer_or(std::string_view name, std::int64_t otherwise,
                          std::int64_t least = INT64_MIN,
                          std::int64_t most = INT64_MAX) const;
  double number_or(std::string_view name, double otherwise) const;
  bool boolean(std::string_view name) const;
  bool boolean_or(std::string_view name, bool otherwise) const;

  /// All parameters as one object: the one in the first parameter, or the named ones.
  rpc_json as_object(std::string_view first) const;

  /// The error for a wrong call: how to call the method.
  rpc_error usage() const;

private:
  const rpc_method* method_;
  rpc_json values_ = rpc_json::object(); ///< By name; no nulls.
};

struct rpc_method {
  std::string name;
  std::vector<rpc_parameter> parameters; ///< In order.
  std::string help;                      ///< First line: the syntax; then a description.
  /// Runs in the STATUS actor.
  std::function<void(status_pointer, const rpc_arguments&, rpc_done)> run;
  bool hidden = false; ///< Not in the list of `help`.
  bool waits = false;  ///< May take minutes: the client then takes another place.
};

/// All methods, by name. Plain.
class rpc_methods {
public:
  void add(rpc_method x);
  const rpc_method* find(std::string_view name) const;
  const std::vector<rpc_method>& all() const { return methods_; }

private:
  std::vector<rpc_method> methods_;
};

// The methods of each file:
void add_network_methods(rpc_methods& to); ///< rpc_network.cpp: Core's on the network,
void add_peer_methods(rpc_methods& to);    ///< rpc_peers.cpp: on peers,
void add_dialing_methods(rpc_methods& to); ///< rpc_dialing.cpp: and on those to dial.
void add_address_methods(rpc_methods& to); ///< rpc_addresses.cpp: and about addresses.
void add_ban_methods(rpc_methods& to);     ///< rpc_bans.cpp: and about bans.
void add_chain_methods(rpc_methods& to);   ///< rpc_chain.cpp: and about the chain.
void add_node_methods(rpc_methods& to);    ///< rpc_node.cpp: uptime, help, stop …
void add_logging_method(rpc_methods& to);  ///< rpc_logging.cpp
void add_explain_methods(rpc_methods& to); ///< rpc_explain.cpp: why, whynot.
void add_waitfor_method(rpc_methods& to);  ///< rpc_waitfor.cpp
void add_request_method(rpc_methods& to);  ///< rpc_request.cpp

rpc_methods all_rpc_methods();

} // namespace peerage
