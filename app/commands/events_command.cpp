// SPDX-License-Identifier: MIT
#include "app/commands/node_command.hpp"
#include "app/event_stream.hpp"
#include "app/event_text.hpp"
#include "app/human_text.hpp"
#include "app/nearest_name.hpp"
#include "app/terminal.hpp"
#include "messages/events.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <vector>

namespace peerage {

namespace {

/// As many as a node remembers.
constexpr std::size_t most_events = 10'000;

constexpr auto events_footer = R"(
A line for each event: its time (UTC), its type, the peer or address, and what
else is known. With --follow it goes on with what happens, until Ctrl-C (exit 0),
or until the node stops.
)";

constexpr auto events_examples = R"(

Examples
  The last 20, and everything from now on:
    peerage events --follow
  What went wrong with dials lately:
    peerage events --type dial_failed --last 100
  All that is remembered of one peer, for a program:
    peerage events --peer 7 --from 1 --json
)";

struct events_arguments : node_command_arguments {
  using node_command_arguments::node_command_arguments;
  std::vector<std::string> types;
  std::string peer;
  std::string address;
  std::string from;
  std::string last = "20";
  bool follow = false;
};

/// Which events are shown.
struct event_choice {
  std::vector<std::string> types; ///< Empty: all.
  std::uint64_t peer = 0;         ///< 0: any.
  std::string address;            ///< "ADDR:PORT" or "ADDR"; empty: any.
  std::uint64_t from = 1;
  std::size_t last = 0; ///< Of those that have happened; 0: all from `from` on.

  bool accepts(const rpc_json& x) const {
    if (x.value("type", "") == "gap")
      return true;
    if (!types.empty() && std::ranges::find(types, x.value("type", "")) == types.end())
      return false;
    if (peer != 0 && x.value("peer", std::uint64_t{0}) != peer)
      return false;
    const auto where = x.value("address", "");
    return address.empty() || where == address || where.starts_with(address + ":") ||
           where.starts_with("[" + address + "]:");
  }
};

template <class Number>
Number number_argument(const events_arguments& from, const char* option,
                       const std::string& text, Number low, Number high) {
  try {
    return read_number<Number>(text, low, high,
                               "a whole number from " + std::to_string(low) + " on");
  } catch (const option_error& error) {
    throw from.mistake(named(option, text) + ": " + error.why);
  }
}

std::vector<std::string> read_types(const events_arguments& from) {
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < event_type_count; ++i)
    known.push_back(to_string(static_cast<event_type>(i)));
  for (const auto& type : from.types)
    if (std::ranges::find(known, type) == known.end())
      throw from.mistake(named("type", type) + ": there is no such type of event" +
                         did_you_mean(type, known));
  return from.types;
}

event_choice read_choice(const events_arguments& from) {
  event_choice result;
  result.types = read_types(from);
  result.address = from.address;
  if (from.line->count("--peer") > 0)
    result.peer = number_argument<std::uint64_t>(from, "peer", from.peer, 1, UINT64_MAX);
  if (from.line->count("--from") > 0)
    result.from = number_argument<std::uint64_t>(from, "from", from.from, 1, UINT64_MAX);
  if (from.line->count("--from") == 0 || from.line->count("--last") > 0)
    result.last = number_argument<std::size_t>(from, "last", from.last, 1, most_events);
  return result;
}

/// Shows what has happened up to now, then each event as it comes.
class event_printer {
public:
  /// @param next The number of the first event that is still to come.
  event_printer(const events_arguments& from, event_choice choice, std::uint64_t next)
      : json_(from.json), follow_(from.follow), choice_(std::move(choice)), next_(next) {}

  /// Whether there is anything to read.
  bool wants_more() const { return follow_ || choice_.from < next_; }

  /// As an `event_taker`.
  bool take(std::string_view text, int urgent) {
    const auto x = rpc_json::parse(text, nullptr, false);
    if (!x.is_object())
      return true;
    const auto number = x.value("seq", x.value("to", std::uint64_t{0}));
    if (choice_.accepts(x))
      kept_.push_back(line_of(x, text));
    if (choice_.last > 0 && kept_.size() > choice_.last)
      kept_.pop_front();
    if (number + 1 < next_)
      return true; // only the last ones are shown
    return flush(urgent) && follow_;
  }

  /// Shows what has been kept. False if there is nobody, or nowhere, to write to.
  bool flush(int urgent) {
    std::string text;
    for (const auto& line : kept_)
      text += line + "\n";
    kept_.clear();
    if (text.empty())
      return true;
    const auto result = out_.write(text, urgent);
    if (result == write_result::failed)
      write_error_ = errno;
    return result == write_result::done;
  }

  int write_error() const { return write_error_; }

private:
  std::string line_of(const rpc_json& x, std::string_view text) const {
    if (json_)
      return std::string(text);
    auto line = event_line(x);
    const auto width = out_.size().width;
    return width ? cut(std::move(line), *width) : line;
  }

  bool json_;
  bool follow_;
  event_choice choice_;
  std::uint64_t next_;
  std::deque<std::string> kept_;
  terminal out_;
  int write_error_ = 0;
};

int show_events(const events_arguments& from) {
  auto choice = read_choice(from);
  const auto first = choice.from;
  const node_client node{from.node.read()};
  const auto status = node.get_json("/status");
  const auto next = status.value("/events/next"_json_pointer, std::uint64_t{1});
  event_printer printer{from, std::move(choice), next};
  if (!printer.wants_more())
    return 0;
  const auto end = read_events(
    node.at(), first,
    from.follow ? std::chrono::milliseconds{} : std::chrono::milliseconds{answer_limit},
    [&](std::string_view text, int urgent) { return printer.take(text, urgent); });
  if (printer.write_error() != 0) {
    std::fprintf(stderr, "peerage: cannot write to standard output: %s\n",
                 std::strerror(printer.write_error()));
    return 1;
  }
  if (end == stream_end::node_gone)
    std::fprintf(stderr, "peerage: the node has stopped\n");
  return 0;
}

} // namespace

command events_command(CLI::App& program) {
  auto line = program.add_subcommand("events", "What has happened, and what happens now");
  line->group(command_group::look);
  line->footer(std::string(events_footer) + node_exit_help + events_examples);
  auto from = std::make_shared<events_arguments>(*line, node_arguments::needs::nothing);
  line->add_flag("-f,--follow", from->follow, "Go on with what happens, until Ctrl-C");
  line
    ->add_option("--last", from->last,
                 "Only the last N that have happened (default 20, or all\nwith --from)")
    ->type_name("N")
    ->take_last();
  line->add_option("--from", from->from, "From the event of this number on")
    ->type_name("SEQ")
    ->take_last();
  line->add_option("--type", from->types, "Only of this type; may be repeated")
    ->type_name("TYPE")
    ->type_size(1)
    ->allow_extra_args(false)
    ->delimiter(',');
  line->add_option("--peer", from->peer, "Only of the peer with this id")
    ->type_name("ID")
    ->take_last();
  line->add_option("--address", from->address, "Only of this ADDR, or ADDR:PORT")
    ->type_name("ADDRESS")
    ->take_last();
  add_json_flag(*from, "One object a line, as GET /events has it");
  return {line, [from] { return show_events(*from); }};
}

} // namespace peerage
