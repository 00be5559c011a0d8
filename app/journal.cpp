// SPDX-License-Identifier: MIT
#include "app/journal.hpp"

#include <systemd/sd-journal.h>

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace peerage::journal {

namespace {

/// Between the fields of an entry; ASCII's unit separator.
constexpr char separator = '\x1f';

/// Those of syslog(3).
char priority_of(log::level at) {
  switch (at) {
  case log::level::trace:
  case log::level::debug: return '7';
  case log::level::info: return '6';
  case log::level::warn: return '4';
  case log::level::error: return '3';
  case log::level::critical: break;
  }
  return '2';
}

void add(std::string& to, std::string_view name, std::string_view value) {
  to.append(1, separator).append("PEERAGE_");
  std::ranges::transform(name, std::back_inserter(to), [](char x) {
    return 'a' <= x && x <= 'z' ? static_cast<char>(x - 'a' + 'A') : x;
  });
  to.append(1, '=').append(value);
}

/// Without characters that would end a field or an entry.
void clean(std::string& text, std::size_t from) {
  std::replace_if(
    text.begin() + static_cast<std::ptrdiff_t>(from), text.end(),
    [](unsigned char x) { return x < ' '; }, ' ');
}

} // namespace

bool is_stderr() {
  // DEVICE:INODE of the stream, in decimal numbers: a child may have another stderr.
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat here {};
  return stream && ::fstat(STDERR_FILENO, &here) == 0 &&
         std::to_string(here.st_dev) + ":" + std::to_string(here.st_ino) == stream;
}

std::string fields_of(const log::line& x) {
  std::string result;
  add(result, "part", to_string(x.from));
  for (const auto* value : x.values)
    if (value) {
      auto text = value->text;
      clean(text, 0);
      add(result, value->name, text);
    }
  return result;
}

std::string entry(log::level at, std::string_view text, std::string_view fields,
                  std::size_t count) {
  std::string result = "MESSAGE=";
  result += text;
  clean(result, 0);
  result.append(1, separator).append("PRIORITY=").append(1, priority_of(at));
  result += fields;
  if (count > 1)
    add(result, "count", std::to_string(count));
  return result + '\n';
}

ssize_t write(std::string_view entries) {
  const auto size = std::min(entries.find('\n'), entries.size());
  auto rest = entries.substr(0, size);
  std::vector<iovec> fields;
  while (!rest.empty()) {
    const auto field = rest.substr(0, rest.find(separator));
    // The journal only reads from it.
    fields.push_back({const_cast<char*>(field.data()), field.size()});
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
  }
  if (const int done = ::sd_journal_sendv(fields.data(), static_cast<int>(fields.size()));
      done < 0) {
    errno = -done;
    return -1;
  }
  return static_cast<ssize_t>(std::min(size + 1, entries.size()));
}

} // namespace peerage::journal
