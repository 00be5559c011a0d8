// SPDX-License-Identifier: MIT
// The compiled part of Beast: see the definitions of peerage_options in CMakeLists.txt.
#include <boost/beast/src.hpp>
