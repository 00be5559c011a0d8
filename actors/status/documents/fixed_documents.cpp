// SPDX-License-Identifier: MIT
#include "actors/status/documents/fixed_documents.hpp"

#include "actors/status/documents/schemas.hpp"

#include <string>

namespace peerage {

namespace {

http_reply page_reply(const page_file& x) {
  const auto type = x.path.ends_with(".css")  ? "text/css; charset=utf-8"
                    : x.path.ends_with(".js") ? "text/javascript; charset=utf-8"
                                              : "text/html; charset=utf-8";
  http_reply result{http::status::ok, std::string(x.text), type};
  result.content_security_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
  return result;
}

} // namespace

void add_fixed_documents(http_router& routes, const std::vector<page_file>& page) {
  routes.add(http::verb::get, "/schema/:name",
             [](const http_request&, const std::vector<std::string>& names,
                const reply_slot_ptr& slot) {
               slot->answer([name = names[0]] {
                 auto found = schema_of(name);
                 if (found.empty())
                   return http_error(http::status::not_found,
                                     "there is no schema named " + name);
                 return http_reply{http::status::ok, std::string(found),
                                   "application/schema+json"};
               });
             });
  for (const auto& file : page)
    routes.add(http::verb::get, file.path,
               [whole = page_reply(file)](const http_request&,
                                          const std::vector<std::string>&,
                                          const reply_slot_ptr& slot) {
                 slot->answer([whole] { return whole; });
               });
}

} // namespace peerage
