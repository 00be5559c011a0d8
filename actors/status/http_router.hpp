#pragma once

#include "actors/status/http.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// Finds the handler of a request by method and path. Plain: no sockets, no actors.
class http_router {
public:
  /// What a handler gets: the request, and what stood for the pattern's `:names`, in
  /// order.
  using handler = std::function<void(const http_request& what,
                                     const std::vector<std::string>& parameters,
                                     const reply_slot_ptr& slot)>;

  /// `pattern` is like "/peers/:id". A GET handler also answers HEAD.
  void add(http::verb method, std::string_view pattern, handler handle);

  /// Calls the handler, or answers 400, 404 or 405.
  void route(const http_request& what, const reply_slot_ptr& slot) const;

private:
  struct entry {
    http::verb method;
    std::vector<std::string> pattern;
    handler handle;
  };

  std::vector<entry> entries_;
};

} // namespace peerage
