// SPDX-License-Identifier: MIT
#pragma once

namespace peerage {

/// What is known of the client at the other end of a connection on this machine.
enum class client_presence : unsigned char {
  sends,   ///< May still send: nothing was closed.
  listens, ///< Has closed its sending side only, and waits for its answer.
  gone,    ///< Has closed the socket, or was killed: no answer will be read.
};

/// Asks the kernel about the client of a connected stream socket, TCP or Unix; consumes
/// no data and does not wait. On the wire a closed TCP socket looks like one whose
/// sending side is shut down, but the kernel knows whether a process still has it
/// (sock_diag(7)). Where the kernel does not tell, a shut down sending side is `gone`.
client_presence look_for_client(int socket);

} // namespace peerage
