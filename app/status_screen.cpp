// SPDX-License-Identifier: MIT
#include "app/status_screen.hpp"

#include "app/human_text.hpp"
#include "app/node_http.hpp"
#include "app/signal_source.hpp"
#include "app/standard_streams.hpp"
#include "app/status_report.hpp"
#include "app/status_view.hpp"
#include "app/terminal.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <signal.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace peerage {

namespace asio = boost::asio;

namespace {

/// The result of asking: a report, or a line that tells why there is none.
struct finding {
  std::optional<status_report> report;
  std::string failure;
  std::string document; ///< GET /status, as the node sent it.
};

std::vector<http_question> status_questions() {
  return {{"/status"}, {"/peers"}};
}

finding read_answer(const status_address& at, http_answers&& found) {
  if (!found.failure.empty())
    return {std::nullopt, found.failure, {}};
  for (const auto& answer : found.answers)
    if (answer.status != http_ok)
      return {std::nullopt,
              to_string(at) + " answers " + std::to_string(answer.status) + ": " +
                printable(answer.body, max_refusal_length),
              {}};
  auto& document = found.answers[0].body;
  auto report = read_status_report(document, found.answers[1].body);
  if (!report)
    return {std::nullopt, to_string(at) + " does not answer as a peerage node does", {}};
  return {std::move(report), {}, std::move(document)};
}

double seconds_now() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::string as_text(const std::vector<std::string>& lines) {
  std::string result;
  for (const auto& line : lines)
    result += line + "\n";
  return result;
}

void say(const std::string& why) {
  // While watching, no signal would end a write that waits.
  say_at_last("peerage: " + why + "\n", std::chrono::seconds{1});
}

int cannot_write(int error) {
  say(std::string("cannot write to standard output: ") + std::strerror(error));
  return 1;
}

// -- once -------------------------------------------------------------------------------

int show_once(const screen_options& options) {
  const auto& at = options.at;
  const auto found = read_answer(at, ask_node(at, status_questions(), answer_limit));
  if (!found.report)
    throw unreachable(at, found.failure);
  terminal out;
  const auto text = options.json
                      ? found.document
                      : as_text(status_lines(*found.report, seconds_now(),
                                             {out.size().width, {}}, options.selection));
  return out.write(text, -1) == write_result::failed ? cannot_write(errno) : 0;
}

// -- again and again --------------------------------------------------------------------

class watcher {
public:
  explicit watcher(const screen_options& options)
      : options_(options), pause_(context_),
        signals_(context_, signals_for(out_), [this](int x) { on_signal(x); }) {}

  int run() {
    ask();
    context_.run();
    out_.leave_screen();
    return write_error_ == 0 ? 0 : cannot_write(write_error_);
  }

private:
  /// A pipe needs no signals of sizes and suspension: it has no size, and nothing to
  /// restore.
  static std::initializer_list<int> signals_for(const terminal& out);

  void ask() {
    ask_node(context_, options_.at, status_questions(), answer_limit,
             [this](http_answers x) {
               last_ = read_answer(options_.at, std::move(x));
               draw();
               pause_.expires_after(options_.interval);
               pause_.async_wait([this](const boost::system::error_code&) { ask(); });
             });
  }

  void draw() {
    if (!last_)
      return;
    if (options_.json) // what a program reads has no lines for people
      return last_->report ? note(out_.write(last_->document, signals_.descriptor()))
                           : say(last_->failure + "; trying again");
    auto lines = last_->report ? status_lines(*last_->report, seconds_now(), out_.size(),
                                              options_.selection)
                               : std::vector{last_->failure + "; trying again"};
    if (out_.is_terminal())
      return note(out_.redraw(lines, signals_.descriptor()));
    note(out_.write((drawn_ ? "\n" : "") + as_text(lines), signals_.descriptor()));
    drawn_ = true;
  }

  void note(write_result x) {
    if (x == write_result::failed)
      write_error_ = errno;
    if (x == write_result::gone || x == write_result::failed)
      context_.stop();
  }

  void on_signal(int which) {
    if (which == SIGWINCH)
      return draw();
    if (which != SIGTSTP)
      return context_.stop();
    out_.leave_screen();
    ::raise(SIGSTOP); // the shell has the terminal until it continues us
    draw();
  }

  screen_options options_;
  asio::io_context context_;
  terminal out_;
  asio::steady_timer pause_;
  signal_source signals_;
  std::optional<finding> last_; ///< Not set before the first answer.
  bool drawn_ = false;
  int write_error_ = 0;
};

std::initializer_list<int> watcher::signals_for(const terminal& out) {
  static const std::initializer_list<int> all{SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
  static const std::initializer_list<int> ends{SIGINT, SIGTERM, SIGHUP};
  return out.is_terminal() ? all : ends;
}

} // namespace

int show_status(const screen_options& options) {
  return options.watch ? watcher(options).run() : show_once(options);
}

} // namespace peerage
