// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/status_address.hpp"
#include "actors/status/rpc/rpc_json.hpp"
#include "app/option_values.hpp"
#include "messages/wire/network.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace peerage {

/// The exit statuses of all commands that talk with a running node, besides 0 and those
/// of mistakes in arguments.
namespace node_exit {
inline constexpr int answered_with_error = 1; ///< Also: the output cannot be written.
inline constexpr int unreachable = 3;         ///< Nobody there, or no peerage node.
inline constexpr int refused = 4;             ///< No cookie, or a wrong one.
} // namespace node_exit

/// Time for a question that a node answers from what it knows.
inline constexpr std::chrono::seconds answer_limit{5};

/// Time for a call that changes something: its answer waits for the disk.
inline constexpr std::chrono::seconds change_limit{30};

/// A call that waits in the node is answered a little after its own deadline.
inline constexpr std::chrono::seconds waiting_margin{5};

/// The code of a `waitfor` that did not become true in time (rpc_code::wait_timeout).
inline constexpr int not_true_in_time = -110;

/// `waitfor`: the dial of the peer has failed, and none will follow in time.
inline constexpr int no_dial_left = -111;

/// Where a running node is, and where the proof is that we may steer it.
struct node_place {
  status_address at{ipv4_endpoint(127, 0, 0, 1, 8645), {}};
  /// A file, or "USER:PASSWORD". Empty: the cookie in the node's data directory.
  std::string cookie{};
  std::filesystem::path data_dir{}; ///< Empty: not known.
  /// Null: the node tells it.
  const wire::network_parameters* network = nullptr;
};

/// The answer to a call.
struct rpc_reply {
  std::string text; ///< As the node sent it.
  rpc_json result;
  bool failed = false; ///< Then there is no result, but these:
  int code = 0;
  std::string message;
  rpc_json data; ///< null: none.
};

/// Asks a node, and waits for its answers. Throws `early_exit`, with a status of
/// `node_exit` and a line for people, if there is none.
class node_client {
public:
  explicit node_client(node_place place) : place_(std::move(place)) {}

  const status_address& at() const { return place_.at; }

  /// The document of a GET.
  std::string get(const std::string& target) const;
  rpc_json get_json(const std::string& target) const;

  /// Calls a method. Its failure is an answer, too.
  /// @param parameters An array or an object.
  rpc_reply ask(const std::string& method, const rpc_json& parameters,
                std::chrono::milliseconds limit = change_limit);

  /// The result of a call; throws `early_exit` for its failure, too.
  rpc_json call(const std::string& method, const rpc_json& parameters,
                std::chrono::milliseconds limit = change_limit);

private:
  const std::string& authorization();
  std::filesystem::path cookie_path() const;

  node_place place_;
  std::string authorization_; ///< Empty before the first call.
  std::string cookie_from_;   ///< Where it was read, for texts.
};

/// The exit if nothing answers.
early_exit unreachable(const status_address& at, const std::string& why);

/// The exit if it is no node that answers.
early_exit not_a_node(const status_address& at);

/// The exit for a failed call.
early_exit exit_for(const std::string& method, const rpc_reply& failure);

} // namespace peerage
