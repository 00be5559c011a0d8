// SPDX-License-Identifier: MIT
#include "app/required_resources.hpp"

#include "actors/admission/handshake_places.hpp"
#include "actors/base/log.hpp"
#include "app/node_resources.hpp"
#include "app/start_error.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace peerage {

namespace {

/// Takes all the file descriptors that the system grants; the first socket may need them.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Checks that there are the descriptors which a node needs before it has a single peer:
/// later, a missing one would show in the midst of a start, on any thread.
/// @throws start_error if there are not.
void require_descriptors(const run_options& options) {
  // The lock, three event loops, the spare descriptor, files being saved, the cookie, a
  // dial, a client of the status socket, the end of standard input.
  constexpr std::size_t own = 25;
  constexpr std::size_t swarm_loops = 5;
  constexpr std::size_t per_swarm_peer = 3; // it listens; both ends of its connection
  auto needed = own + places_to_listen(options).size() + options.status.size() +
                options.metrics.size();
  if (options.swarm > 0)
    needed += swarm_loops + per_swarm_peer * options.swarm;
  std::vector<int> taken;
  taken.reserve(needed);
  std::string problem;
  while (problem.empty() && taken.size() < needed) {
    auto next = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (next >= 0)
      taken.push_back(next);
    else
      problem = std::strerror(errno);
  }
  for (auto x : taken)
    ::close(x);
  if (!problem.empty())
    throw start_error("needs " + std::to_string(needed) +
                      " free file descriptors to start, there are " +
                      std::to_string(taken.size()) + " (see `ulimit -n`): " + problem);
}

/// The memory of a node before it has any peer, beside the stacks of its threads.
class reserved_memory {
public:
  /// @throws start_error if the system does not grant it.
  reserved_memory() {
    if (at_ == MAP_FAILED)
      throw start_error(
        "needs " + std::to_string(size >> 20) +
        " MiB of memory to start (see `ulimit -v`): " + std::strerror(errno));
  }
  reserved_memory(const reserved_memory&) = delete;
  reserved_memory& operator=(const reserved_memory&) = delete;
  ~reserved_memory() { ::munmap(at_, size); }

private:
  static constexpr std::size_t size = 64 << 20;
  void* at_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
};

/// Checks that the system grants the threads of a node before there is any actor: an
/// actor without its thread neither runs nor ends.
/// @throws start_error if it does not.
void require_threads() {
  // The log, the ready line, sockets, clock, signals, standard input, disk, resolver,
  // swarm.
  constexpr std::size_t others = 15;
  const auto needed =
    std::max<std::size_t>(std::thread::hardware_concurrency(), 2) + others;
  std::mutex gate;
  std::vector<std::thread> threads;
  std::string problem;
  {
    std::lock_guard closed{gate}; // all have to exist at the same time
    try {
      while (threads.size() < needed)
        threads.emplace_back([&gate] { std::lock_guard opened{gate}; });
    } catch (const std::system_error& error) {
      problem = error.what();
    }
  }
  for (auto& thread : threads)
    thread.join();
  if (!problem.empty())
    throw start_error("needs " + std::to_string(needed) + " threads to start, " +
                      std::to_string(threads.size()) +
                      " could be started (see `ulimit -u`, `ulimit -v`): " + problem);
}

/// Threads get stacks as large as the limit for our own: too small a limit would only
/// show under load.
/// @throws start_error if it is.
void require_stack() {
  constexpr rlim_t needed = 256 << 10;
  rlimit limit{};
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < needed)
    throw start_error("needs stacks of " + std::to_string(needed >> 10) +
                      " KiB, the limit is " + std::to_string(limit.rlim_cur >> 10) +
                      " KiB (see `ulimit -s`)");
}

/// Where address space is limited, all threads share one heap. Else each of them reserves
/// 64 MiB for its own, and later needs may fail.
void spare_address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    ::mallopt(M_ARENA_MAX, 1);
}

} // namespace

void require_resources(const run_options& options) {
  spare_address_space();
  raise_descriptor_limit();
  require_descriptors(options);
  require_stack();
  reserved_memory beside_stacks;
  require_threads();
}

void check_descriptor_limit(const run_options& options, std::size_t max_outbound) {
  rlimit limit{};
  // Dials, status clients, files, and handshakes beyond the limits.
  constexpr std::size_t others = 200 + handshake_places::reserve;
  // A swarm's node has a listening socket, and the other end of our connection.
  auto needed = max_outbound + options.max_inbound + others + 2 * options.swarm;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed)
    log::warn("the peer limits need about {} file descriptors, the limit is {}: "
              "raise `ulimit -n`, or lower --max-inbound and --max-outbound",
              needed, limit.rlim_cur);
}

} // namespace peerage
