#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "actors/chain/chain_service.hpp"
#include "actors/discovery/saved_dials.hpp"
#include "actors/discovery/state_file.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "messages/wire/addresses.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/test_node.hpp"

#include <spdlog/spdlog.h>

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

/// A whole node that is told of strangers, over real sockets: it fills its places though
/// many do not answer, fills them again when half of its peers end at once, remembers
/// what it knew across a restart, and leaves nothing behind (I16).
using namespace peerage;
using namespace peerage::test;

namespace {

constexpr std::size_t wanted_peers = 25;
constexpr std::size_t living = 120;
constexpr std::size_t silent = 80;
/// Dials are 100 ms apart and four of ten fail: this is several times what they take.
constexpr std::chrono::seconds fill_patience{20};

const auto& regtest = wire::parameters(wire::network::regtest);

class temporary_folder {
public:
  temporary_folder() {
    auto pattern =
      (std::filesystem::temp_directory_path() / "peerage-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()));
    path_ = pattern;
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// A node with a manager.
class whole_node {
public:
  whole_node(caf::actor_system& system, std::shared_ptr<socket_provider> sockets,
             peer_manager_options options)
      : system_(system), context_(std::make_shared<peer_context>(regtest, std::nullopt)) {
    context_->sockets = std::move(sockets);
    context_->service =
      system_.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
    manager_ = start_peer_manager(system_, context_, std::move(options));
  }
  whole_node(whole_node&&) = default;
  /// Whoever destroys the actor system waits for the end.
  ~whole_node() { tell_to_stop(); }

  void tell_to_stop() {
    if (!manager_)
      return;
    caf::anon_send_exit(manager_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(context_->service, caf::exit_reason::user_shutdown);
    manager_ = nullptr;
    context_ = nullptr;
  }

  /// An ordered stop, to its end: what is to be saved is on the disk.
  bool stop() {
    end_watch watch{system_, manager_};
    tell_to_stop();
    return watch.wait().has_value();
  }

  template <class Reply, class Request>
  Reply get(Request what) {
    auto result = asked<Reply>(system_, manager_, std::move(what)).wait();
    REQUIRE(result.value);
    return std::move(*result.value);
  }

  bool reaches(std::size_t ready) {
    return eventually(
      [&] {
        auto found = get<node_snapshot>(get_node_snapshot{}).peers;
        return found.ready == ready && found.outbound == ready;
      },
      in(fill_patience));
  }

  /// In the order of their handshakes.
  std::vector<endpoint> peers() {
    std::vector<endpoint> result;
    for (const auto& x : get<peer_snapshots>(get_peer_snapshots{}).entries)
      result.push_back(x.info.remote);
    return result;
  }

  /// Whether each known address was connected to before.
  std::map<endpoint, bool> known() {
    std::map<endpoint, bool> result;
    auto found =
      asked<known_address_list>(system_, get<node_parts>(get_node_parts{}).book,
                                get_known_addresses{0, wire::ipv4_network})
        .wait();
    REQUIRE(found.value);
    for (const auto& x : found.value->entries) {
      const auto& ip = x.address.bytes;
      result[ipv4_endpoint(ip[0], ip[1], ip[2], ip[3], x.address.port)] = x.tried;
    }
    return result;
  }

private:
  caf::actor_system& system_;
  peer_context_ptr context_;
  peer_manager_actor manager_;
};

/// The strangers that live: nodes that dial nobody.
class crowd {
public:
  explicit crowd(caf::actor_system& system) {
    auto sockets = make_asio_sockets();
    for (std::size_t i = 0; i < living; ++i) {
      std::string error;
      const auto at = ipv4_endpoint(127, static_cast<std::uint8_t>(30 + i % 40),
                                    static_cast<std::uint8_t>(i), 1, 0);
      auto acceptor = sockets->listen(at, regtest.magic, error);
      REQUIRE_MESSAGE(acceptor, error);
      const auto place = acceptor->local();
      peer_manager_options options;
      options.acceptors.push_back(std::move(acceptor));
      options.max_outbound = 0;
      options.quiet = true;
      nodes_.emplace(place, whole_node{system, sockets, std::move(options)});
    }
  }

  std::vector<endpoint> places() const {
    std::vector<endpoint> result;
    for (const auto& [place, node] : nodes_)
      result.push_back(place);
    return result;
  }

  void stop(const endpoint& place) { nodes_.at(place).tell_to_stop(); }

private:
  std::map<endpoint, whole_node> nodes_;
};

/// A peer that knows many others. Played on a thread of its own until its stream ends.
class well_informed_peer {
public:
  explicit well_informed_peer(const std::vector<endpoint>& known)
      : place_(listener_.local()), thread_([this, known] {
          try {
            play(known);
          } catch (const std::exception&) {
            // The test sees that there are no peers, and says so.
          }
        }) {}
  well_informed_peer(const well_informed_peer&) = delete;
  well_informed_peer& operator=(const well_informed_peer&) = delete;
  ~well_informed_peer() { thread_.join(); }

  const endpoint& place() const { return place_; }

private:
  void play(const std::vector<endpoint>& known) {
    auto socket = listener_.accept();
    socket.answer_handshake();
    while (auto message = socket.read_message(in(60s)))
      if (message->command == "getaddr")
        socket.send(answer(known));
  }

  static wire::addrv2 answer(const std::vector<endpoint>& known) {
    wire::addrv2 result;
    const auto now = static_cast<std::uint32_t>(std::time(nullptr));
    for (const auto& x : known)
      result.entries.push_back(wire::to_network_address(
        {now, {wire::node_network | wire::node_witness, x.ip, x.port}}));
    return result;
  }

  raw_listener listener_;
  endpoint place_;
  std::thread thread_;
};

peer_manager_options discovering(const std::filesystem::path& folder) {
  peer_manager_options result;
  result.discover = true;
  result.max_outbound = wanted_peers;
  result.directory = folder;
  return result;
}

std::vector<endpoint> saved_anchors(const std::filesystem::path& folder) {
  auto found =
    load_state_file(folder / "dials.json", saved_dials::kind, saved_dials::version);
  REQUIRE_MESSAGE(found.body, found.report);
  CHECK(found.report == "");
  return saved_dials_from_json(*found.body).anchors;
}

/// In any order.
std::set<endpoint> unordered(const std::vector<endpoint>& x) {
  return {x.begin(), x.end()};
}

} // namespace

TEST_CASE("a node fills its places, fills them again, and starts where it ended") {
  spdlog::set_level(spdlog::level::err); // hundreds of peers come and go
  temporary_folder folder;
  node_system_config config;
  auto sockets = make_asio_sockets(); // outlives the actors
  caf::actor_system system{config};
  auto now = [&] {
    return resources{system.registry().running() - test_actor::alive(),
                     open_descriptors(), running_threads()};
  };
  // A provider opens what it polls with when it is first used.
  std::string error;
  auto first = sockets->listen(ipv4_endpoint(127, 0, 0, 1, 0), regtest.magic, error);
  REQUIRE_MESSAGE(first, error);
  const auto with_acceptor = open_descriptors();
  first.reset();
  REQUIRE(eventually([&] { return open_descriptors() == with_acceptor - 1; }));
  const auto baseline = now();
  {
    crowd others{system};
    auto told = others.places();
    // Nobody listens on port 1: refused.
    for (std::size_t i = 0; i < silent; ++i)
      told.push_back(ipv4_endpoint(127, static_cast<std::uint8_t>(80 + i % 40),
                                   static_cast<std::uint8_t>(i), 1, 1));
    const auto told_set = unordered(told);
    std::vector<endpoint> best;
    std::map<endpoint, bool> known;

    {
      well_informed_peer source{told};
      auto options = discovering(folder.path());
      options.pinned = {source.place()};
      whole_node node{system, sockets, std::move(options)};
      REQUIRE(node.reaches(wanted_peers));
      auto peers = node.peers();
      REQUIRE(peers.size() == wanted_peers);
      CHECK(std::erase(peers, source.place()) == 1);
      const auto first_peers = unordered(peers);
      CHECK(first_peers.size() == wanted_peers - 1);
      CHECK(std::ranges::includes(told_set, first_peers));
      // Dead addresses were among those dialed, or this test shows less than it says.
      const auto refused = static_cast<std::size_t>(peer_exit::connect_refused);
      CHECK(node.get<node_snapshot>(get_node_snapshot{}).failures[refused] > 0);

      // The older half, so that the anchors have to be others than at first.
      const std::vector<endpoint> ended(peers.begin(), peers.begin() + 12);
      for (const auto& place : ended)
        others.stop(place);
      REQUIRE(eventually([&] {
        auto left = node.get<node_snapshot>(get_node_snapshot{}).peers.exits;
        std::uint64_t sum = 0;
        for (auto count : left)
          sum += count;
        return sum >= ended.size();
      }));
      REQUIRE(node.reaches(wanted_peers));
      const auto second_peers = unordered(node.peers());
      CHECK(second_peers.contains(source.place()));
      for (const auto& place : ended)
        CHECK_FALSE(second_peers.contains(place));
      best = {peers[12], peers[13]};

      known = node.known();
      // All are from one source, so one in ten finds its place taken.
      CHECK(known.size() > told.size() * 3 / 4);
      for (const auto& [place, tried] : known)
        CHECK(told_set.contains(place));
      CHECK(std::ranges::count_if(known, [](const auto& x) { return x.second; }) >
            static_cast<std::ptrdiff_t>(wanted_peers));
      REQUIRE(node.stop());
    }

    const auto anchors = saved_anchors(folder.path());
    CHECK(unordered(anchors) == unordered(best));

    // Nobody is pinned, and who told of everybody is away.
    whole_node node{system, sockets, discovering(folder.path())};
    CHECK(node.known() == known);
    REQUIRE(node.reaches(wanted_peers));
    auto peers = node.peers();
    REQUIRE(peers.size() == wanted_peers);
    CHECK(unordered({peers[0], peers[1]}) == unordered(anchors));
    CHECK(std::ranges::includes(told_set, unordered(peers)));
    REQUIRE(node.stop());
  }
  CHECK(eventually([&] { return now() == baseline; }));
  CHECK(now() == baseline);
}
