// SPDX-License-Identifier: MIT
#include "messages/caf/message_signature.hpp"

#include <caf/uniform_type_info_map.hpp>

namespace peerage {

namespace {

std::string name_of(message_type type, const caf::uniform_type_info_map& names) {
  if (type.info == typeid(void))
    return "void";
  const std::string& name = names.portable_name(type.number, &type.info);
  return name == names.default_type_name() ? type.info.name() : name;
}

} // namespace

std::string message_signature(const caf::uniform_type_info_map& names, message_type input,
                              message_type output) {
  return "caf::replies_to<" + name_of(input, names) + ">::with<" +
         name_of(output, names) + ">";
}

} // namespace peerage
