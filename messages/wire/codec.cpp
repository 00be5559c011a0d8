// SPDX-License-Identifier: MIT
#include "messages/wire/codec.hpp"

#include "messages/wire/addresses.hpp"
#include "messages/wire/limits.hpp"

#include <bit>
#include <concepts>
#include <cstring>
#include <type_traits>

namespace peerage::wire {

static_assert(std::endian::native == std::endian::little,
              "integers are copied as they stand in memory");

namespace {

// -- the two directions --------------------------------------------------------------
//
// Each message below lists its fields once, in `fields(codec, x)`. A `reader` fills them
// from a payload, a `writer` appends them to one; both offer the same calls.

class reader {
public:
  explicit reader(const slice& payload) : payload_(payload), rest_(payload.view()) {}

  decode_result result() const {
    return failed_       ? decode_result::malformed
           : over_limit_ ? decode_result::over_limit
                         : decode_result::ok;
  }
  bool failed() const { return failed_; }
  std::size_t remaining() const { return rest_.size(); }

  template <class T>
  requires std::is_arithmetic_v<T>
  void number(T& x) { bytes(&x, sizeof x); }

  void boolean(bool& x) {
    std::uint8_t byte = 0;
    number(byte);
    x = byte != 0;
  }

  void port(std::uint16_t& x) {
    number(x);
    x = static_cast<std::uint16_t>((x << 8) | (x >> 8));
  }

  void bytes(void* to, std::size_t count) {
    if (rest_.size() < count)
      return fail();
    if (count == 0) // memcpy must not see the null pointers of empty ranges
      return;
    std::memcpy(to, rest_.data(), count);
    rest_ = rest_.subspan(count);
  }

  /// Fails on a length that is not in its shortest form, as the network does.
  void compact_size(std::uint64_t& x) {
    std::uint8_t first = 0;
    number(first);
    if (first < 0xfd) {
      x = first;
    } else if (first == 0xfd) {
      compact_size_of<std::uint16_t>(x, 0xfd);
    } else if (first == 0xfe) {
      compact_size_of<std::uint32_t>(x, 0x10000);
    } else {
      compact_size_of<std::uint64_t>(x, 0x100000000);
    }
  }

  void text(std::string& x, std::size_t limit) {
    auto size = length(limit);
    x.resize(size);
    bytes(x.data(), size);
  }

  void octets(std::vector<std::uint8_t>& x, std::size_t limit) {
    auto size = length(limit);
    x.resize(size);
    bytes(x.data(), size);
  }

  /// `smallest` is the least size of an entry: a count that the payload has no room for
  /// is refused before the vector grows. Only entries that are there break a limit: too
  /// many of them are read, but not kept.
  template <class T, class F>
  void list(std::vector<T>& xs, std::size_t limit, std::size_t smallest, F each) {
    std::uint64_t count = 0;
    compact_size(count);
    if (failed())
      return;
    if (count > rest_.size() / smallest)
      return fail();
    if (count > limit) {
      over_limit_ = true;
      T dropped;
      for (std::uint64_t i = 0; i < count && !failed(); ++i)
        each(*this, dropped);
      return;
    }
    xs.resize(static_cast<std::size_t>(count));
    for (auto& x : xs)
      each(*this, x);
  }

  /// Fails unless the condition holds.
  void require(bool holds) {
    if (!holds)
      fail();
  }

  void rest(slice& x) {
    x = payload_.sub(rest_);
    rest_ = {};
  }

  /// Fields from here on may be missing.
  bool at_end() const { return rest_.empty(); }

private:
  void fail() {
    failed_ = true;
    rest_ = {};
  }

  template <class T>
  void compact_size_of(std::uint64_t& x, std::uint64_t smallest) {
    T value = 0;
    number(value);
    x = value;
    if (x < smallest)
      fail();
  }

  std::size_t length(std::size_t limit) {
    std::uint64_t size = 0;
    compact_size(size);
    if (size > limit || size > rest_.size()) {
      fail();
      return 0;
    }
    return static_cast<std::size_t>(size);
  }

  const slice& payload_;
  bytes_view rest_;
  bool failed_ = false;
  bool over_limit_ = false;
};

class writer {
public:
  explicit writer(std::vector<std::byte>& out) : out_(out) {}

  template <class T>
  requires std::is_arithmetic_v<T>
  void number(T x) { bytes(&x, sizeof x); }

  void boolean(bool x) { number(static_cast<std::uint8_t>(x)); }

  void port(std::uint16_t x) { number(static_cast<std::uint16_t>((x << 8) | (x >> 8))); }

  void bytes(const void* from, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(from);
    out_.insert(out_.end(), first, first + count);
  }

  void compact_size(std::uint64_t x) {
    if (x < 0xfd) {
      number(static_cast<std::uint8_t>(x));
    } else if (x <= 0xffff) {
      number(std::uint8_t{0xfd});
      number(static_cast<std::uint16_t>(x));
    } else if (x <= 0xffffffff) {
      number(std::uint8_t{0xfe});
      number(static_cast<std::uint32_t>(x));
    } else {
      number(std::uint8_t{0xff});
      number(x);
    }
  }

  void text(const std::string& x, std::size_t) {
    compact_size(x.size());
    bytes(x.data(), x.size());
  }

  void octets(const std::vector<std::uint8_t>& x, std::size_t) {
    compact_size(x.size());
    bytes(x.data(), x.size());
  }

  template <class T, class F>
  void list(const std::vector<T>& xs, std::size_t, std::size_t, F each) {
    compact_size(xs.size());
    for (const auto& x : xs)
      each(*this, x);
  }

  void require(bool) const {}

  void rest(const slice& x) { bytes(x.data(), x.size()); }

  bool at_end() const { return false; }

private:
  std::vector<std::byte>& out_;
};

/// `T` or `const T`: readers take the one, writers the other.
template <class X, class T>
concept maybe_const = std::same_as<std::remove_const_t<X>, T>;

// -- fields --------------------------------------------------------------------------

void hash_field(auto& codec, maybe_const<hash256> auto& x) {
  codec.bytes(x.bytes.data(), x.bytes.size());
}

void fields(auto& codec, maybe_const<socket_address> auto& x) {
  codec.number(x.services);
  codec.bytes(x.ip.data(), x.ip.size());
  codec.port(x.port);
}

void fields(auto& codec, maybe_const<version> auto& x) {
  codec.number(x.protocol);
  codec.number(x.services);
  codec.number(x.time);
  fields(codec, x.receiver);
  // Very old nodes end here, or before any later field.
  if (codec.at_end())
    return;
  fields(codec, x.sender);
  codec.number(x.nonce);
  if (codec.at_end())
    return;
  codec.text(x.user_agent, limits::user_agent);
  if (codec.at_end())
    return;
  codec.number(x.start_height);
  if (codec.at_end())
    return;
  codec.boolean(x.relay);
}

void fields(auto& codec, maybe_const<ping> auto& x) {
  codec.number(x.nonce);
}

void fields(auto& codec, maybe_const<pong> auto& x) {
  codec.number(x.nonce);
}

void fields(auto& codec, maybe_const<addr> auto& x) {
  codec.list(x.entries, limits::addresses, 30, [](auto& c, auto& entry) {
    c.number(entry.time);
    fields(c, entry.address);
  });
}

/// BIP 155: an address of a known network with a wrong length spoils the message.
bool has_right_length(const network_address& x) {
  const auto length = address_length(x.network_id);
  return length == 0 || x.bytes.size() == length;
}

void fields(auto& codec, maybe_const<addrv2> auto& x) {
  codec.list(x.entries, limits::addresses, 9, [](auto& c, auto& entry) {
    c.number(entry.time);
    c.compact_size(entry.services);
    c.number(entry.network_id);
    c.octets(entry.bytes, limits::address_bytes);
    c.require(has_right_length(entry));
    c.port(entry.port);
  });
}

void inventory(auto& codec, auto& entries) {
  codec.list(entries, limits::inventory, 36, [](auto& c, auto& entry) {
    c.number(entry.type);
    hash_field(c, entry.hash);
  });
}

void fields(auto& codec, maybe_const<inv> auto& x) {
  inventory(codec, x.entries);
}

void fields(auto& codec, maybe_const<getdata> auto& x) {
  inventory(codec, x.entries);
}

void fields(auto& codec, maybe_const<notfound> auto& x) {
  inventory(codec, x.entries);
}

void locator(auto& codec, auto& x) {
  codec.number(x.protocol);
  codec.list(x.locator, limits::locator, 32,
             [](auto& c, auto& hash) { hash_field(c, hash); });
  hash_field(codec, x.stop);
}

void fields(auto& codec, maybe_const<getheaders> auto& x) {
  locator(codec, x);
}

void fields(auto& codec, maybe_const<getblocks> auto& x) {
  locator(codec, x);
}

void fields(auto& codec, maybe_const<block_header> auto& x) {
  codec.number(x.version);
  hash_field(codec, x.previous);
  hash_field(codec, x.merkle_root);
  codec.number(x.time);
  codec.number(x.bits);
  codec.number(x.nonce);
}

void fields(auto& codec, maybe_const<headers> auto& x) {
  codec.list(x.entries, limits::headers, 81, [](auto& c, auto& entry) {
    fields(c, entry);
    // A transaction count, always 0, that makes a header look like a block.
    std::uint64_t transactions = 0;
    c.compact_size(transactions);
  });
}

void fields(auto& codec, maybe_const<block> auto& x) {
  codec.rest(x.bytes);
}

void fields(auto& codec, maybe_const<tx> auto& x) {
  codec.rest(x.bytes);
}

void fields(auto& codec, maybe_const<sendcmpct> auto& x) {
  codec.boolean(x.announce);
  codec.number(x.version);
}

void fields(auto& codec, maybe_const<feefilter> auto& x) {
  codec.number(x.rate);
}

void fields(auto& codec, maybe_const<reject> auto& x) {
  codec.text(x.message, limits::reject_message);
  codec.number(x.code);
  codec.text(x.reason, limits::reject_reason);
  codec.rest(x.data);
}

void fields(auto& codec, maybe_const<opaque> auto& x) {
  codec.rest(x.bytes);
}

template <class T>
concept without_fields = std::is_empty_v<T>;

void fields(auto&, const without_fields auto&) {}

// -- dispatch ------------------------------------------------------------------------

template <class T>
decode_result read(const slice& payload, message& out) {
  reader codec{payload};
  fields(codec, out.emplace<T>());
  return codec.result();
}

decode_result read_opaque(command type, const slice& payload, message& out) {
  out = opaque{type, payload};
  return decode_result::ok;
}

} // namespace

decode_result decode(command type, const slice& payload, message& out) {
  switch (type) {
  case command::version: return read<version>(payload, out);
  case command::verack: return read<verack>(payload, out);
  case command::ping: return read<ping>(payload, out);
  case command::pong: return read<pong>(payload, out);
  case command::getaddr: return read<getaddr>(payload, out);
  case command::addr: return read<addr>(payload, out);
  case command::addrv2: return read<addrv2>(payload, out);
  case command::sendaddrv2: return read<sendaddrv2>(payload, out);
  case command::wtxidrelay: return read<wtxidrelay>(payload, out);
  case command::inv: return read<inv>(payload, out);
  case command::getdata: return read<getdata>(payload, out);
  case command::notfound: return read<notfound>(payload, out);
  case command::getheaders: return read<getheaders>(payload, out);
  case command::headers: return read<headers>(payload, out);
  case command::getblocks: return read<getblocks>(payload, out);
  case command::mempool: return read<mempool>(payload, out);
  case command::sendheaders: return read<sendheaders>(payload, out);
  case command::sendcmpct: return read<sendcmpct>(payload, out);
  case command::feefilter: return read<feefilter>(payload, out);
  case command::reject: return read<reject>(payload, out);
  case command::block:
    // Header and a transaction count; the rest is not read here.
    if (payload.size() < 81)
      return decode_result::malformed;
    return read<block>(payload, out);
  case command::tx:
    // Version, one empty input and output list, lock time.
    if (payload.size() < 10)
      return decode_result::malformed;
    return read<tx>(payload, out);
  case command::getcfilters:
  case command::getcfheaders:
    // Filter type, start height, stop hash (BIP 157); the rest is not read.
    if (payload.size() < 37)
      return decode_result::malformed;
    return read_opaque(type, payload, out);
  case command::getcfcheckpt:
    // Filter type, stop hash.
    if (payload.size() < 33)
      return decode_result::malformed;
    return read_opaque(type, payload, out);
  case command::unknown:
  case command::filterload:
  case command::filteradd:
  case command::filterclear:
  case command::merkleblock:
  case command::cmpctblock:
  case command::getblocktxn:
  case command::blocktxn:
  case command::cfilter:
  case command::cfheaders:
  case command::cfcheckpt: return read_opaque(type, payload, out);
  }
  return decode_result::malformed;
}

void encode_payload(const message& x, std::vector<std::byte>& out) {
  writer codec{out};
  std::visit([&](const auto& body) { fields(codec, body); }, x);
}

command command_of(const message& x) {
  // In the order of the variant.
  static constexpr command order[] = {
    command::version,    command::verack,  command::ping,        command::pong,
    command::getaddr,    command::addr,    command::addrv2,      command::sendaddrv2,
    command::wtxidrelay, command::inv,     command::getdata,     command::notfound,
    command::getheaders, command::headers, command::getblocks,   command::block,
    command::tx,         command::mempool, command::sendheaders, command::sendcmpct,
    command::feefilter,  command::reject,
  };
  static_assert(std::size(order) + 1 == std::variant_size_v<message>);
  if (const auto* other = std::get_if<opaque>(&x))
    return other->type;
  return order[x.index()];
}

void encode_header(const block_header& x, std::vector<std::byte>& out) {
  writer codec{out};
  fields(codec, x);
}

block_header decode_header(const slice& bytes) {
  block_header result;
  reader codec{bytes};
  fields(codec, result);
  return result;
}

} // namespace peerage::wire
