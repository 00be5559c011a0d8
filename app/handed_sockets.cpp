// SPDX-License-Identifier: MIT
#include "app/handed_sockets.hpp"

#include "app/start_error.hpp"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>

namespace peerage {

namespace {

struct free_names {
  void operator()(char** names) const {
    for (auto** x = names; *x; ++x)
      std::free(*x);
    std::free(names);
  }
};

std::vector<int>& list_for(handed_sockets& all, const std::string& name) {
  if (name == "p2p")
    return all.p2p;
  if (name == "status")
    return all.status;
  if (name == "metrics")
    return all.metrics;
  throw start_error("the service manager hands over a socket named " + name +
                    ": its unit needs FileDescriptorName=p2p, status or metrics");
}

} // namespace

handed_sockets take_handed_sockets() {
  handed_sockets result;
  char** found = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &found);
  if (count < 0)
    throw start_error(std::string("the sockets of the service manager: ") +
                      std::strerror(-count));
  if (count == 0)
    return result;
  const std::unique_ptr<char*, free_names> owned{found};
  int descriptor = SD_LISTEN_FDS_START;
  for (const char* name : std::span(found, static_cast<std::size_t>(count)))
    list_for(result, name).push_back(descriptor++);
  return result;
}

} // namespace peerage
