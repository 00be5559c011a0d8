// SPDX-License-Identifier: MIT
#include "actors/peer/service_question.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

const time_point start{24h};

} // namespace

TEST_CASE("a question is open until its answer comes") {
  service_question question;
  CHECK_FALSE(question.is_open());
  const auto number = question.open(start + 10s);
  CHECK(number != 0);
  CHECK(question.is_open());
  CHECK(question.deadline() == start + 10s);
  CHECK(question.close(number));
  CHECK_FALSE(question.is_open());
  CHECK_FALSE(question.deadline());
}

TEST_CASE("only one answer counts, and only to the open question") {
  service_question question;
  CHECK_FALSE(question.close(0));
  const auto first = question.open(start + 1s);
  CHECK(question.close(first));
  CHECK_FALSE(question.close(first));
  const auto second = question.open(start + 2s);
  CHECK_FALSE(question.close(first)); // late
  CHECK(question.is_open());
  CHECK(question.close(second));
}

TEST_CASE("a question is overdue from its deadline on") {
  service_question question;
  CHECK_FALSE(question.overdue(start));
  const auto number = question.open(start + 10s);
  CHECK_FALSE(question.overdue(start + 10s - 1ns));
  CHECK(question.overdue(start + 10s) == number);
  CHECK(question.close(number));
  CHECK_FALSE(question.overdue(start + 20s));
}

TEST_CASE("an overload may end the peer, any other answer does not") {
  service_question question;
  random_source random{7};
  const service_answer overload{caf::make_error(request_error::overloaded)};
  const service_answer missing{caf::make_error(request_error::not_found)};
  int ended = 0;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(question.should_end(missing, start, random));
    CHECK_FALSE(question.should_end(service_answer{caf::unit}, start, random));
    ended += question.should_end(overload, start, random);
  }
  CHECK(ended > 20); // the odds are a half from the second one on
  CHECK(ended < 80);
}
