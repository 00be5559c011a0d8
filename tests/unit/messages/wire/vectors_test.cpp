// SPDX-License-Identifier: MIT
#include "messages/wire/codec.hpp"
#include "messages/wire/envelope.hpp"
#include "messages/wire/header_work.hpp"
#include "messages/wire/network.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace peerage::wire;

/// Bytes that others made: from the network, from BIPs, from the tests of other nodes.

namespace {

std::vector<std::byte> hex(std::string_view text) {
  std::vector<std::byte> result;
  REQUIRE(from_hex(text, result));
  return result;
}

hash256 hash(std::string_view text) {
  hash256 result;
  REQUIRE(parse_hash(text, result));
  return result;
}

template <class T>
T decoded(command type, std::string_view text) {
  message out;
  REQUIRE(decode(type, slice::adopt(hex(text)), out) == decode_result::ok);
  std::vector<std::byte> again;
  encode_payload(out, again);
  CHECK(to_hex(again) == text);
  return std::get<T>(out);
}

constexpr std::uint32_t main_magic = 0xd9b4bef9;

constexpr std::string_view genesis_header =
  "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b"
  "12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";
constexpr std::string_view genesis_coinbase =
  "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d"
  "04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f"
  "6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2"
  "052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649"
  "f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";
constexpr std::string_view genesis_merkle_root =
  "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";

} // namespace

TEST_CASE("the version message of the protocol documentation") {
  auto bytes = hex("f9beb4d976657273696f6e0000000000640000"
                   "003b648d5a62ea0000010000000000000011b2d05000000000"
                   "010000000000000000000000000000000000ffff000000000000"
                   "010000000000000000000000000000000000ffff000000000000"
                   "3b2eb35d8ce617650f2f5361746f7368693a302e372e322fc03e0300");
  auto head = read_envelope(bytes.data());
  CHECK(head.magic == main_magic);
  CHECK(head.type == command::version);
  CHECK(head.length == 100);
  auto payload = slice::copy_of(bytes_view{bytes}.subspan(envelope_size));
  CHECK(head.checksum == checksum(payload.view()));
  message out;
  REQUIRE(decode(head.type, payload, out) == decode_result::ok);
  const auto& x = std::get<version>(out);
  CHECK(x.protocol == 60'002);
  CHECK(x.services == node_network);
  CHECK(x.time == 1'355'854'353);
  CHECK(x.receiver.services == 1);
  CHECK(x.receiver.ip[10] == 0xff);
  CHECK(x.receiver.port == 0);
  CHECK(x.nonce == 0x6517e68c5db32e3b);
  CHECK(x.user_agent == "/Satoshi:0.7.2/");
  CHECK(x.start_height == 212'672);
  CHECK(x.relay);
}

TEST_CASE("whole messages of the protocol documentation") {
  CHECK(to_hex(encode(main_magic, verack{})) ==
        "f9beb4d976657261636b000000000000000000005df6e0e2");
  CHECK(to_hex(encode(main_magic, getaddr{})) ==
        "f9beb4d9676574616464720000000000000000005df6e0e2");
  // One address: 10.0.0.1:8333, full node, seen on 2010-12-20.
  auto x = decoded<addr>(command::addr, "01e215104d010000000000000000000000000000000000"
                                        "ffff0a000001208d");
  REQUIRE(x.entries.size() == 1);
  CHECK(x.entries[0].time == 0x4d1015e2);
  CHECK(x.entries[0].address.services == 1);
  CHECK(x.entries[0].address.ip[12] == 10);
  CHECK(x.entries[0].address.ip[15] == 1);
  CHECK(x.entries[0].address.port == 8333);
  CHECK(
    to_hex(encode(main_magic, x)) ==
    "f9beb4d96164647200000000000000001f000000ed52399b01e215104d01000000000000000000000"
    "0000000000000ffff0a000001208d");
}

TEST_CASE("addr and addrv2 as Bitcoin Core's net_tests have them (BIP 155)") {
  constexpr std::string_view loopback = "00000000000000000000000000000001";
  const std::string at(loopback);
  auto v1 =
    decoded<addr>(command::addr, "03"
                                 "61bc66490000000000000000" +
                                   at + "0000" + "796276830100000000000000" + at +
                                   "00f1" + "ffffffff4804000000000000" + at + "f1f2");
  auto v2 =
    decoded<addrv2>(command::addrv2, "03"
                                     "61bc6649000210" +
                                       at + "0000" + "79627683010210" + at + "00f1" +
                                       "fffffffffd48040210" + at + "f1f2");
  REQUIRE(v1.entries.size() == 3);
  REQUIRE(v2.entries.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(v2.entries[i].time == v1.entries[i].time);
    CHECK(v2.entries[i].services == v1.entries[i].address.services);
    CHECK(v2.entries[i].port == v1.entries[i].address.port);
    CHECK(v2.entries[i].network_id == 2);
    CHECK(to_hex(std::as_bytes(std::span(v2.entries[i].bytes))) == loopback);
  }
  CHECK(v2.entries[0].time == 0x4966bc61);
  CHECK(v2.entries[1].port == 0x00f1);
  CHECK(v2.entries[2].services ==
        (node_witness | node_compact_filters | node_network_limited));
}

TEST_CASE("an addrv2 entry of every network of BIP 155") {
  struct sample {
    std::uint8_t id;
    std::string_view address;
  };
  for (const auto& x : {
         sample{1, "01020304"},
         sample{2, "1a1b2a2b3a3b4a4b5a5b6a6b7a7b8a8b"},
         sample{3, "f1f2f3f4f5f6f7f8f9fa"},
         sample{4, "79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f"},
         sample{5, "a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a87"},
         sample{6, "fc000001000200030004000500060007"},
         sample{0xaa, "01020304"},
       }) {
    auto length = x.address.size() / 2;
    auto text = "0100000000"
                "00" +
                to_hex(std::as_bytes(std::span(&x.id, 1))) +
                to_hex({reinterpret_cast<const std::byte*>(&length), 1}) +
                std::string(x.address) + "208d";
    auto out = decoded<addrv2>(command::addrv2, text);
    REQUIRE(out.entries.size() == 1);
    CHECK(out.entries[0].network_id == x.id);
    CHECK(to_hex(std::as_bytes(std::span(out.entries[0].bytes))) == x.address);
    CHECK(out.entries[0].port == 8333);
  }
}

TEST_CASE("each network's parameters fit its genesis block") {
  struct genesis {
    network id;
    std::string_view magic; ///< As the bytes stand on the wire.
    std::string_view merkle_root;
    std::uint32_t time, bits, nonce;
  };
  // Sources: the chain parameters of the network's nodes, and BIPs 94 and 325.
  for (const auto& x : {
         genesis{network::main, "f9beb4d9", genesis_merkle_root, 1'231'006'505,
                 0x1d00ffff, 2'083'236'893},
         genesis{network::testnet, "0b110907", genesis_merkle_root, 1'296'688'602,
                 0x1d00ffff, 414'098'458},
         genesis{network::testnet4, "1c163f28",
                 "7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e",
                 1'714'777'860, 0x1d00ffff, 393'743'547},
         genesis{network::signet, "0a03cf40", genesis_merkle_root, 1'598'918'400,
                 0x1e0377ae, 52'613'770},
         genesis{network::regtest, "fabfb5da", genesis_merkle_root, 1'296'688'602,
                 0x207fffff, 2},
       }) {
    const auto& known = parameters(x.id);
    CAPTURE(known.name);
    CHECK(known.id == x.id);
    CHECK(find_network(known.name) == &known);
    CHECK(known.port != 0);
    CHECK(to_hex(std::as_bytes(std::span(&known.magic, 1))) == x.magic);
    block_header header{1, {}, hash(x.merkle_root), x.time, x.bits, x.nonce};
    CHECK(to_string(header.hash()) == to_string(known.genesis));
    CHECK(fault_of({&header, 1}, known.easiest_bits) == header_fault::none);
  }
  CHECK(find_network("mainnet") == nullptr);
  CHECK(find_network("") == nullptr);
}

TEST_CASE("the genesis block of the main network") {
  auto text = std::string(genesis_header) + "01" + std::string(genesis_coinbase);
  auto x = decoded<block>(command::block, text);
  CHECK(x.hash() == parameters(network::main).genesis);
  CHECK(x.header().hash() == x.hash());
  CHECK(x.header().time == 1'231'006'505);
  CHECK(x.header().previous.is_zero());
  CHECK(to_string(x.header().merkle_root) == genesis_merkle_root);
  auto list =
    decoded<headers>(command::headers, "01" + std::string(genesis_header) + "00");
  REQUIRE(list.entries.size() == 1);
  CHECK(list.entries[0] == x.header());
}

TEST_CASE("txid and wtxid of transactions, without and with witnesses") {
  // Without: both are the same.
  auto old = decoded<tx>(command::tx, genesis_coinbase);
  CHECK(to_string(old.txid()) == genesis_merkle_root);
  CHECK(old.wtxid() == old.txid());
  // A P2SH-P2WPKH spend of the main network.
  auto one = decoded<tx>(command::tx, "0200000000010140d43a99926d43eb0e619bf0b3d83b4a31f6"
                                      "0c176beecfb9d35bf45e54d0f742010000"
                                      "0017160014a4b4ca48de0b3fffc15404a1acdc8dbaae226955"
                                      "ffffffff0100e1f5050000000017a9144a"
                                      "1154d50b03292b3024370901711946cb7cccc3870248304502"
                                      "21008604ef8f6d8afa892dee0f31259b6c"
                                      "e02dd70c545cfcfed8148179971876c54a022076d771d6e91b"
                                      "ed212783c9b06e0de600fab2d518fad6f1"
                                      "5a2b191d7fbd262a3e0121039d25ab79f41f75ceaf882411fd"
                                      "41fa670a4c672c23ffaf0e361a969cde06"
                                      "92e800000000");
  CHECK(to_string(one.txid()) ==
        "c586389e5e4b3acb9d6c8be1c19ae8ab2795397633176f5a6442a261bbdefc3a");
  CHECK(to_string(one.wtxid()) ==
        "b759d39a8596b70b3a46700b83e1edb247e17ba58df305421864fe7a9ac142ea");
  // The P2WPKH example of BIP 143: two inputs, the first without a witness.
  constexpr std::string_view bip143 = "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec"
                                      "38171ea3edf433541db4e4ad969f000000"
                                      "00494830450221008b9d1dc26ba6a9cb62127b02742fa9d754"
                                      "cd3bebf337f7a55d114c8e5cdd30be0220"
                                      "40529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ec"
                                      "bab4cc618ef3ed01eeffffffef51e1b804"
                                      "cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90e"
                                      "c68a0100000000ffffffff02202cb20600"
                                      "0000001976a9148280b37df378db99f66f85c95a783a76ac7a"
                                      "6d5988ac9093510d000000001976a9143b"
                                      "de42dbee7e4dbe6a21b2d50ce2f0167faa815988ac00024730"
                                      "4402203609e17b84f6a7d30c80bfa610b5"
                                      "b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c45"
                                      "18331561406f90300e8f3358f51928d43c"
                                      "212a8caed02de67eebee0121025476c2e83188368da1ff3e29"
                                      "2e7acafcdb3566bb0ad253f62fc70f07ae"
                                      "ee635711000000";
  auto two = decoded<tx>(command::tx, bip143);
  CHECK(to_string(two.txid()) ==
        "e8151a2af31c368a35053ddd4bdb285a8595c769a3ad83e0fa02314a602d4609");
  CHECK(to_string(two.wtxid()) ==
        "c36c38370907df2324d9ce9d149d191192f338b37665a82e78e76a12c909b762");

  // An ill-formed transaction has its wtxid for a txid, at every length.
  auto whole = hex(bip143);
  for (std::size_t length = 10; length <= whole.size() + 3; ++length) {
    auto bytes = whole;
    bytes.resize(length);
    tx broken{slice::adopt(std::move(bytes))};
    CHECK((broken.txid() == broken.wtxid()) == (length != whole.size()));
  }
}

TEST_CASE("hashes as people write them") {
  const auto& main = parameters(network::main);
  auto text = to_string(main.genesis);
  CHECK(text == "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
  hash256 back;
  CHECK(parse_hash(text, back));
  CHECK(back == main.genesis);
  CHECK_FALSE(parse_hash(text.substr(1), back));
  CHECK_FALSE(parse_hash(text + "0", back));
  text[5] = 'g';
  CHECK_FALSE(parse_hash(text, back));
  CHECK(to_string(double_sha256(as_bytes("hello"))) ==
        "503d8319a48348cdc610a582f7bf754b5833df65038606eb48510790dfc99595");
  double_sha256_stream stream;
  for (std::string_view part : {"he", "", "llo"})
    stream.update(as_bytes(part));
  CHECK(stream.finish() == double_sha256(as_bytes("hello")));
  CHECK(checksum({}) == 0xe2e0f65d);
  std::vector<std::byte> bytes;
  CHECK(from_hex("00fFaB", bytes));
  CHECK(to_hex(bytes) == "00ffab");
  CHECK_FALSE(from_hex("0", bytes));
  CHECK_FALSE(from_hex("0x", bytes));
  CHECK(bytes.empty());
}
