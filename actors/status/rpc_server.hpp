#pragma once

#include "actors/status/http.hpp"
#include "actors/status/rpc.hpp"

#include <memory>
#include <string>

namespace peerage {

/// JSON-RPC 1.0 and 2.0 over HTTP, single and batch, with the statuses and error codes of
/// Bitcoin Core's server (httprpc.cpp, rpc/request.cpp).
class rpc_server {
public:
  explicit rpc_server(std::shared_ptr<const rpc_methods> methods)
      : methods_(std::move(methods)) {}

  /// Answers the body of one POST. Calls of a batch run one after the other.
  void serve(const std::string& body, const status_actor& status,
             const reply_slot_ptr& slot) const;

  /// Deeper JSON is not read: nothing of ours is.
  static constexpr int max_depth = 32;
  /// Calls of one batch.
  static constexpr std::size_t max_batch = 1'000;

private:
  std::shared_ptr<const rpc_methods> methods_;
};

/// Reads one JSON document strictly: UTF-8, no repeated keys, not too deep. False, and a
/// text for people, if it is none. Eats whatever comes (there is a fuzz target).
bool parse_rpc_json(const std::string& text, rpc_json& out, std::string& error);

} // namespace peerage
