// SPDX-License-Identifier: MIT
#include "actors/storage/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace peerage {

namespace fs = std::filesystem;

namespace {

std::string last_error() {
  return std::strerror(errno);
}

/// "cannot create /a/b: Permission denied".
std::string cannot(const char* what, const fs::path& path, const std::string& why) {
  return std::string("cannot ") + what + " " + path.string() + ": " + why;
}

/// The holder of the lock, by the process id in it, for the error text.
std::string holder(int lock) {
  std::array<char, 16> buffer{};
  auto size = pread(lock, buffer.data(), buffer.size() - 1, 0);
  std::string pid(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  pid.resize(std::min(pid.find_first_not_of("0123456789"), pid.size()));
  return pid.empty() ? "another peerage" : "another peerage (process " + pid + ")";
}

} // namespace

fs::path folder_of(const fs::path& root, const wire::network_parameters& network) {
  switch (network.id) {
  case wire::network::main: return root;
  case wire::network::testnet: return root / "testnet3";
  default: return root / std::string(network.name);
  }
}

std::unique_ptr<data_directory>
data_directory::open(const fs::path& root, const wire::network_parameters& network,
                     std::string& error) {
  auto path = folder_of(root, network);
  std::error_code failure;
  auto mask = umask(0077); // new files are readable by their owner alone
  fs::create_directories(path, failure);
  umask(mask);
  if (failure) {
    error = cannot("create", path, failure.message());
    return nullptr;
  }
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    error = cannot("read and write in", path, last_error());
    return nullptr;
  }
  auto lock_path = path / ".lock";
  auto lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) {
    error = cannot("open", lock_path, last_error());
    return nullptr;
  }
  std::unique_ptr<data_directory> result{new data_directory(path, lock)};
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    error = errno == EWOULDBLOCK ? path.string() + " is in use by " + holder(lock)
                                 : cannot("lock", lock_path, last_error());
    return nullptr;
  }
  auto pid = std::to_string(getpid()) + "\n";
  if (ftruncate(lock, 0) != 0 ||
      pwrite(lock, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    error = cannot("write", lock_path, last_error());
    return nullptr;
  }
  return result;
}

data_directory::~data_directory() {
  close(lock_);
}

} // namespace peerage
