// SPDX-License-Identifier: MIT
#pragma once

#include "messages/caf/message_content.hpp"
#include "messages/caf/message_signature.hpp"

#include <caf/detail/type_erased_value_impl.hpp>
#include <caf/mailbox_element.hpp>

/// CAF's wrappers of a message type in mailboxes and messages, with all their ways to
/// copy, print and serialise it. `how` is `extern template` where the message is
/// declared, so that they are not compiled in each source file that sends it (a third of
/// all work), and `template` in the one that compiles them. One unused function would not
/// compile when the whole class is: it is deleted.
// NOLINTBEGIN(bugprone-macro-parentheses): neither may stand in parentheses
#define PEERAGE_MESSAGE_WRAPPERS(how, type)                                              \
  template <>                                                                            \
  inline constexpr bool peerage::is_message<type> = true;                                \
  how class caf::detail::type_erased_value_impl<type>;                                   \
  how class caf::detail::tuple_vals_impl<caf::detail::message_data, type>;               \
  how class caf::detail::tuple_vals<type>;                                               \
  how class caf::detail::tuple_vals_impl<caf::type_erased_tuple, type>;                  \
  template <>                                                                            \
  void caf::mailbox_element_vals<type>::dispose() noexcept = delete;                     \
  how class caf::mailbox_element_vals<type>;
// NOLINTEND(bugprone-macro-parentheses)
