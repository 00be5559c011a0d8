// SPDX-License-Identifier: MIT
#include "tests/fuzz/fuzz_target.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

/// Runs a fuzz target without libFuzzer: `TARGET [ITERATIONS [SEED [CORPUS]]]`, or
/// `TARGET - FILE…` to repeat what a fuzzer found. Same seed, same inputs. The inputs of
/// the corpus, a file with one in base64 on each line, are run, and mutated, as those of
/// `fuzz::corpus` are.

namespace {

using input = std::vector<std::uint8_t>;

/// Kept where a crash can find it.
input current;

constexpr std::size_t longest_input = 1 << 16;

class mutator {
public:
  /// @param corpus Not empty.
  mutator(std::uint64_t seed, const std::vector<input>& corpus)
      : engine_(seed), corpus_(corpus) {}

  input next() {
    auto x = pick();
    for (auto steps = below(8); steps > 0; --steps)
      mutate(x);
    if (x.size() > longest_input)
      x.resize(longest_input);
    return x;
  }

private:
  std::size_t below(std::size_t end) { return end == 0 ? 0 : engine_() % end; }
  const input& pick() { return corpus_[below(corpus_.size())]; }

  void mutate(input& x) {
    static constexpr std::uint8_t edges[] = {0,    1,    0x7f, 0x80, 0xfc,
                                             0xfd, 0xfe, 0xff, '.',  ':'};
    auto at = below(x.size());
    auto position = x.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(8)) {
    case 0: // a bit
      if (!x.empty())
        *position ^= static_cast<std::uint8_t>(1u << below(8));
      break;
    case 1: // a byte on the edge of something
      if (!x.empty())
        *position = edges[below(std::size(edges))];
      break;
    case 2: x.resize(at); break; // the end
    case 3:                      // a byte more
      x.insert(position, static_cast<std::uint8_t>(engine_()));
      break;
    case 4: // a few bytes less
      x.erase(position, position + static_cast<std::ptrdiff_t>(
                                     std::min(x.size() - at, 1 + below(8))));
      break;
    case 5: { // another input behind it
      const auto other = pick();
      x.insert(x.end(), other.begin(), other.end());
      break;
    }
    case 6: { // a piece of another input inside it
      const auto other = pick();
      auto first = below(other.size()), count = below(other.size() - first);
      x.insert(position, other.begin() + static_cast<std::ptrdiff_t>(first),
               other.begin() + static_cast<std::ptrdiff_t>(first + count));
      break;
    }
    default: // several bytes of noise
      for (auto i = at; i < std::min(x.size(), at + 4); ++i)
        x[i] = static_cast<std::uint8_t>(engine_());
    }
  }

  std::mt19937_64 engine_;
  const std::vector<input>& corpus_;
};

std::uint64_t number(const char* text) {
  std::uint64_t result = 0;
  auto end = text + std::strlen(text);
  if (auto [stop, error] = std::from_chars(text, end, result);
      error != std::errc{} || stop != end) {
    std::fprintf(stderr, "not a number: %s\n", text);
    std::exit(2);
  }
  return result;
}

input read(const std::string& name) {
  std::ifstream file{name, std::ios::binary};
  input result{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", name.c_str());
    std::exit(2);
  }
  return result;
}

void run(const input& x) {
  current = x;
  LLVMFuzzerTestOneInput(current.data(), current.size());
}

input decoded(const std::string& line) {
  input result(line.size() / 4 * 3);
  const auto size =
    EVP_DecodeBlock(result.data(), reinterpret_cast<const unsigned char*>(line.data()),
                    static_cast<int>(line.size()));
  if (size < 0) {
    std::fprintf(stderr, "not base64: %s\n", line.c_str());
    std::exit(2);
  }
  const auto padding = std::count(line.begin(), line.end(), '=');
  result.resize(static_cast<std::size_t>(size - padding));
  return result;
}

std::vector<input> corpus_in(const std::string& name) {
  std::ifstream file{name};
  std::vector<input> result;
  for (std::string line; std::getline(file, line);)
    result.push_back(decoded(line));
  if (result.empty()) {
    std::fprintf(stderr, "no inputs in %s\n", name.c_str());
    std::exit(2);
  }
  return result;
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "-") == 0) {
    for (int i = 2; i < argc; ++i)
      run(read(argv[i]));
    return 0;
  }
  const auto iterations = argc > 1 ? number(argv[1]) : 20'000;
  const auto seed = argc > 2 ? number(argv[2]) : std::random_device{}();
  auto corpus = peerage::fuzz::corpus();
  if (argc > 3)
    std::ranges::move(corpus_in(argv[3]), std::back_inserter(corpus));
  std::printf("iterations %llu seed %llu corpus %zu\n",
              static_cast<unsigned long long>(iterations),
              static_cast<unsigned long long>(seed), corpus.size());
  std::fflush(stdout);
  for (const auto& x : corpus)
    run(x);
  mutator inputs{seed, corpus};
  for (std::uint64_t i = 0; i < iterations; ++i)
    run(inputs.next());
}
