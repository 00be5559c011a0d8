// SPDX-License-Identifier: MIT
#include "messages/type_ids.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/make_message.hpp>
#include <doctest/doctest.h>

#include <random>

using namespace peerage;

namespace {

// -- how many members a struct has -----------------------------------------------------

/// Converts to anything but a whole `T`: `T{x, x}` tells whether T has two members.
template <class T>
struct anything_but {
  template <class Member>
  requires(!std::is_same_v<Member, T>) operator Member() const; // never defined
};

template <class T, class... Xs>
constexpr std::size_t member_count() {
  if constexpr (requires { T{Xs{}..., anything_but<T>{}}; })
    return member_count<T, Xs..., anything_but<T>>();
  else
    return sizeof...(Xs);
}

// -- an inspector that fills structs with random values ---------------------------------

template <class T>
struct is_list : std::false_type {};
template <class T>
struct is_list<std::vector<T>> : std::true_type {};

template <class T>
struct is_array : std::false_type {};
template <class T, std::size_t N>
struct is_array<std::array<T, N>> : std::true_type {};

/// Fills whatever `inspect` offers, and complains about structs whose `inspect` leaves a
/// member out: such a member would be lost between two processes.
class filler {
public:
  using result_type = void;
  static constexpr bool reads_state = false;

  explicit filler(std::uint64_t seed) : engine_(seed) {}

  template <class... Ts>
  void operator()(Ts&&... xs) {
    inspected_ = (std::size_t{!is_annotation<Ts>} + ... + 0);
    auto count = inspected_;
    (one(xs), ...);
    inspected_ = count;
  }

  template <class T>
  void fill(T& x) {
    if constexpr (std::is_same_v<T, bool>)
      x = (engine_() & 1) != 0;
    else if constexpr (std::is_same_v<T, double>)
      x = static_cast<double>(engine_() % 1'000'000) / 64;
    else if constexpr (std::is_enum_v<T>)
      x = static_cast<T>(engine_() % 2);
    else if constexpr (std::is_arithmetic_v<T>)
      x = static_cast<T>(engine_());
    else if constexpr (std::is_same_v<T, caf::timespan>)
      x = caf::timespan{static_cast<std::int64_t>(engine_() >> 1)};
    else if constexpr (std::is_same_v<T, std::string>)
      x = std::string("\0\xff text ", 8) + std::to_string(engine_());
    else if constexpr (is_list<T>::value) {
      x.resize(engine_() % 4);
      for (auto& entry : x)
        fill(entry);
    } else if constexpr (is_array<T>::value) {
      for (auto& entry : x)
        fill(entry);
    } else {
      inspected_ = 0;
      inspect(*this, x);
      if constexpr (std::is_aggregate_v<T>) {
        CAPTURE(typeid(T).name());
        CHECK(inspected_ == member_count<T>());
      }
    }
  }

private:
  template <class T>
  static constexpr bool is_annotation =
    std::is_base_of_v<caf::meta::annotation, std::remove_cvref_t<T>>;

  template <class T>
  void one(T& x) {
    if constexpr (caf::meta::is_load_callback<T>::value)
      static_cast<void>(x.fun());
    else if constexpr (!is_annotation<T>)
      fill(x);
  }

  std::mt19937_64 engine_;
  std::size_t inspected_ = 0; ///< Members that the last `inspect` named.
};

// -- the round trip ---------------------------------------------------------------------

struct config : caf::actor_system_config {
  config() {
    add_message_types<caf::id_block::peerage_messages>();
    set("scheduler.max-threads", 1);
  }
};

struct fixture {
  config cfg;
  caf::actor_system system{cfg};

  std::vector<char> bytes_of(const caf::message& x) {
    std::vector<char> result;
    caf::binary_serializer sink{system, result};
    auto error = sink(const_cast<caf::message&>(x));
    REQUIRE_FALSE(error);
    return result;
  }

  /// As an actor in another process would get it.
  caf::message round_trip(const caf::message& x) {
    auto bytes = bytes_of(x);
    caf::message result;
    caf::binary_deserializer source{system, bytes};
    auto error = source(result);
    REQUIRE_FALSE(error);
    CHECK(source.remaining() == 0);
    return result;
  }

  template <class T>
  void check_type(std::string_view name) {
    // CAF puts error codes into a message as caf::error only: see the test of errors.
    if constexpr (std::is_convertible_v<T, caf::error>)
      return;
    CAPTURE(name);
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      T x{};
      filler{seed}.fill(x);
      caf::message sent = caf::make_message(x);
      caf::message received = round_trip(sent);
      REQUIRE(received.match_elements<T>());
      CHECK(caf::deep_to_string(received.get_as<T>(0)) == caf::deep_to_string(x));
      CHECK(bytes_of(received) == bytes_of(sent));
      if constexpr (std::equality_comparable<T>)
        CHECK(received.get_as<T>(0) == x);
    }
    check_truncations<T>();
    // Empty lists and texts, too.
    CHECK(round_trip(caf::make_message(T{})).template match_elements<T>());
  }

  /// Every truncation is an error. (Of the value alone: a whole caf::message that ends
  /// too early is left empty by CAF 0.17.6, without an error.)
  template <class T>
  void check_truncations() {
    T x{};
    filler{3}.fill(x);
    std::vector<char> bytes;
    caf::binary_serializer sink{system, bytes};
    auto error = sink(x);
    REQUIRE_FALSE(error);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      std::vector<char> part(bytes.begin(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(length));
      T out{};
      caf::binary_deserializer source{system, part};
      bool failed = static_cast<bool>(source(out));
      CAPTURE(length);
      CHECK(failed);
    }
  }

  template <long... Ids>
  std::size_t check_types(caf::detail::int_list<Ids...>) {
    (check_type<typename caf::type_by_id<Ids>::type>(caf::type_name_by_id<Ids>::value),
     ...);
    return sizeof...(Ids);
  }
};

} // namespace

static_assert(member_count<peer_info>() == 14);
static_assert(member_count<endpoint>() == 3);
static_assert(member_count<get_peer_snapshot>() == 0);

TEST_CASE_FIXTURE(fixture, "every registered type can be sent to another process") {
  using block = caf::id_block::peerage_messages;
  auto count =
    check_types(typename caf::detail::il_range<block::begin, block::end>::type{});
  CHECK(count >= 40);
}

TEST_CASE_FIXTURE(fixture, "a large block crosses as it is") {
  std::vector<std::byte> bytes(1'000'000);
  std::mt19937_64 random{1};
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(random());
  wire::block x{wire::slice::copy_of(bytes)};
  auto sent = caf::make_message(x);
  CHECK(bytes_of(sent).size() < bytes.size() + 100);
  CHECK(round_trip(sent).get_as<wire::block>(0) == x);
}

TEST_CASE_FIXTURE(fixture, "errors keep their reason on the way") {
  for (std::size_t i = 1; i <= peer_exit_count; ++i) {
    auto reason = static_cast<peer_exit>(i);
    auto gone = round_trip(caf::make_message(request_error_for(reason)));
    REQUIRE(gone.match_elements<caf::error>());
    const auto& failure = gone.get_as<caf::error>(0);
    CHECK(outcome_of(failure) == outcome_of(request_error_for(reason)));
    CHECK(exit_of_request(failure) == exit_of_request(request_error_for(reason)));
    auto exit = round_trip(caf::make_message(reason));
    REQUIRE(exit.match_elements<caf::error>());
    CHECK(exit_of(exit.get_as<caf::error>(0)) == reason);
  }
}

TEST_CASE_FIXTURE(fixture, "an interface prints its messages by name") {
  struct unregistered {};
  using interface = caf::typed_actor<caf::replies_to<get_blocks>::with<blocks>,
                                     caf::reacts_to<unregistered>>;
  auto lines = system.message_types<interface>();
  CHECK(lines.size() == 2);
  CHECK(lines.contains("caf::replies_to<peerage::get_blocks>::with<peerage::blocks>"));
  CHECK(lines.contains(std::string{"caf::replies_to<"} + typeid(unregistered).name() +
                       ">::with<void>"));
}
