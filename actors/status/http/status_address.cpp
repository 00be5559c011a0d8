// SPDX-License-Identifier: MIT
#include "actors/status/http/status_address.hpp"

#include <sys/un.h>

namespace peerage {

std::string url_of(const status_address& x) {
  return x.tcp ? "http://" + to_string(*x.tcp) : "unix:" + x.unix_path;
}

bool parse_status_address(std::string_view text, status_address& out,
                          std::string& error) {
  constexpr std::string_view unix_prefix = "unix:";
  status_address result;
  if (text.starts_with(unix_prefix)) {
    result.unix_path = text.substr(unix_prefix.size());
    if (result.unix_path.empty()) {
      error = "the path of the Unix socket is missing";
      return false;
    }
    if (result.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
      error = "the path of a Unix socket has at most " +
              std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes";
      return false;
    }
  } else {
    endpoint at;
    if (!parse_endpoint(text, 0, at)) {
      error = "neither ADDR:PORT, with an IP address, nor unix:PATH";
      return false;
    }
    if (!at.is_loopback()) {
      error = "not a loopback address; the status socket asks for no password, so it "
              "stays on this machine";
      return false;
    }
    result.tcp = at;
  }
  out = std::move(result);
  return true;
}

} // namespace peerage
