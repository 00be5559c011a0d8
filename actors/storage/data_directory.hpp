// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/network.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace peerage {

/// Where a network's state is kept below `root`: DIR/<network> (main: DIR itself;
/// testnet: DIR/testnet3; as in Bitcoin Core).
std::filesystem::path folder_of(const std::filesystem::path& root,
                                const wire::network_parameters& network);

/// The folder of one node's state; locked as long as this object lives, so that two
/// processes never write to the same files.
class data_directory {
public:
  /// Makes the network's folder if it is missing, and locks it; null, with a text for
  /// people, if that fails.
  static std::unique_ptr<data_directory> open(const std::filesystem::path& root,
                                              const wire::network_parameters& network,
                                              std::string& error);

  data_directory(const data_directory&) = delete;
  data_directory& operator=(const data_directory&) = delete;
  ~data_directory();

  const std::filesystem::path& path() const { return path_; }

private:
  data_directory(std::filesystem::path path, int lock)
      : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_; ///< File descriptor; the lock ends with it, even if the process is killed.
};

} // namespace peerage
