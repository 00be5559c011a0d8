// SPDX-License-Identifier: MIT
// The compiled part of Asio: see the definitions of peerage_options in CMakeLists.txt.
#include <boost/asio/impl/src.hpp>
