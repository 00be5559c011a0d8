// SPDX-License-Identifier: MIT
#include "actors/storage/disk.hpp"

#include <system_error>

namespace peerage {

namespace fs = std::filesystem;

disk::problem disk::set_aside(const fs::path& path, std::string_view word,
                              fs::path& where, bool keep) {
  for (unsigned i = 1; i <= max_files_set_aside; ++i) {
    where = beside(path, std::string(word) + std::to_string(i));
    if (!exists(where))
      return keep ? link(path, where) : rename(path, where);
  }
  return "there are " + std::to_string(max_files_set_aside) + " such files already";
}

fs::path beside(const fs::path& path, std::string_view suffix) {
  auto result = path;
  result += suffix;
  return result;
}

std::string cannot(std::string_view what, const fs::path& path, int error) {
  auto why = std::generic_category().message(error);
  return "cannot " + std::string(what) + " " + path.string() + ": " + why;
}

} // namespace peerage
