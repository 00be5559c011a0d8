// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace peerage {

/// Finds the handler of a request by method and path. Plain: no sockets, no actors.
class http_router {
public:
  /// A handler gets the request, and the values of the pattern's `:names`, in order.
  using handler = std::function<void(const http_request& what,
                                     const std::vector<std::string>& parameters,
                                     const reply_slot_ptr& slot)>;

  /// Looks at the head of a request, before its body has come, and answers instead of the
  /// handler if the request is refused.
  using guard = std::function<std::optional<http_reply>(const http_request& head)>;

  struct route {
    http::verb method = http::verb::get;
    std::string_view pattern; ///< Like "/peers/:id". GET also answers HEAD.
    handler handle;
    guard check = {};
    bool urgent = false; ///< Has a place when all others are taken.
  };
  void add(route x);
  void add(http::verb method, std::string_view pattern, handler handle) {
    add({method, pattern, std::move(handle)});
  }

  /// The handler of a request.
  struct found {
    handler handle;
    std::vector<std::string> parameters;
    bool urgent = false;
  };
  /// The handler, if its guard lets the request pass; else the answer: 400, 404, 405, or
  /// the guard's reply.
  std::variant<found, http_reply> find(const http_request& head) const;

private:
  struct entry {
    http::verb method;
    std::vector<std::string> pattern;
    handler handle;
    guard check;
    bool urgent;
  };

  std::vector<entry> entries_;
};

} // namespace peerage
