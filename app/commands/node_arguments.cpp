// SPDX-License-Identifier: MIT
#include "app/commands/node_arguments.hpp"

#include "app/commands/command.hpp"
#include "app/configuration.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <optional>

namespace peerage {

const char* const node_exit_help = R"(
Exit 0: done. 1: the node answered with an error. 2: wrong usage. 3: no node can
be reached there. 4: it refused us: no cookie was found, or a wrong one.)";

node_arguments::node_arguments(CLI::App& command, needs what) : command_(&command) {
  constexpr auto group = "Which node";
  // Every command takes all of them, so that one set of options fits every command.
  const auto* cookie_group = what == needs::cookie ? group : "";
  auto add = [&](const char* name, std::string& to, const char* value, const char* help,
                 const char* shown_in) {
    command.add_option(name, to, help)->type_name(value)->take_last()->group(shown_in);
  };
  add("--status", status_, "ADDRESS",
      "The status address of the node, ADDR:PORT or unix:PATH\n(default "
      "127.0.0.1:8645)",
      group);
  add("--data-dir", data_dir_, "DIR",
      "Where it keeps its cookie, as for peerage run\n(default ~/.peerage)",
      cookie_group);
  add("--network", network_, "NAME", "Its network (default: it tells)", cookie_group);
  add("--cookie", cookie_, "FILE", "The cookie itself, or USER:PASSWORD", cookie_group);
  add("--config", config_path_, "FILE", "The TOML file of the node, for all of these",
      group);
}

node_place node_arguments::read() const {
  given_options given;
  auto take = [&](const char* name, const std::string& value) {
    if (command_->get_option_no_throw(std::string("--") + name) &&
        command_->count(std::string("--") + name) > 0)
      given[name] = {value_source::command_line, {}, name, 0, {{value}}};
  };
  take("status", status_);
  take("data-dir", data_dir_);
  take("network", network_);
  std::optional<std::string> path;
  if (command_->count("--config") > 0)
    path = config_path_;
  const auto found = read_sources(std::move(given), path, environ);
  if (!found.mistakes.empty())
    throw exit_for_mistakes(found.mistakes, full_name(*command_));

  node_place result;
  result.cookie = cookie_;
  result.network = found.options.network;
  result.data_dir =
    found.options.data_dir.empty() ? standard_data_dir() : found.options.data_dir;
  if (!found.options.status.empty())
    result.at = found.options.status.front();
  if (result.at.tcp && result.at.tcp->port == 0) {
    const auto& option = found.given.at("status");
    throw usage_mistake(value_text(option, option.values.front()) +
                          ": nothing can be at port 0; the ready line of the node has "
                          "its address",
                        full_name(*command_));
  }
  return result;
}

} // namespace peerage
