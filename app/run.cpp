// SPDX-License-Identifier: MIT
#include "app/run.hpp"

#include "actors/base/actor_system_config.hpp"
#include "actors/base/log.hpp"
#include "actors/chain/chain_service.hpp"
#include "actors/storage/state_saver.hpp"
#include "actors/transport/resolver.hpp"
#include "app/end_of_input.hpp"
#include "app/handed_sockets.hpp"
#include "app/line_writer.hpp"
#include "app/logging.hpp"
#include "app/node_resources.hpp"
#include "app/option_values.hpp"
#include "app/page.hpp"
#include "app/required_resources.hpp"
#include "app/service_manager.hpp"
#include "app/service_notifier.hpp"
#include "app/standard_streams.hpp"
#include "app/start_error.hpp"
#include "app/stop_watch.hpp"
#include "messages/version.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>

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

// -- the ends of a start ----------------------------------------------------------------

std::string not_enough(const std::exception& problem) {
  return in_one_line(std::string("the system has not enough for a start: ") +
                     problem.what());
}

/// The last line of a process that ends in error, behind those of the log.
void end_with(process_log* lines, std::string_view why, std::chrono::milliseconds limit) {
  service_manager::tell_status(why);
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
std::vector<endpoint> manual_peers_of(const run_options& options,
                                      const node_resources& parts) {
  auto result = options.connect;
  if (parts.swarm)
    result.insert(result.end(), parts.swarm->endpoints().begin(),
                  parts.swarm->endpoints().end());
  return result;
}

node_context_ptr make_context(const run_options& options, const node_resources& parts) {
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

std::vector<std::string> listening_on(const node_resources& parts) {
  std::vector<std::string> result;
  for (const auto& acceptor : parts.acceptors)
    result.push_back(to_string(acceptor->local()));
  return result;
}

void log_start(const run_options& options, const node_resources& parts,
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

std::string ready_line(const run_options& options, const node_resources& parts,
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
  service_manager::tell_reloading();
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
void run_actors(const run_options& options, node_resources& parts, stop_watch& watch,
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
  if (!watch.stop_requested()) {
    out.put(ready_line(options, parts, p2p));
    service_manager::tell_ready();
  }
  const auto notifier = system.spawn(service_notifier, manager, context,
                                     notify_pace(service_manager::watchdog_limit()));

  watch.wait([&] {
    read_log_options_again(options, lines);
    service_manager::tell_ready();
  });
  watch.limit_stop();
  caf::anon_send_exit(notifier, caf::exit_reason::user_shutdown);
  service_manager::tell_stopping();
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
int run_to_end(const run_options& options, const handed_sockets& handed,
               process_log& lines) {
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
    auto parts = open_node_resources(options, handed);
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
    service_manager::tell_status(failure);
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
    const auto handed = take_handed_sockets();
    require_resources(options);
    lines.emplace(options);
    auto status = run_to_end(options, handed, *lines);
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
