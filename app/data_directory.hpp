#pragma once

#include "messages/wire/network.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace peerage {

/// Where one node keeps its state; locked as long as this lives, so that two processes
/// never write to the same files.
class data_directory {
public:
  /// Makes DIR/<network> (main: DIR itself; testnet: DIR/testnet3; as Bitcoin Core has
  /// it) if it is missing, and locks it; nullptr, and a text for people, if that fails.
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
  int lock_; ///< File descriptor; the lock goes with it, also if we are killed.
};

} // namespace peerage
