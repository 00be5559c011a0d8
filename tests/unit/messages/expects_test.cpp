// SPDX-License-Identifier: MIT
#include "messages/checks/expects.hpp"
#include "messages/wire/slice.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

using namespace peerage;

namespace {

struct ending {
  int status = 0; ///< As of waitpid.
  std::string said;
};

/// Runs `what` in a process of its own, which ends with status 0 if it comes to its end.
template <class Function>
ending run_alone(Function what) {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(pipe[1], STDERR_FILENO);
    ::signal(SIGABRT, SIG_DFL); // doctest has a handler
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    what();
    ::_exit(0);
  }
  ::close(pipe[1]);
  ending result;
  std::array<char, 512> buffer{};
  for (ssize_t size; (size = ::read(pipe[0], buffer.data(), buffer.size())) > 0;)
    result.said.append(buffer.data(), static_cast<std::size_t>(size));
  ::close(pipe[0]);
  REQUIRE(::waitpid(child, &result.status, 0) == child);
  return result;
}

} // namespace

TEST_CASE("a broken precondition ends the process, and says which and where") {
  const auto line = std::to_string(__LINE__ + 1);
  const auto broken = run_alone([] { PEERAGE_EXPECTS(1 + 1 == 3); });
  CHECK(WIFSIGNALED(broken.status));
  CHECK(WTERMSIG(broken.status) == SIGABRT);
  CHECK(broken.said.ends_with("/expects_test.cpp:" + line + " expects 1 + 1 == 3\n"));
}

TEST_CASE("a precondition that holds costs nothing but the look") {
  const auto kept = run_alone([] { PEERAGE_EXPECTS(1 + 1 == 2); });
  CHECK(WIFEXITED(kept.status));
  CHECK(WEXITSTATUS(kept.status) == 0);
  CHECK(kept.said.empty());
}

TEST_CASE("no part of a slice lies beyond its end") {
  const auto whole = wire::slice::copy_of(wire::as_bytes("four"));
  CHECK(whole.sub(1, 3).size() == 3);
  CHECK(whole.sub(4, 0).empty());
  for (const auto& [offset, count] : std::array<std::pair<std::size_t, std::size_t>, 3>{
         {{5, 0}, {1, 4}, {2, SIZE_MAX}}})
    CHECK(WIFSIGNALED(
      run_alone([&, at = offset, size = count] { whole.sub(at, size); }).status));
}
