// SPDX-License-Identifier: MIT
// A library needs a source; all of this one's code comes from the static libraries.
