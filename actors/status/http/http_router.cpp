// SPDX-License-Identifier: MIT
#include "actors/status/http/http_router.hpp"

#include <optional>

namespace peerage {

namespace {

/// "/peers/7/" is {"peers", "7", ""}: a trailing slash is another resource.
std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> result;
  while (!path.empty()) {
    path.remove_prefix(1); // the slash
    auto end = std::min(path.find('/'), path.size());
    result.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return result;
}

std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern,
                                              const std::vector<std::string>& path) {
  if (pattern.size() != path.size())
    return std::nullopt;
  std::vector<std::string> parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with(':'))
      parameters.push_back(path[i]);
    else if (pattern[i] != path[i])
      return std::nullopt;
  }
  return parameters;
}

} // namespace

void http_router::add(route x) {
  entries_.push_back(
    {x.method, segments(x.pattern), std::move(x.handle), std::move(x.check), x.urgent});
}

std::variant<http_router::found, http_reply>
http_router::find(const http_request& head) const {
  std::string_view target{head.target().data(), head.target().size()};
  target = target.substr(0, target.find('?'));
  if (!target.starts_with('/'))
    return http_error(http::status::bad_request, "the path must begin with a slash");
  auto path = segments(target);
  auto method = head.method() == http::verb::head ? http::verb::get : head.method();
  std::string allow;
  for (const auto& known : entries_) {
    auto parameters = match(known.pattern, path);
    if (!parameters)
      continue;
    if (known.method == method) {
      if (known.check)
        if (auto refusal = known.check(head))
          return *refusal;
      return found{known.handle, *parameters, known.urgent};
    }
    allow += (allow.empty() ? "" : ", ") + std::string(http::to_string(known.method));
    if (known.method == http::verb::get)
      allow += ", HEAD";
  }
  if (allow.empty())
    return http_error(http::status::not_found,
                      "there is nothing at " + std::string(target));
  auto result = http_error(http::status::method_not_allowed,
                           std::string(target) + " can only be asked with " + allow);
  result.allow = allow;
  return result;
}

} // namespace peerage
