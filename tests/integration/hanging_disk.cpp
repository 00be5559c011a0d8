// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

/// To be preloaded: a disk that hangs for as long as the file exists that HANG names.
namespace {

int sync(const char* name, int file) {
  const char* hang = std::getenv("HANG");
  while (hang && access(hang, F_OK) == 0)
    usleep(50'000);
  return reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name))(file);
}

} // namespace

extern "C" int fsync(int file) {
  return sync("fsync", file);
}
extern "C" int fdatasync(int file) {
  return sync("fdatasync", file);
}
