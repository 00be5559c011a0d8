// SPDX-License-Identifier: MIT
#include "tests/bench/load/options.hpp"

#include "tests/bench/messages.hpp"
#include "tests/bench/program.hpp"

#include <map>
#include <type_traits>

namespace bench {

const char* const usage = R"(usage:
  load_client pings      ADDR:PORT [--connections 100] [--window 1] [--seconds 3]
  load_client handshakes ADDR:PORT [--in-flight 32] [--seconds 3] [--until pong|verack]
  load_client throughput ADDR:PORT [--connections 1] [--size 1000000] [--seconds 3]
  load_client idle       ADDR:PORT --pid PID [--connections 5000] [--in-flight 64]
  load_client hold       ADDR:PORT [--connections 5000] [--in-flight 64] [--window 10]
                         [--seconds 3]
)";

options parse_options(std::span<char*> arguments) {
  if (arguments.size() < 3)
    throw usage_problem("a subcommand and an address are needed");
  options result;
  result.subcommand = arguments[1];
  result.server = parse_address(arguments[2]);
  std::map<std::string, std::string> given;
  for (std::size_t i = 3; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size())
      throw usage_problem(std::string{arguments[i]} + ": a value is missing");
    given[arguments[i]] = arguments[i + 1];
  }

  const auto take = [&given](const std::string& name, auto& target, auto low, auto high) {
    using number = std::remove_reference_t<decltype(target)>;
    if (const auto found = given.extract(name))
      target = parse_number<number>(name, found.mapped(), static_cast<number>(low),
                                    static_cast<number>(high));
  };
  const auto take_duration = [&] {
    double value = result.duration.count();
    take("--seconds", value, 0.1, 3600);
    result.duration = seconds{value};
  };
  if (result.subcommand == "pings") {
    result.connections = 100;
    take("--connections", result.connections, 1, 50'000);
    take("--window", result.window, 1, 100'000);
    take_duration();
  } else if (result.subcommand == "handshakes") {
    result.in_flight = 32;
    take("--in-flight", result.in_flight, 1, 4096);
    take_duration();
    if (const auto found = given.extract("--until")) {
      if (found.mapped() != "pong" && found.mapped() != "verack")
        throw usage_problem("--until " + found.mapped() + ": expected pong or verack");
      result.until_pong = found.mapped() == "pong";
    }
  } else if (result.subcommand == "throughput") {
    result.connections = 1;
    take("--connections", result.connections, 1, 1000);
    take("--size", result.size, 400, payload_limit);
    take_duration();
  } else if (result.subcommand == "idle") {
    result.connections = 5000;
    result.in_flight = 64;
    take("--connections", result.connections, 1, 50'000);
    take("--in-flight", result.in_flight, 1, 4096);
    take("--pid", result.server_process, 1, 1L << 30);
    if (result.server_process == 0)
      throw usage_problem("idle: --pid PID is needed");
  } else if (result.subcommand == "hold") {
    result.connections = 5000;
    result.in_flight = 64;
    result.window = 10;
    take("--connections", result.connections, 1, 50'000);
    take("--in-flight", result.in_flight, 1, 4096);
    take("--window", result.window, 1, 100'000);
    take_duration();
  } else {
    throw usage_problem(result.subcommand + ": no such subcommand");
  }
  if (!given.empty())
    throw usage_problem(given.begin()->first + ": no such option of " +
                        result.subcommand);
  return result;
}

} // namespace bench
