#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Formats all C++ sources; with --check, says which ones are not and changes nothing.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
mode=(-i)
case ${1:-} in
  '') ;;
  --check) mode=(--dry-run -Werror) ;;
  *)
    echo "usage: scripts/format.sh [--check]" >&2
    exit 2
    ;;
esac
find messages actors app tests -name node_modules -prune -o \
  \( -name '*.cpp' -o -name '*.hpp' \) -print0 | xargs -0 clang-format-14 "${mode[@]}"
