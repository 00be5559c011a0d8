// SPDX-License-Identifier: MIT
#include "app/run.hpp"

#include "actors/admission/handshake_places.hpp"
#include "actors/base/actor_system_config.hpp"
#include "actors/base/log.hpp"
#include "actors/chain/chain_service.hpp"
#include "actors/status/status_server.hpp"
#include "actors/storage/data_directory.hpp"
#include "actors/storage/state_saver.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "actors/transport/resolver.hpp"
#include "app/end_of_input.hpp"
#include "app/line_writer.hpp"
#include "app/logging.hpp"
#include "app/option_values.hpp"
#include "app/page.hpp"
#include "app/standard_streams.hpp"
#include "app/stop_watch.hpp"
#include "app/swarm.hpp"
#include "messages/version.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace peerage {

namespace {

constexpr int failed_status = 1;
constexpr int not_started_status = 2;

/// Time for the rest of the process beyond the managers' own deadline, within the 5 s
/// that an ordered stop may take.
constexpr std::chrono::milliseconds stop_margin{500};

/// Time for the last lines at the end, if their reader is slow.
constexpr std::chrono::milliseconds last_lines_limit{400};

/// The same when an end is overdue already.
constexpr std::chrono::milliseconds forced_end_limit{100};

/// Blocks of the demonstration's chain: enough for several getblocks, made in no time.
constexpr std::size_t swarm_chain_height = 1'200;

/// The node cannot start as asked to; what() names the option.
struct start_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// All resources that can be taken before any actor runs. Members are destroyed in
/// reverse order, the sockets last.
struct opened {
  std::unique_ptr<data_directory> data;
  std::shared_ptr<socket_provider> sockets;
  std::vector<acceptor_ptr> acceptors;
  std::shared_ptr<status_server> status;
  std::shared_ptr<rpc_cookie> cookie;         ///< Null without a status socket.
  std::shared_ptr<const regtest_chain> chain; ///< Null without a swarm.
  std::unique_ptr<peerage::swarm> swarm;
};

} // namespace

std::vector<endpoint> places_to_listen(const run_options& options) {
  if (options.listen)
    return *options.listen;
  if (connects_only(options))
    return {}; // as in other nodes: with --connect, strangers are not wanted
  auto port = options.network->port;
  if (options.network->id == wire::network::regtest)
    return {ipv4_endpoint(127, 0, 0, 1, port)};
  endpoint any_ipv6; // ::
  any_ipv6.port = port;
  return {ipv4_endpoint(0, 0, 0, 0, port), any_ipv6};
}

bool has_ipv6() {
  const int tried = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (tried < 0)
    return errno != EAFNOSUPPORT;
  ::close(tried);
  return true;
}

/// Whether an address is one of those of a family that this system may lack, and that
/// no option has named.
bool may_be_left_out(const run_options& options, const endpoint& at) {
  return !options.listen && !at.is_ipv4() && !has_ipv6();
}

/// @throws start_error for the first address that cannot be had.
std::shared_ptr<status_server> open_status(const run_options& options) {
  auto result = std::make_shared<status_server>();
  std::string error;
  for (const auto& at : options.status)
    if (!result->listen(at, {options.allowed_hosts, false}, error))
      throw start_error("--status: " + error);
  for (const auto& at : options.metrics)
    if (!result->listen_for_metrics(at, {options.allowed_hosts, true}, error))
      throw start_error("--metrics: " + error);
  return result;
}

std::size_t outbound_limit(const run_options& options) {
  return options.max_outbound.value_or(
    std::max(peer_manager_options{}.max_outbound,
             options.connect.size() + options.connect_names.size() + options.swarm +
               options.add_peers.size()));
}

namespace {

/// @throws start_error for the first resource that is missing.
opened open_all(const run_options& options) {
  opened result;
  std::string error;
  result.data = data_directory::open(options.data_dir, *options.network, error);
  if (!result.data)
    throw start_error("--data-dir " + options.data_dir.string() + ": " + error);
  result.sockets = make_asio_sockets(reach_of(options));
  for (const auto& at : places_to_listen(options)) {
    if (may_be_left_out(options, at))
      continue;
    auto acceptor = result.sockets->listen(at, options.network->magic, error);
    if (!acceptor)
      throw start_error("--listen " + to_string(at) + ": " + error);
    result.acceptors.push_back(std::move(acceptor));
  }
  result.status = open_status(options);
  if (!options.status.empty()) {
    result.cookie = rpc_cookie::create(result.data->path() / ".cookie", error);
    if (!result.cookie)
      throw start_error("--data-dir " + options.data_dir.string() + ": " + error);
  }
  if (options.swarm == 0)
    return result;
  result.chain = regtest_chain::generate(swarm_chain_height, options.seed.value_or(1));
  result.swarm = swarm::open(options.swarm, result.chain, options.seed, error);
  if (!result.swarm)
    throw start_error("--swarm " + std::to_string(options.swarm) + ": " + error);
  return result;
}

// -- the ends of a start ----------------------------------------------------------------

std::string not_enough(const std::exception& problem) {
  return in_one_line(std::string("the system has not enough for a start: ") +
                     problem.what());
}

/// The last line of a process that ends in error, behind those of the log.
void end_with(process_log* lines, std::string_view why, std::chrono::milliseconds limit) {
  if (lines)
    lines->drain(limit);
  say_at_last("peerage: " + std::string(why) + "\n", limit);
}

/// Whether an uncaught exception is a bug; before, it is a shortage.
std::atomic<bool> has_started{false};

/// For exceptions on a library's thread, or in a destructor.
[[noreturn]] void end_by_exception() {
  std::string why = "the system has not enough for a start";
  try {
    if (auto problem = std::current_exception())
      std::rethrow_exception(problem);
  } catch (const std::exception& problem) {
    why = has_started ? in_one_line(std::string("not caught: ") + problem.what())
                      : not_enough(problem);
  } catch (...) {
  }
  log::flush();
  end_with(nullptr, why, forced_end_limit);
  if (has_started)
    std::abort();
  std::_Exit(not_started_status);
}

/// The peers of options, which are always dialed and cannot be removed.
std::vector<endpoint> manual_peers_of(const run_options& options, const opened& parts) {
  auto result = options.connect;
  if (parts.swarm)
    result.insert(result.end(), parts.swarm->endpoints().begin(),
                  parts.swarm->endpoints().end());
  return result;
}

// -- what the system grants -------------------------------------------------------------

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

/// All of these checks, before anything is really taken.
/// @throws start_error for what is missing.
void require_resources(const run_options& options) {
  spare_address_space();
  raise_descriptor_limit();
  require_descriptors(options);
  require_stack();
  reserved_memory beside_stacks;
  require_threads();
}

/// Warns if there are too few descriptors for all the peers that the node may have.
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

node_context_ptr make_context(const run_options& options, const opened& parts) {
  auto result = std::make_shared<node_context>(*options.network, options.seed);
  result->timing = options.timing;
  result->sockets = parts.sockets;
  if (parts.chain) {
    result->identity.services = wire::node_network | wire::node_witness;
    result->identity.start_height = static_cast<std::int32_t>(parts.chain->height());
    result->identity.best_block = parts.chain->hash_at(parts.chain->height());
  }
  return result;
}

std::vector<std::string> listening_on(const opened& parts) {
  std::vector<std::string> result;
  for (const auto& acceptor : parts.acceptors)
    result.push_back(to_string(acceptor->local()));
  return result;
}

void log_start(const run_options& options, const opened& parts,
               const std::vector<std::string>& p2p) {
  constexpr auto info = log::always(log::level::info);
  log::write(info, "peerage {} on {}, data in {}",
             log::field("version", program_version()),
             log::field("network", options.network->name),
             log::field("data_dir", parts.data->path().string()));
  for (const auto& at : p2p)
    log::write(info, "accepting peers on {}", log::field("address", at));
  if (p2p.empty())
    log::write(info, "accepting no peers");
  for (const auto& at : parts.status->urls())
    log::write(info, "status at {}", log::field("url", at));
  for (const auto& at : parts.status->metrics_urls())
    log::write(info, "metrics at {}", log::field("url", at));
  if (parts.swarm)
    log::write(info,
               "swarm: {} peers in this process, from {} on, with a chain of {} blocks",
               parts.swarm->endpoints().size(),
               to_string(parts.swarm->endpoints().front()), parts.chain->height());
}

std::string ready_line(const run_options& options, const opened& parts,
                       const std::vector<std::string>& p2p) {
  nlohmann::ordered_json line{{"event", "ready"},
                              {"version", program_version()},
                              {"network", options.network->name},
                              {"p2p", p2p},
                              {"status", parts.status->urls()},
                              {"metrics", parts.status->metrics_urls()},
                              {"pid", getpid()}};
  return line.dump() + "\n";
}

/// After a SIGHUP.
void read_log_options_again(const run_options& options, process_log& lines) {
  lines.reopen();
  const auto now = options.read_again();
  if (const auto* wrong = std::get_if<early_exit>(&now))
    return log::warn("the log level stays: {}", wrong->text);
  const auto& level = std::get<run_options>(now).log_level;
  process_log::set_level(level);
  log::write(log::always(log::level::info), "hangup: the log level is {}",
             log::field("log_level", level));
}

/// Runs actors until it is time to stop, and ends them: those that deal with the outside
/// first, those that they share last. Everything in `parts` outlives them.
void run_actors(const run_options& options, opened& parts, stop_watch& watch,
                line_writer& out, process_log& lines) {
  actor_system_config config;
  caf::actor_system system{config};
  auto context = make_context(options, parts);
  context->service = system.spawn(chain_service, parts.chain);
  if (parts.swarm)
    parts.swarm->start(system, [&watch] { watch.note_end(); });

  peer_manager_options wanted;
  auto p2p = listening_on(parts);
  wanted.acceptors = std::move(parts.acceptors);
  wanted.manual = manual_peers_of(options, parts);
  wanted.names = options.connect_names;
  wanted.added = options.add_peers;
  wanted.networks = options.only_networks;
  wanted.shared = options.shared_addresses;
  wanted.max_outbound = outbound_limit(options);
  wanted.max_inbound = options.max_inbound;
  wanted.max_per_ip = options.max_per_ip;
  wanted.max_per_subnet = options.max_per_subnet;
  wanted.save_every = options.save_every;
  // With --connect, no other peers are wanted.
  wanted.discover = !connects_only(options);
  wanted.resolver = make_system_resolver();
  wanted.ask_dns_seeds = options.dns_seeds;
  wanted.directory = parts.data->path();
  wanted.keep_events = true;
  auto manager = start_peer_manager(system, context, std::move(wanted));
  caf::actor_cast<caf::abstract_actor*>(manager)->attach_functor(
    [&watch, &system](const caf::error& reason) {
      // An actor that was told to end ends after the signal.
      if (!watch.stop_requested())
        watch.fail("the peer manager ended by itself: " + system.render(reason));
      else if (reason == caf::sec::runtime_error)
        watch.fail("stopped, but not everything was saved: " + text_of(reason));
      watch.note_end();
    });
  parts.status->start(system, manager, {page_files(), parts.cookie});
  has_started = true;
  if (!watch.stop_requested())
    out.put(ready_line(options, parts, p2p));

  watch.wait([&] { read_log_options_again(options, lines); });
  watch.limit_stop();
  log::write(log::always(log::level::info), "stopping");
  caf::anon_send_exit(manager, caf::exit_reason::user_shutdown);
  watch.await_ends(1);
  if (parts.swarm) {
    parts.swarm->stop();
    watch.await_ends(1 + options.swarm);
  }
  parts.status->stop();
  parts.cookie.reset(); // no longer valid
  caf::anon_send_exit(context->service, caf::exit_reason::user_shutdown);
  context->service = nullptr;
}

/// @throws start_error if it cannot start.
int run_to_end(const run_options& options, process_log& lines) {
  stop_watch watch{stop_deadline + stop_margin, [&lines](std::string_view why) {
                     end_with(&lines, why, forced_end_limit);
                   }};
  line_writer out{STDOUT_FILENO, [](std::size_t) { return std::string(); }};
  std::optional<end_of_input> input;
  if (options.stop_at_eof)
    input.emplace(STDIN_FILENO, [] {
      log::write(log::always(log::level::info), "standard input has ended");
      ::kill(::getpid(), SIGTERM); // to the process: the watch takes it
    });
  {
    auto parts = open_all(options);
    for (const auto& warning : options.warnings)
      log::warn("{}", warning);
    check_descriptor_limit(options, outbound_limit(options));
    log_start(options, parts, listening_on(parts));
    if (watch.begin())
      run_actors(options, parts, watch, out, lines);
  }
  out.drain(last_lines_limit);
  auto failure = watch.failure();
  // A reader that has closed its end of the pipe does not want the line.
  if (const auto error = out.failure(); failure.empty() && error != 0 && error != EPIPE)
    failure = std::string("the ready line could not be written to standard output: ") +
              std::strerror(error);
  if (!failure.empty()) {
    log::critical("{}", failure);
    return failed_status;
  }
  log::write(log::always(log::level::info), "stopped");
  return 0;
}

} // namespace

int run_node(const run_options& options) {
  block_stop_signals();
  std::set_terminate(end_by_exception);
  std::optional<process_log> lines;
  try {
    require_resources(options);
    lines.emplace(options);
    auto status = run_to_end(options, *lines);
    lines->drain(last_lines_limit);
    return status;
  } catch (const log_file_error& error) {
    end_with(nullptr, in_one_line(error.what()), last_lines_limit);
  } catch (const start_error& error) {
    end_with(lines ? &*lines : nullptr, in_one_line(error.what()), last_lines_limit);
  } catch (const std::exception& error) { // of any library
    end_with(lines ? &*lines : nullptr, not_enough(error), last_lines_limit);
  }
  return not_started_status;
}

} // namespace peerage
