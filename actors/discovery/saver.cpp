#include "actors/discovery/saver.hpp"

#include "actors/discovery/state_file.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <exception>

namespace peerage {

saver_actor::behavior_type saver(saver_actor::pointer) {
  return {
    [](const save_state& x) -> std::string {
      try {
        return save_state_file(x.path, x.kind, x.version, x.body).value_or("");
      } catch (const std::exception& problem) { // no memory for the text, say
        return "cannot save " + x.path.string() + ": " + problem.what();
      }
    },
  };
}

} // namespace peerage
