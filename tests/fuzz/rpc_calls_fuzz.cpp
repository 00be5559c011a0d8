// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc_server.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/fuzz_target.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;

namespace {

struct test_config : caf::actor_system_config {
  test_config() { set("scheduler.policy", caf::atom("testing")); }
};

status_actor::behavior_type plain_status(status_pointer self) {
  return {
    [self](const status_task& x) { x.run(self); },
  };
}

/// What the methods have done, and those calls that have no answer yet.
struct ledger {
  std::size_t runs = 0;
  std::deque<rpc_done> waiting;
};

/// One ends at once, one later, one with an error, one with a mistake of ours, one with a
/// long text.
std::shared_ptr<const rpc_methods> methods_that_note(const std::shared_ptr<ledger>& in) {
  auto result = std::make_shared<rpc_methods>();
  const auto add = [&](std::string name, bool waits, auto run) {
    rpc_method x;
    x.name = std::move(name);
    x.parameters = {{"a", 31}};
    x.waits = waits;
    x.run = [in, run](status_pointer, const rpc_arguments& given, const rpc_done& done) {
      ++in->runs;
      run(given, done);
    };
    result->add(std::move(x));
  };
  add("echo", false,
      [](const rpc_arguments& given, const rpc_done& done) { done(given.get("a")); });
  add("later", true,
      [in](const rpc_arguments&, const rpc_done& done) { in->waiting.push_back(done); });
  add("fail", false, [](const rpc_arguments&, const rpc_done& done) {
    done(rpc_error{rpc_code::not_found, "nothing", {{"a", 1}}});
  });
  add("throw", false, [](const rpc_arguments& given, const rpc_done&) {
    throw rpc_error{rpc_code::misc, given.text_or("a", "nothing"), {}};
  });
  add("make", false, [](const rpc_arguments& given, const rpc_done& done) {
    done(rpc_maker{[x = given.get("a")] { return x; }});
  });
  add("stream", false, [](const rpc_arguments&, const rpc_done& done) {
    auto pieces = std::make_shared<std::vector<std::string>>(
      std::vector<std::string>{"]", "2", "1,", "["});
    done(rpc_stream{[pieces](std::string& to) {
                      to += pieces->back();
                      pieces->pop_back();
                      return !pieces->empty();
                    },
                    100});
  });
  return result;
}

constexpr std::size_t no_end = 1'000'000;

/// A client of the server, which reads the whole answer, or goes after some pieces.
class client {
public:
  /// @param patience How many pieces it reads; at least 1.
  client(std::size_t patience, bool may_wait) : patience_(patience) {
    slot_ = std::make_shared<reply_slot>(
      door_,
      [this](http_reply x) {
        require(!reply_, "one answer to one request");
        reply_ = std::move(x);
        text_ = reply_->body.view();
      },
      [this, may_wait] {
        require(++waits_ == 1, "one place is taken by one who waits");
        return may_wait;
      });
  }
  ~client() { door_->close(); }

  void ask(const std::string& body) {
    rpc_server{methods_that_note(done_)}.serve(body, owner(), slot_);
    slot_.reset();
    // Each turn either does something or is the last one.
    while (turn())
      ;
    require(reply_.has_value(), "each request is answered");
    require(!is_taking_ || has_gone(), "an answer has an end");
  }

  bool has_gone() const { return patience_ == 0; }
  bool has_waited() const { return waits_ != 0; }
  http::status status() const { return reply_->status; }
  const std::string& text() const { return text_; }
  std::size_t runs() const { return done_->runs; }

private:
  static caf::actor_system& actors() {
    // Never destroyed: at the end of the process, CAF's logger is gone before it.
    static auto& config = *new test_config;
    static auto& result = *new caf::actor_system{config};
    return result;
  }
  static const status_actor& owner() {
    static const auto& result = *new status_actor{actors().spawn(plain_status)};
    return result;
  }

  bool turn() {
    auto& scheduler =
      dynamic_cast<caf::scheduler::test_coordinator&>(actors().scheduler());
    io_.restart();
    if (scheduler.run() + io_.poll() > 0)
      return true;
    if (!done_->waiting.empty()) {
      const auto done = std::move(done_->waiting.front());
      done_->waiting.pop_front();
      done(rpc_json("at last"));
      return true;
    }
    if (!reply_ || !reply_->source || is_taking_)
      return false;
    if (--patience_ == 0) {
      reply_->source.reset();
      require(!turn(), "nothing is run for a client that has gone");
      return false;
    }
    is_taking_ = true;
    reply_->source->next([this](const std::string& piece) {
      require(std::exchange(is_taking_, false), "a piece for each that was asked for");
      text_ += piece;
      if (piece.empty())
        reply_->source.reset();
    });
    return true;
  }

  boost::asio::io_context io_;
  std::shared_ptr<http_executor> door_ = std::make_shared<http_executor>(io_);
  std::shared_ptr<ledger> done_ = std::make_shared<ledger>();
  reply_slot_ptr slot_;
  std::optional<http_reply> reply_;
  std::string text_;
  std::size_t patience_;
  std::size_t waits_ = 0;
  bool is_taking_ = false;
};

// What has to come, told again in a few words.

bool is_one_of(const rpc_json& x, std::initializer_list<std::string_view> texts) {
  return x.is_string() &&
         std::ranges::find(texts, x.get_ref<const std::string&>()) != texts.end();
}

/// JSON null if there is none.
rpc_json field(const rpc_json& of, const char* name) {
  return of.is_object() && of.contains(name) ? of.at(name) : rpc_json();
}

bool is_version_2(const rpc_json& call) {
  return is_one_of(field(call, "jsonrpc"), {"2.0"});
}

bool has_good_id(const rpc_json& call) {
  const auto id = field(call, "id");
  return !id.is_structured() &&
         (!id.is_number_float() || std::abs(id.get<double>()) < 9'007'199'254'740'992.);
}

bool is_call(const rpc_json& x) {
  const auto version = field(x, "jsonrpc"), params = field(x, "params");
  return x.is_object() && has_good_id(x) && field(x, "method").is_string() &&
         (version.is_null() || is_one_of(version, {"1.0", "1.1", "2.0"})) &&
         (params.is_null() || params.is_structured());
}

bool wants_answer(const rpc_json& call) {
  return !is_version_2(call) || call.contains("id");
}

bool has_method(const rpc_json& call) {
  return is_one_of(field(call, "method"),
                   {"echo", "later", "fail", "throw", "make", "stream"});
}

/// Whether it surely has arguments that its method takes; objects may have.
bool has_good_arguments(const rpc_json& call) {
  const auto params = field(call, "params");
  return params.is_null() || (params.is_array() && params.size() <= 1);
}

void check_answer(const rpc_json& call, const rpc_json& answer, bool is_refused) {
  require(answer.is_object(), "an answer is an object");
  const bool is_2 = is_version_2(call);
  const auto error = field(answer, "error");
  require(is_version_2(answer) == is_2, "an answer has the version of its call");
  require(is_2 ? answer.contains("result") != answer.contains("error")
               : error.is_null() || field(answer, "result").is_null(),
          "an answer is a result or an error");
  if (call.is_object() && !call.contains("id"))
    require(!answer.contains("id"), "no id is made up");
  else
    require(answer.contains("id") &&
              answer["id"] == (has_good_id(call) ? field(call, "id") : rpc_json()),
            "an answer has the id of its call");
  const auto code = error.is_null() ? 0 : error.at("code").get<int>();
  require(error.is_null() || (code < 0 && error.at("message").is_string()),
          "an error has a code and a text");
  require((code == rpc_code::invalid_request) == !is_call(call),
          "what is no call is told so, and nothing else is");
  if (!is_call(call))
    return;
  require((code == rpc_code::overloaded) == is_refused, "all are refused, or none");
  if (!is_refused)
    require((code == rpc_code::method_not_found) == !has_method(call),
            "an unknown method is told so, and no other");
  if (!error.is_null() || is_refused)
    return;
  const auto params = field(call, "params"), result = field(answer, "result");
  if (is_one_of(field(call, "method"), {"echo", "make"}) && params.is_array())
    require(result == (params.empty() ? rpc_json() : params[0]), "its own result");
  if (is_one_of(field(call, "method"), {"stream"}))
    require(result == rpc_json({1, 2}), "a result in pieces is whole");
}

void check_runs(const rpc_json& calls, const client& by, bool is_refused) {
  const auto least = std::ranges::count_if(calls, [](const rpc_json& x) {
    return is_call(x) && has_method(x) && has_good_arguments(x);
  });
  const auto most = std::ranges::count_if(
    calls, [](const rpc_json& x) { return is_call(x) && has_method(x); });
  const auto runs = static_cast<std::ptrdiff_t>(by.runs());
  require(is_refused ? runs == 0 : runs <= most && (by.has_gone() || runs >= least),
          "each call is run once");
}

/// The answer to a batch, or to the only call of a list.
void check_answers(const rpc_json& calls, bool is_batch, const client& by,
                   bool is_refused) {
  check_runs(calls, by, is_refused);
  if (by.has_gone())
    return;
  const auto& text = by.text();
  std::vector<rpc_json> asked;
  for (const auto& x : calls)
    if (wants_answer(x) || (!is_batch && !is_call(x)))
      asked.push_back(x);
  if (asked.empty() && !calls.empty())
    return require(text.empty() && by.status() == http::status::no_content,
                   "notifications are not answered");
  require(text.ends_with("\n") && text.find('\n') == text.size() - 1 &&
            rpc_json::accept(text),
          "an answer is a line of JSON");
  auto answers = rpc_json::parse(text);
  if (!is_batch)
    answers = rpc_json::array({answers});
  require(answers.is_array() && answers.size() == asked.size(),
          "each call that wants one has an answer");
  for (std::size_t i = 0; i < asked.size(); ++i)
    check_answer(asked[i], answers[i], is_refused);
  if (is_batch)
    require(by.status() == http::status::ok, "a batch has no status of its own");
  else
    require((by.status() == http::status::ok) ==
              (field(answers[0], "error").is_null() ||
               (is_version_2(asked[0]) && is_call(asked[0]))),
            "in the first version, an error has its status");
}

void check_mistake(const client& by, int code) {
  const auto answer = rpc_json::parse(by.text(), nullptr, false);
  require(answer.is_object() && answer.at("error").at("code") == code &&
            answer.contains("id") && answer["id"].is_null() && by.runs() == 0 &&
            by.status() != http::status::ok,
          "what is neither a call nor a batch is told so");
}

} // namespace

/// First how the client is; the rest: the body of what it posts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_input in{data, size};
  const auto how = in.byte();
  const std::string body{in.rest()};
  const bool may_wait = (how & 8) == 0;
  client asking{how % 8 == 0 ? no_end : how % 8, may_wait};
  asking.ask(body);

  rpc_json document;
  std::string error;
  if (!parse_rpc_json(body, document, error) || !document.is_structured())
    check_mistake(asking, rpc_code::parse);
  else if (document.is_array() && document.size() > rpc_server::max_batch)
    check_mistake(asking, rpc_code::invalid_request);
  else
    check_answers(document.is_array() ? document : rpc_json::array({document}),
                  document.is_array(), asking, asking.has_waited() && !may_wait);
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  for (std::uint8_t how : std::initializer_list<std::uint8_t>{0, 2, 8})
    for (std::string_view text :
         {R"({"jsonrpc":"2.0","id":1,"method":"echo","params":[{"b":8}]})",
          R"({"jsonrpc":"2.0","method":"echo","params":{"a":1}})",
          R"([{"method":"later"},{"id":"x","method":"stream"},{"id":1.5,"method":"no"}])",
          R"([{"jsonrpc":"2.0","method":"make"},{"jsonrpc":"2.0","method":"later"}])",
          R"([{"jsonrpc":"2.0","id":1,"method":"fail"},{"id":2,"method":"throw"},1,{}])",
          R"({"id":1,"method":"throw","params":["x"]})",
          R"({"jsonrpc":"1.1","id":[],"method":"make","params":{"args":[1]}})",
          R"({"jsonrpc":"3.0","id":null,"method":"echo","params":"x"})", "[]", "[[]]",
          "1", "{"}) {
      auto& x = result.emplace_back(1, how);
      x.insert(x.end(), text.begin(), text.end());
    }
  return result;
}
