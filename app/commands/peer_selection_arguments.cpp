// SPDX-License-Identifier: MIT
#include "app/commands/peer_selection_arguments.hpp"

#include "app/commands/command.hpp"
#include "app/nearest_name.hpp"
#include "app/option_values.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace peerage {

const char* const peer_table_help = R"(
  id                    what other commands call the peer
  dir, type             who dialed; full: found by the node, manual: added by a person
  net, state            ipv4 or ipv6; only a ready peer is asked for anything
  min ping, ping        the lowest round trip, and the last
  send, recv, txn, blk  since something was last sent, received; a transaction, a block
  age, received, sent   how long it is connected, and bytes since then
  proto, version        what it speaks: protocol version and user agent

On a terminal no line is wider than it is: the least important columns are left
out. In a pipe or a file everything is there.)";

peer_selection_arguments::peer_selection_arguments(CLI::App& command)
    : command_(&command) {
  constexpr auto group = "Which peers";
  command
    .add_option(
      "--sort", given_.sort,
      "By this column, like age or min-ping (default outbound\npeers first, each "
      "kind by its lowest ping)")
    ->type_name("COLUMN")
    ->take_last()
    ->group(group);
  command.add_flag("--reverse", given_.reverse, "In the opposite order")->group(group);
  command
    .add_option("--filter", given_.filter,
                "Only peers with this text in some column, or as\nCOLUMN=TEXT in that "
                "column, like dir=out")
    ->type_name("TEXT")
    ->take_last()
    ->group(group);
}

peer_selection peer_selection_arguments::read() const {
  if (command_->count("--sort") == 0)
    return given_;
  const auto names = peer_column_names();
  if (std::ranges::find(names, given_.sort) != names.end())
    return given_;
  std::string all;
  for (const auto& name : names)
    all += (all.empty() ? "" : ", ") + name;
  throw usage_mistake(named("sort", given_.sort) + ": no column has this name" +
                        did_you_mean(given_.sort, {names.begin(), names.end()}) +
                        "; there are " + all,
                      full_name(*command_));
}

} // namespace peerage
