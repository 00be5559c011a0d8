// SPDX-License-Identifier: MIT
#pragma once

#include "actors/storage/disk.hpp"

#include <memory>
#include <utility>

namespace peerage::test {

/// A disk as one process has it. When the process is gone, what its actors still ask for
/// has no effect: the next process may use the disk already.
class mounted_disk : public disk {
public:
  explicit mounted_disk(std::shared_ptr<disk> what) : what_(std::move(what)) {}

  void end_of_process() { what_ = nullptr; }

  contents read(const std::filesystem::path& path, std::size_t last) override {
    return what_ ? what_->read(path, last)
                 : contents{contents::outcome::unreadable, gone, {}, 0};
  }
  bool exists(const std::filesystem::path& path) override {
    return what_ && what_->exists(path);
  }
  problem create(const std::filesystem::path& path, std::string_view bytes) override {
    return what_ ? what_->create(path, bytes) : problem{gone};
  }
  problem append(const std::filesystem::path& path, std::string_view bytes) override {
    return what_ ? what_->append(path, bytes) : problem{gone};
  }
  problem truncate(const std::filesystem::path& path, std::size_t size) override {
    return what_ ? what_->truncate(path, size) : problem{gone};
  }
  problem rename(const std::filesystem::path& from,
                 const std::filesystem::path& to) override {
    return what_ ? what_->rename(from, to) : problem{gone};
  }
  problem link(const std::filesystem::path& from,
               const std::filesystem::path& to) override {
    return what_ ? what_->link(from, to) : problem{gone};
  }
  problem remove(const std::filesystem::path& path) override {
    return what_ ? what_->remove(path) : problem{gone};
  }
  problem sync_directory_of(const std::filesystem::path& path) override {
    return what_ ? what_->sync_directory_of(path) : problem{gone};
  }

private:
  static constexpr const char* gone = "the process is gone";

  std::shared_ptr<disk> what_; ///< Null: the process is gone.
};

} // namespace peerage::test
