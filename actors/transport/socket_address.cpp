// SPDX-License-Identifier: MIT
#include "actors/transport/socket_address.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace peerage {

std::optional<endpoint> endpoint_of(const sockaddr* x) {
  if (x != nullptr && x->sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, x, sizeof ipv4);
    std::array<std::uint8_t, 4> ip;
    std::memcpy(ip.data(), &ipv4.sin_addr, ip.size());
    return ipv4_endpoint(ip[0], ip[1], ip[2], ip[3], ntohs(ipv4.sin_port));
  }
  if (x != nullptr && x->sa_family == AF_INET6) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, x, sizeof ipv6);
    endpoint result{{}, ntohs(ipv6.sin6_port)};
    std::memcpy(result.ip.data(), &ipv6.sin6_addr, result.ip.size());
    if (result.is_link_local())
      result.zone = ipv6.sin6_scope_id;
    return result;
  }
  return std::nullopt;
}

namespace {

/// A socket's option; -1 if it is no socket.
int option_of(int descriptor, int name) {
  int result = 0;
  socklen_t size = sizeof result;
  return ::getsockopt(descriptor, SOL_SOCKET, name, &result, &size) == 0 ? result : -1;
}

} // namespace

std::optional<listening_place> listening_place_of(int descriptor, std::string& error) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    error = std::strerror(errno);
    return std::nullopt;
  }
  if (option_of(descriptor, SO_TYPE) != SOCK_STREAM ||
      option_of(descriptor, SO_ACCEPTCONN) != 1) {
    error = "is no stream socket that listens";
    return std::nullopt;
  }
  if (auto ip = endpoint_of(reinterpret_cast<const sockaddr*>(&address)))
    return *ip;
  if (address.ss_family != AF_UNIX) {
    error = "is neither of IP nor a Unix socket";
    return std::nullopt;
  }
  sockaddr_un named{};
  std::memcpy(&named, &address, sizeof named);
  // A path ends at its first zero; a name without a path begins with one.
  return std::string(named.sun_path, ::strnlen(named.sun_path, sizeof named.sun_path));
}

} // namespace peerage
