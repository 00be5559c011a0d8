#include "actors/discovery/state_file.hpp"

#include "actors/log.hpp"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace peerage {

namespace fs = std::filesystem;

namespace {

using outcome = loaded_state::outcome;
using problem = std::optional<std::string>; ///< Nothing: it worked.

constexpr std::size_t digest_length = 2 * SHA256_DIGEST_LENGTH;
constexpr std::size_t max_kind_length = 32;

// -- names and words --------------------------------------------------------------------

fs::path beside(const fs::path& path, std::string_view suffix) {
  auto result = path;
  result += suffix;
  return result;
}

/// "cannot write /a/b: No space left on device", from errno.
std::string cannot(std::string_view what, const fs::path& path) {
  auto why = std::generic_category().message(errno);
  return "cannot " + std::string(what) + " " + path.string() + ": " + why;
}

// -- files ------------------------------------------------------------------------------

/// Closes a file when it goes out of scope.
class open_file {
public:
  open_file(const fs::path& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { close(); }

  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

  /// False, with errno, if the system has bad news of earlier writes.
  bool close() {
    auto closing = std::exchange(descriptor_, -1);
    return closing < 0 || ::close(closing) == 0;
  }

private:
  int descriptor_;
};

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Makes a file that is on the disk when this returns.
problem write_file(const fs::path& path, std::string_view bytes) {
  open_file file{path, O_WRONLY | O_CREAT | O_EXCL};
  if (!file)
    return cannot("create", path);
  if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0 || !file.close())
    return cannot("write", path);
  return std::nullopt;
}

/// Renames are on the disk only when their directory is.
problem sync_directory_of(const fs::path& path) {
  auto directory = path.has_parent_path() ? path.parent_path() : fs::path{"."};
  open_file file{directory, O_RDONLY | O_DIRECTORY};
  // Some file systems keep directories safe by themselves and know no fsync for them.
  if (!file || (::fsync(file.get()) != 0 && errno != EINVAL && errno != ENOTSUP))
    return cannot("write the directory", directory);
  return std::nullopt;
}

// -- the format -------------------------------------------------------------------------

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           digest.data());
  std::string result;
  for (auto byte : digest) {
    result += "0123456789abcdef"[byte >> 4];
    result += "0123456789abcdef"[byte & 15];
  }
  return result;
}

bool is_kind(std::string_view x) {
  return !x.empty() && x.size() <= max_kind_length &&
         x.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == x.npos;
}

std::string encode(std::string_view kind, std::uint32_t version,
                   const nlohmann::json& body) {
  using handler = nlohmann::json::error_handler_t;
  auto text = body.dump(-1, ' ', false, handler::replace) + "\n";
  auto checked = "peerage " + std::string(kind) + " " + std::to_string(version) + " " +
                 std::to_string(text.size()) + "\n" + text;
  return sha256_hex(checked) + " " + checked;
}

/// A file as found.
struct finding {
  outcome result = outcome::loaded;
  std::string why; ///< Not intact: a sentence without its subject.
  std::uint32_t version = 0;
  nlohmann::json body;
};

finding damaged(std::string why) {
  return {outcome::damaged, std::move(why), 0, nullptr};
}

/// Takes the text in front of `end` off `rest`.
std::string_view take_until(std::string_view& rest, char end) {
  auto size = rest.find(end);
  auto result = rest.substr(0, size);
  rest.remove_prefix(size == rest.npos ? rest.size() : size + 1);
  return result;
}

finding decode(std::string_view file, std::string_view kind, std::uint32_t supported) {
  auto rest = file;
  auto digest = take_until(rest, ' ');
  if (digest.size() != digest_length)
    return damaged("does not begin like a file of peerage");
  if (digest != sha256_hex(rest))
    return damaged("does not match its checksum");
  auto line = take_until(rest, '\n');
  auto magic = take_until(line, ' ');
  auto held = take_until(line, ' ');
  auto version = take_until(line, ' ');
  finding result;
  auto [end, error] = std::from_chars(version.begin(), version.end(), result.version);
  if (magic != "peerage" || error != std::errc{} || end != version.end() ||
      line != std::to_string(rest.size()))
    return damaged("has a first line that peerage does not write");
  if (held != kind)
    return damaged("holds " + std::string(held) + " and not " + std::string(kind));
  if (result.version > supported) {
    result.result = outcome::newer_version;
    result.why = "has format " + std::string(version) +
                 " of a later peerage, and this one knows no later than " +
                 std::to_string(supported);
    return result;
  }
  result.body = nlohmann::json::parse(rest, nullptr, false);
  if (result.body.is_discarded())
    return damaged("is not JSON");
  return result;
}

finding unreadable() {
  return {outcome::unreadable,
          "cannot be read (" + std::generic_category().message(errno) + ")", 0, nullptr};
}

finding examine(const fs::path& path, std::string_view kind, std::uint32_t supported) {
  // Not to hang on a pipe that somebody put here.
  open_file file{path, O_RDONLY | O_NONBLOCK};
  if (!file && errno == ENOENT)
    return {outcome::missing, "is missing", 0, nullptr};
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0)
    return unreadable();
  if (!S_ISREG(status.st_mode))
    return damaged("is no file");
  if (static_cast<std::uintmax_t>(status.st_size) > max_state_file_size)
    return damaged("is larger than 64 MiB");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    auto got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return unreadable();
    if (got == 0)
      break; // became shorter: the checksum will tell
    size += static_cast<std::size_t>(got);
  }
  return decode(std::string_view(bytes).substr(0, size), kind, supported);
}

/// Renames what cannot be used to "NAME.damaged-N" or "NAME.newer-N", N the first free
/// number from 1.
problem set_aside(const fs::path& path, const finding& found, fs::path& where) {
  const std::string_view word =
    found.result == outcome::newer_version ? ".newer-" : ".damaged-";
  for (unsigned i = 1; i <= max_files_set_aside; ++i) {
    where = beside(path, std::string(word) + std::to_string(i));
    struct stat unused;
    if (::lstat(where.c_str(), &unused) == 0)
      continue;
    if (::rename(path.c_str(), where.c_str()) != 0)
      return cannot("rename", path);
    return std::nullopt;
  }
  return "there are " + std::to_string(max_files_set_aside) + " such files already";
}

/// What becomes of a file that cannot be used, as a sentence.
std::string put_out_of_the_way(const fs::path& path, const finding& found) {
  auto sentence = path.string() + " " + found.why;
  if (found.result == outcome::unreadable)
    return sentence + "; it was left as it is: check its owner, mode and disk. ";
  fs::path where;
  if (auto failure = set_aside(path, found, where))
    return sentence + "; it could not be set aside (" + *failure +
           "): move it away by hand. ";
  return sentence + "; it was set aside as " + where.string() +
         (found.result == outcome::newer_version
            ? ": to use it, run the later peerage and rename it back. "
            : ": delete it, or bring back a copy of your own. ");
}

/// Before a save: keeps an intact file as the previous one; anything else is set aside,
/// so that it pushes out no good copy.
problem make_way(const fs::path& path, std::string_view kind, std::uint32_t version) {
  auto found = examine(path, kind, version);
  fs::path where;
  if (found.result == outcome::missing)
    return std::nullopt;
  if (found.result != outcome::loaded) {
    if (auto failure = set_aside(path, found, where))
      return "the file there " + found.why + " and could not be set aside (" + *failure +
             ")";
  } else if (::rename(path.c_str(), beside(path, ".previous").c_str()) != 0) {
    return cannot("rename", path);
  }
  return std::nullopt;
}

} // namespace

std::optional<std::string> save_state_file(const fs::path& path, std::string_view kind,
                                           std::uint32_t version,
                                           const nlohmann::json& body) {
  const auto fresh = beside(path, ".new");
  auto failed = [&](const std::string& why) {
    ::unlink(fresh.c_str());
    return "cannot save " + path.string() + ": " + why +
           "; what was saved before is kept";
  };
  if (!is_kind(kind))
    return failed("a bug: \"" + std::string(kind) + "\" is no kind of file");
  const auto bytes = encode(kind, version, body);
  if (bytes.size() > max_state_file_size)
    return failed("it would be larger than 64 MiB");
  ::unlink(fresh.c_str()); // a save that was cut short; if this fails, making it does too
  if (auto error = write_file(fresh, bytes))
    return failed(*error);
  if (auto error = make_way(path, kind, version))
    return failed(*error);
  if (::rename(fresh.c_str(), path.c_str()) != 0)
    return failed(cannot("rename", fresh));
  if (auto error = sync_directory_of(path))
    return path.string() + " was saved, but may not outlive a power failure: " + *error;
  return std::nullopt;
}

loaded_state load_state_file(const fs::path& path, std::string_view kind,
                             std::uint32_t supported) {
  ::unlink(beside(path, ".new").c_str()); // a save that was cut short
  loaded_state result;
  for (const auto& file : {path, beside(path, ".previous")}) {
    auto found = examine(file, kind, supported);
    if (found.result == outcome::loaded) {
      result.body = std::move(found.body);
      result.version = found.version;
      result.from_previous = file != path;
      break;
    }
    if (result.result == outcome::missing)
      result.result = found.result;
    if (found.result != outcome::missing)
      result.report += put_out_of_the_way(file, found);
  }
  if (!result.body) {
    result.report += "Starting without saved " + std::string(kind) + ".";
    if (result.result == outcome::missing)
      result.report = path.string() + " does not exist yet. " + result.report;
  } else if (result.from_previous) {
    const auto previous = beside(path, ".previous").string();
    if (result.result == outcome::missing)
      result.report += path.string() + " is missing, as after a crash while saving. ";
    result.report += "Using the save before it, " + previous +
                     "; to start without, delete that file, too.";
  }
  if (result.body && result.result == outcome::missing)
    result.result = outcome::loaded;
  return result;
}

loaded_state load_and_report(const fs::path& path, std::string_view kind,
                             std::uint32_t supported) {
  auto result = load_state_file(path, kind, supported);
  if (!result.report.empty())
    log::write(result.result == loaded_state::outcome::missing ? log::level::info
                                                               : log::level::warn,
               "{}", result.report);
  return result;
}

} // namespace peerage
