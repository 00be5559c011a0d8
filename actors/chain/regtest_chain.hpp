// SPDX-License-Identifier: MIT
#pragma once

#include "messages/checks/expects.hpp"
#include "messages/wire/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace peerage {

/// A valid regtest chain in memory, for demonstrations and tests: genesis, then blocks
/// that hold nothing but a coinbase. Immutable once made, so any thread may read it.
class regtest_chain {
public:
  /// Mines `blocks` blocks on top of genesis; regtest's target takes two tries a block.
  /// Equal seeds make equal chains.
  static std::shared_ptr<const regtest_chain> generate(std::size_t blocks,
                                                       std::uint64_t seed);

  std::size_t height() const { return blocks_.size() - 1; }

  /// Requires height <= height().
  const wire::block& at(std::size_t height) const {
    PEERAGE_EXPECTS(height < blocks_.size());
    return blocks_[height];
  }
  const wire::hash256& hash_at(std::size_t height) const { return hashes_[height]; }

  std::optional<std::size_t> find(const wire::hash256& hash) const;

  /// The heights that a getheaders or getblocks asks for: those behind the first locator
  /// hash that is ours (genesis if none is), up to `stop` or `limit` entries. An empty
  /// locator asks for the block `stop` alone.
  struct range {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  range after(const std::vector<wire::hash256>& locator, const wire::hash256& stop,
              std::size_t limit) const;

private:
  void append(const wire::block_header& header, const std::vector<std::byte>& coinbase);

  std::vector<wire::block> blocks_;
  std::vector<wire::hash256> hashes_;
  std::unordered_map<wire::hash256, std::size_t> heights_;
};

} // namespace peerage
