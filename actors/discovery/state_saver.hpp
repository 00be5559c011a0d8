#pragma once

#include "actors/discovery/interfaces.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/duration.hpp>
#include <caf/error.hpp>

#include <functional>
#include <string>

namespace peerage {

/// Keeps one file up to date with the state of the actor that owns this object; see SAVER
/// for who writes it. One save is under way at a time. What fails is tried again with the
/// next save, and is logged when the problem is a new one.
///
/// ```
/// state.file.open(self, saver, directory / "standing.json", "standing", 1,
///                 [self] { return to_json(self->state); });
/// …
/// state.file.mark_changed();      // and every now and then:
/// state.file.save_changes();
/// …                               // in the exit handler:
/// state.file.finish([self] { self->quit(caf::exit_reason::user_shutdown); });
/// ```
class state_saver {
public:
  /// Saves nothing; `finish` is done at once.
  state_saver() = default;
  // The answers find this object by its place.
  state_saver(const state_saver&) = delete;
  state_saver& operator=(const state_saver&) = delete;

  /// From now on something is saved. Call it once.
  /// @param body Called in the owner's context, when it is time to write.
  template <class Self>
  void open(Self* self, saver_actor saver, std::filesystem::path path, std::string kind,
            std::uint32_t version, std::function<nlohmann::json()> body) {
    path_ = std::move(path);
    kind_ = std::move(kind);
    version_ = version;
    body_ = std::move(body);
    keep_owner_ = [self] { return caf::actor_cast<caf::strong_actor_ptr>(self); };
    request_ = [self, saver = std::move(saver), this](save_state what) {
      // A saver that ends answers with an error what it has not saved.
      self->request(saver, caf::infinite, std::move(what))
        .then([this](const std::string& problem) { on_answer(problem); },
              [this](caf::error&) { on_answer("cannot save: the saver has ended"); });
    };
  }

  /// There is something to save, now or later.
  void mark_changed() { changed_ = true; }
  bool is_changed() const { return changed_; }

  /// Saves what has changed, behind the save under way if there is one.
  void save_changes();

  /// Saves what has changed a last time; calls `done` when that has worked or failed, and
  /// keeps the owner alive until then. Only the first call counts.
  void finish(std::function<void()> done);

  /// How often the file was written.
  std::uint64_t saves() const { return saves_; }

private:
  void on_answer(const std::string& problem);
  void leave();

  std::filesystem::path path_;
  std::string kind_;
  std::uint32_t version_ = 1;
  std::function<nlohmann::json()> body_;
  std::function<void(save_state)> request_; ///< Empty: nothing is saved.
  std::function<caf::strong_actor_ptr()> keep_owner_;
  caf::strong_actor_ptr owner_; ///< Set by `finish`.
  std::function<void()> done_;
  bool changed_ = false;
  bool under_way_ = false;
  bool again_ = false; ///< Asked for during the save under way.
  std::string last_problem_;
  std::uint64_t saves_ = 0;
};

} // namespace peerage
