// SPDX-License-Identifier: MIT
#include "actors/status/http/shared_document.hpp"

#include "actors/status/http/list_reply.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <new>

using namespace peerage;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

/// The HTTP thread, and a document of which the test is the maker.
class http_thread {
public:
  explicit http_thread(unsigned rest = 0)
      : document(std::make_shared<shared_document>(
          door, [this](const reply_slot_ptr& slot) { begun.push_back(slot); }, rest)) {}

  /// The reader of one reply.
  struct reader {
    int replies = 0;
    http_reply got;
  };
  using reader_ptr = std::shared_ptr<reader>;

  reply_slot_ptr slot_of(const reader_ptr& to) {
    return std::make_shared<reply_slot>(door, [to](http_reply x) {
      ++to->replies;
      to->got = std::move(x);
    });
  }

  reader_ptr ask() {
    auto result = std::make_shared<reader>();
    document->ask(slot_of(result));
    run();
    return result;
  }

  void make(std::size_t which, const std::string& text) {
    begun[which]->answer([text] { return http_reply{http::status::ok, text}; });
    run();
  }

  void run() {
    context.restart();
    context.poll();
  }

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> waits{
    context.get_executor()};
  std::shared_ptr<http_executor> door = std::make_shared<http_executor>(context);
  std::vector<reply_slot_ptr> begun; ///< The documents that were begun.
  std::shared_ptr<shared_document> document;
};

struct entry {
  int number = 0;
};
nlohmann::json to_json(const entry& x) {
  return {{"number", x.number}};
}

} // namespace

TEST_CASE("a request while a document is being made gets the next one") {
  http_thread thread;
  auto early = thread.ask();
  CHECK(thread.begun.size() == 1);
  auto late = thread.ask(); // after a change, maybe
  CHECK(thread.begun.size() == 1);
  thread.make(0, "before");
  CHECK(early->got.body.view() == "before");
  CHECK(late->replies == 0);
  REQUIRE(thread.begun.size() == 2);
  thread.make(1, "after");
  CHECK(late->got.body.view() == "after");
  CHECK(early->replies == 1);
  CHECK(late->replies == 1);
}

TEST_CASE("however many ask meanwhile, one document more is made for all of them") {
  http_thread thread;
  auto first = thread.ask();
  std::vector<http_thread::reader_ptr> others;
  for (int i = 0; i < 50; ++i)
    others.push_back(thread.ask());
  thread.make(0, "first");
  REQUIRE(thread.begun.size() == 2);
  thread.make(1, "second");
  CHECK(thread.begun.size() == 2);
  for (const auto& x : others) {
    CHECK(x->got.body.view() == "second");
    // The same bytes, not as many again.
    CHECK(x->got.body.view().data() == others[0]->got.body.view().data());
  }
  thread.ask();
  CHECK(thread.begun.size() == 3);
}

TEST_CASE("a maker that goes away without an answer is an error, and not the last word") {
  http_thread thread;
  auto unlucky = thread.ask();
  auto next = thread.ask();
  thread.begun[0] = nullptr;
  thread.run();
  CHECK(unlucky->got.status == http::status::service_unavailable);
  REQUIRE(thread.begun.size() == 2);
  thread.make(1, "well");
  CHECK(next->got.body.view() == "well");
}

TEST_CASE("an answer that cannot be made is the end of that answer alone") {
  http_thread thread;
  auto unlucky = thread.ask();
  auto next = thread.ask();
  thread.begun[0]->answer([]() -> http_reply { throw std::bad_alloc{}; });
  thread.run();
  CHECK(unlucky->got.status == http::status::internal_server_error);
  CHECK(unlucky->got.close);
  REQUIRE(thread.begun.size() == 2);
  thread.make(1, "well");
  CHECK(next->got.body.view() == "well");
}

TEST_CASE("the makers rest in proportion to their work") {
  http_thread thread{4};
  const auto began = steady::now();
  auto first = thread.ask();
  auto next = thread.ask();
  thread.context.restart();
  thread.context.run_for(20ms); // it takes some time
  const auto took = steady::now() - began;
  thread.make(0, "first");
  CHECK(first->got.body.view() == "first");
  CHECK(thread.begun.size() == 1);
  const auto done = steady::now();
  while (thread.begun.size() < 2 && steady::now() < done + 5s)
    thread.context.run_one_for(5s);
  CHECK(steady::now() - done >= 3 * took); // four times, but for what came after `took`
  REQUIRE(thread.begun.size() == 2);
  thread.make(1, "second");
  CHECK(next->got.body.view() == "second");
}

TEST_CASE("a list of thousands lets others have their turns") {
  http_thread thread;
  auto reader = std::make_shared<http_thread::reader>();
  std::vector<entry> entries;
  for (int i = 0; i < 1000; ++i)
    entries.push_back({i});
  answer_list(thread.slot_of(reader), std::move(entries));
  int turns = 0;
  while (reader->replies == 0 && turns < 1000) {
    ++turns; // of other work
    thread.context.restart();
    thread.context.run_one_for(5s);
  }
  CHECK(turns > 1000 / 64);
  auto found = nlohmann::json::parse(reader->got.body.view());
  REQUIRE(found.size() == 1000);
  CHECK(found[999] == nlohmann::json{{"number", 999}});

  auto empty = std::make_shared<http_thread::reader>();
  answer_list(thread.slot_of(empty), std::vector<entry>{});
  thread.run();
  CHECK(empty->got.body.view() == "[]\n");
}
