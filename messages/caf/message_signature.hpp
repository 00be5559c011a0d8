// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor_system.hpp>
#include <caf/replies_to.hpp>
#include <caf/type_nr.hpp>

#include <cstdint>
#include <string>
#include <typeinfo>

namespace peerage {

/// A message's type as CAF's registry of names takes it.
struct message_type {
  std::uint16_t number;
  const std::type_info& info;
};

/// "caf::replies_to<input>::with<output>", as CAF writes it. A type that `names` does not
/// know goes by its mangled name.
std::string message_signature(const caf::uniform_type_info_map& names, message_type input,
                              message_type output);

} // namespace peerage

/// How CAF prints a message that an actor takes and what it answers. CAF's own template,
/// compiled for every such pair, is larger than most of our handlers. Here it is one
/// function for all. As tied to the insides of CAF 0.17 as message_content.hpp.
template <class Input, class Output>
struct caf::typed_mpi_access<
  caf::typed_mpi<caf::detail::type_list<Input>, caf::output_tuple<Output>>> {
  std::string operator()(const uniform_type_info_map& names) const {
    return peerage::message_signature(names, {type_nr<Input>::value, typeid(Input)},
                                      {type_nr<Output>::value, typeid(Output)});
  }
};
