// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc_endpoint.hpp"

#include "actors/status/rpc/rpc_server.hpp"

#include <optional>
#include <utility>

namespace peerage {

namespace {

/// Empty if the request may go on.
std::optional<http_reply> check_writer(const http_request& what,
                                       const rpc_cookie* cookie) {
  // Browsers tell where a page comes from; no page of another site may act for its user.
  if (auto origin = what[http::field::origin]; !origin.empty()) {
    auto host = what[http::field::host];
    if (origin != "http://" + std::string(host))
      return http_error(http::status::forbidden, "pages from elsewhere cannot call");
  }
  if (!cookie)
    return http_error(http::status::forbidden,
                      "this node has no cookie, so calls are off");
  auto given = what[http::field::authorization];
  if (cookie->accepts({given.data(), given.size()}))
    return std::nullopt;
  http_reply result{http::status::unauthorized, {}};
  result.authenticate = "Basic realm=\"jsonrpc\"";
  return result;
}

} // namespace

void add_rpc_endpoint(http_router& routes, const status_actor& status,
                      std::shared_ptr<const rpc_methods> methods,
                      std::shared_ptr<const rpc_cookie> cookie) {
  http_router::route calls{
    http::verb::post, "/",
    [status, server = rpc_server{std::move(methods)}](
      const http_request& what, const std::vector<std::string>&,
      const reply_slot_ptr& slot) { server.serve(what.body(), status, slot); }};
  calls.check = [cookie = std::move(cookie)](const http_request& head) {
    return check_writer(head, cookie.get());
  };
  routes.add(std::move(calls));
}

} // namespace peerage
