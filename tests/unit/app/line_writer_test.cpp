// SPDX-License-Identifier: MIT
#include "app/line_writer.hpp"

#include "app/standard_streams.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

std::string gap(std::size_t lines) {
  return "gap of " + std::to_string(lines) + "\n";
}

/// A pipe of one page that is read only on demand.
class small_pipe {
public:
  small_pipe() {
    ignore_write_signals();
    REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0);
    ::fcntl(ends_[1], F_SETPIPE_SZ, page);
  }
  small_pipe(const small_pipe&) = delete;
  small_pipe& operator=(const small_pipe&) = delete;
  ~small_pipe() {
    close_reader();
    ::close(ends_[1]);
  }

  int writer() const { return ends_[1]; }

  void close_reader() {
    if (ends_[0] >= 0)
      ::close(ends_[0]);
    ends_[0] = -1;
  }

  /// Reads until the text ends with `end`.
  std::string read_to(const std::string& end) const {
    std::string result;
    std::array<char, page> buffer;
    while (!result.ends_with(end)) {
      auto size = ::read(ends_[0], buffer.data(), buffer.size());
      if (size <= 0)
        return result + "(end)";
      result.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return result;
  }

  static constexpr int page = 4096;

private:
  std::array<int, 2> ends_{-1, -1};
};

/// A file that may hold so many bytes; beyond, writes fail as on a full disk.
class full_file {
public:
  explicit full_file(rlim_t size) {
    ignore_write_signals();
    REQUIRE(descriptor_ >= 0);
    ::unlink(name_.c_str());
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit now{size, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &now) == 0);
  }
  full_file(const full_file&) = delete;
  full_file& operator=(const full_file&) = delete;
  ~full_file() {
    make_room();
    ::close(descriptor_);
  }

  void make_room() const { ::setrlimit(RLIMIT_FSIZE, &before_); }
  int descriptor() const { return descriptor_; }

  std::string text() const {
    std::array<char, 4096> buffer;
    auto size = ::pread(descriptor_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(size)};
  }

private:
  std::string name_ = "/tmp/peerage-lines-XXXXXX";
  int descriptor_ = ::mkstemp(name_.data());
  rlimit before_{};
};

} // namespace

TEST_CASE("lines are written in order, and all of them") {
  small_pipe pipe;
  line_writer lines{pipe.writer(), gap};
  auto reader = std::async(std::launch::async, [&] { return pipe.read_to("9999\n"); });
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    lines.put(std::to_string(i) + "\n");
    expected += std::to_string(i) + "\n";
  }
  CHECK(lines.drain(10s));
  CHECK(reader.get() == expected);
}

TEST_CASE("put does not wait for a reader, who is told of what was dropped") {
  small_pipe pipe;
  constexpr std::size_t limit = 64 << 10;
  constexpr std::size_t all = 100'000;
  const std::string line(9, 'x');
  line_writer lines{pipe.writer(), gap, limit};
  for (std::size_t i = 0; i < all; ++i)
    lines.put(line + "\n");
  CHECK_FALSE(lines.drain(1ms));
  auto reader = std::async(std::launch::async, [&] { return pipe.read_to("end\n"); });
  CHECK(lines.drain(10s));
  lines.put("end\n");
  std::istringstream text{reader.get()};
  std::size_t written = 0;
  std::size_t dropped = 0;
  std::string last;
  for (std::string next; std::getline(text, next); last = next) {
    if (next == line)
      ++written;
    else if (next.starts_with("gap of "))
      dropped += std::stoul(next.substr(7));
  }
  CHECK(last == "end");
  CHECK(written >= limit / (line.size() + 1));
  CHECK(written < all / 2);
  CHECK(written + dropped == all);
}

TEST_CASE("what cannot be written is counted, and told when there is room") {
  full_file file{10};
  line_writer lines{file.descriptor(), gap};
  lines.put("first\n");
  CHECK(lines.drain(10s));
  lines.put("torn in two\n");
  CHECK(lines.drain(10s));
  lines.put("lost\n");
  CHECK(lines.drain(10s));
  CHECK(file.text() == "first\ntorn");
  file.make_room();
  lines.put("next\n");
  CHECK(lines.drain(10s));
  CHECK(file.text() == "first\ntorn\ngap of 2\nnext\n");
}

TEST_CASE("a reader that is gone changes nothing") {
  small_pipe pipe;
  pipe.close_reader();
  line_writer lines{pipe.writer(), gap};
  lines.put("a\n");
  CHECK(lines.drain(10s));
  lines.put("b\n");
  CHECK(lines.drain(10s));
}

TEST_CASE("a descriptor that does not block is waited for") {
  small_pipe pipe;
  ::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK);
  line_writer lines{pipe.writer(), gap};
  lines.put(std::string(3 * small_pipe::page, 'x') + "\n");
  auto text = pipe.read_to("\n");
  CHECK(text.size() == 3 * small_pipe::page + 1);
  CHECK(lines.drain(10s));
}

TEST_CASE("its end does not wait for a reader") {
  small_pipe pipe;
  const auto begin = std::chrono::steady_clock::now();
  {
    line_writer lines{pipe.writer(), gap};
    lines.put(std::string(3 * small_pipe::page, 'x') + "\n");
    CHECK_FALSE(lines.drain(20ms));
  }
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  pipe.read_to("\n"); // its thread ends
}

TEST_CASE("it goes on in another target") {
  small_pipe first;
  small_pipe second;
  line_writer lines{first.writer(), gap};
  lines.put("a\n");
  CHECK(lines.drain(10s));
  lines.continue_in([] { return -1; }); // could not be opened
  lines.put("b\n");
  CHECK(lines.drain(10s));
  lines.continue_in([&] { return ::dup(second.writer()); });
  lines.put("c\n");
  CHECK(lines.drain(10s));
  CHECK(first.read_to("b\n") == "a\nb\n");
  CHECK(second.read_to("c\n") == "c\n");
}

TEST_CASE("it leaves a target that takes nothing, and takes the torn line with it") {
  small_pipe full;
  ::fcntl(full.writer(), F_SETFL, O_NONBLOCK);
  small_pipe other;
  line_writer lines{full.writer(), gap};
  const std::string half(small_pipe::page / 2 - 1, 'x');
  for (auto end : {"1", "2", "3"})
    lines.put(half + end + "\n"); // of the second, the pipe has room for all but a byte
  CHECK_FALSE(lines.drain(20ms));
  lines.continue_in([&] { return ::dup(other.writer()); });
  CHECK(other.read_to("3\n") == half + "2\n" + half + "3\n");
  CHECK(lines.drain(10s));
}

TEST_CASE("a call comes at its time, and may put lines") {
  small_pipe pipe;
  line_writer lines{pipe.writer(), gap};
  const auto at = std::chrono::steady_clock::now() + 20ms;
  lines.call_at(at + 1h, [] {});
  lines.call_at(at, [&] { lines.put("called\n"); });
  lines.put("before\n");
  CHECK(pipe.read_to("called\n") == "before\ncalled\n");
  CHECK(std::chrono::steady_clock::now() >= at);
}
