// SPDX-License-Identifier: MIT
#include "app/status_arguments.hpp"

#include <CLI/CLI.hpp>

namespace peerage {

namespace {

constexpr double longest_interval = 3600;

constexpr auto footer = R"(
After a summary, a table with a row for each peer: outbound peers first, each
kind by its lowest ping.
  id                    what other commands call the peer
  dir, type             who dialed; full: found by the node, manual: added by a person
  net, state            ipv4 or ipv6; only a ready peer is asked for anything
  min ping, ping        the lowest round trip, and the last
  send, recv, txn, blk  since something was last sent, received; a transaction, a block
  age, received, sent   how long it is connected, and bytes since then
  proto, version        what it speaks: protocol version and user agent

On a terminal no line is wider than it is: the least important columns are left
out. In a pipe or a file everything is there.

Exit 1: the node cannot be reached. With --watch it is tried again instead, and
Ctrl-C ends that with exit 0.

Examples
  One look at a node that was started with --status 127.0.0.1:8645:
    peerage status
  Follow one with a Unix socket, twice a second:
    peerage status --status unix:/tmp/peerage.sock --watch --interval 0.5
)";

} // namespace

status_arguments::status_arguments(CLI::App& app) {
  auto defaults = status_command_options{};
  auto command =
    app.add_subcommand("status", "Show a running node, as a table for people");
  command->group("Commands");
  command->footer(footer);
  command
    ->add_option("--status", status_,
                 "The status address of the node, ADDR:PORT or unix:PATH\n(default "
                 "127.0.0.1:8645)")
    ->type_name("ADDRESS")
    ->take_last();
  command->add_flag("--watch", watch_, "Show it again and again, until Ctrl-C");
  auto interval = std::chrono::duration<double>(defaults.interval).count();
  command
    ->add_option(
      "--interval", interval_,
      "With --watch: the pause between two looks, fractions\nallowed (default " +
        number_text(interval) + ")")
    ->type_name("SECONDS")
    ->take_last();
  command_ = command;
}

bool status_arguments::given() const {
  return command_->parsed();
}

std::variant<status_command_options, early_exit> status_arguments::read() const {
  using namespace std::chrono;
  status_command_options result;
  result.watch = watch_;
  if (command_->count("--status") > 0) {
    std::string why;
    if (!parse_status_address(status_, result.at, why))
      return usage_mistake(named("status", status_) + ": " + why, "peerage status");
    if (result.at.tcp && result.at.tcp->port == 0)
      return usage_mistake(named("status", status_) + ": nothing can be at port 0",
                           "peerage status");
  }
  if (command_->count("--interval") > 0) {
    try {
      result.interval =
        duration_cast<milliseconds>(read_seconds(interval_, longest_interval));
    } catch (const option_error& error) {
      return usage_mistake(named("interval", interval_) + ": " + error.why,
                           "peerage status");
    }
    if (!watch_)
      return usage_mistake(named("interval", interval_) + ": only with --watch",
                           "peerage status");
  }
  return result;
}

} // namespace peerage
