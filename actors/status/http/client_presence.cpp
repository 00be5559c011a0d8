// SPDX-License-Identifier: MIT
#include "actors/status/http/client_presence.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace peerage {

namespace {

/// The two ends of a TCP connection, in the form of sock_diag.
bool read_ends(int socket, inet_diag_sockid& client, unsigned char& family) {
  sockaddr_storage here{};
  sockaddr_storage there{};
  socklen_t here_size = sizeof here;
  socklen_t there_size = sizeof there;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &here_size) != 0 ||
      ::getpeername(socket, reinterpret_cast<sockaddr*>(&there), &there_size) != 0)
    return false;
  auto copy = [](const sockaddr_storage& from, __be16& port, __be32* ip) {
    if (from.ss_family == AF_INET) {
      sockaddr_in x{};
      std::memcpy(&x, &from, sizeof x);
      port = x.sin_port;
      std::memcpy(ip, &x.sin_addr, sizeof x.sin_addr);
      return true;
    }
    if (from.ss_family != AF_INET6)
      return false;
    sockaddr_in6 x{};
    std::memcpy(&x, &from, sizeof x);
    port = x.sin6_port;
    std::memcpy(ip, &x.sin6_addr, sizeof x.sin6_addr);
    return true;
  };
  // The client's socket is the one whose source is the remote end of ours.
  family = static_cast<unsigned char>(there.ss_family);
  client.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  client.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return copy(there, client.idiag_sport, client.idiag_src) &&
         copy(here, client.idiag_dport, client.idiag_dst);
}

/// Whether a process holds the client's socket. False as well if the kernel does not
/// tell.
bool is_held(int socket) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 what;
  } question{};
  if (!read_ends(socket, question.what.id, question.what.sdiag_family))
    return false;
  question.what.sdiag_protocol = IPPROTO_TCP;
  question.what.idiag_states = ~0u;
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  const int kernel = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (kernel < 0)
    return false;
  alignas(nlmsghdr) std::array<char, 1024> answer;
  ssize_t size = -1;
  if (::send(kernel, &question, sizeof question, 0) == sizeof question)
    size = ::recv(kernel, answer.data(), answer.size(), MSG_DONTWAIT);
  ::close(kernel);
  nlmsghdr header{};
  inet_diag_msg found{};
  if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof found)))
    return false;
  std::memcpy(&header, answer.data(), sizeof header);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return false;
  std::memcpy(&found, answer.data() + NLMSG_HDRLEN, sizeof found);
  return found.idiag_inode != 0; // an orphan's is 0
}

} // namespace

client_presence look_for_client(int socket) {
  pollfd state{socket, POLLRDHUP, 0};
  if (::poll(&state, 1, 0) < 0 || (state.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
    return client_presence::gone;
  if ((state.revents & POLLRDHUP) == 0)
    return client_presence::sends;
  int domain = 0;
  socklen_t size = sizeof domain;
  ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size);
  // The end of a whole Unix socket is a hangup, seen above.
  return domain == AF_UNIX || is_held(socket) ? client_presence::listens
                                              : client_presence::gone;
}

} // namespace peerage
