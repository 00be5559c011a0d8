#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks the order of the folders, who reaches for the machine, and the licence lines, then
# runs clang-tidy-14 (checks: .clang-tidy) on all our sources but the tests.
#
#   scripts/lint.sh [FILE...]      these files only
#
# Sources are looked at some at a time, as they are compiled: most of the work is reading
# the libraries' headers. What passed is not looked at again until one of its sources, any
# of our headers or the checks change.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
# Which folder may include which: one way only.
scripts/check_folders.py
# Who may ask the machine for time, chance and files.
scripts/check_sources.py

unlicensed=$(find actors messages app tests scripts .ci -name node_modules -prune -o \
  \( -name '*.[ch]pp' -o -name '*.py' -o -name '*.sh' -o -name '*.js' -o -name run \) -print0 |
  xargs -0 grep -L 'SPDX-License-Identifier: MIT' || true)
if [ -n "$unlicensed" ]; then
  printf 'lint.sh: no line "SPDX-License-Identifier: MIT" in\n%s\n' "$unlicensed" >&2
  exit 1
fi

lint=${PEERAGE_BUILD_DIR:-build}/lint
mkdir -p "$lint/passed"

# A configuration of its own: what is in precompiled headers would not be looked at, and
# clang does not know all warnings of g++.
if ! cmake -S . -B "$lint" -G Ninja -DCMAKE_UNITY_BUILD=ON -DPEERAGE_TESTS=OFF \
  -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >"$lint/configure.log" 2>&1; then
  cat "$lint/configure.log" >&2
  echo "lint.sh: could not configure $lint (see above)" >&2
  exit 1
fi

units=("$@")
if [ "${#units[@]}" -eq 0 ]; then
  mapfile -t units < <(sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$lint/compile_commands.json" |
    sort -u)
fi

sources_of() {
  if [[ $1 == */Unity/unity_* ]]; then
    sed -nE 's/^#include "(.*)"$/\1/p' "$1"
  else
    echo "$1"
  fi
}

# What every result depends on besides its sources.
common=$({
  cat .clang-tidy scripts/lint.sh
  find messages actors app -name '*.hpp' -print0 | sort -z | xargs -0 cat
} | sha256sum)
todo=()
for unit in "${units[@]}"; do
  mapfile -t sources < <(sources_of "$unit")
  key=$({
    echo "$common ${sources[*]}"
    cat -- "${sources[@]}"
  } | sha256sum | cut -d' ' -f1)
  [ -e "$lint/passed/$key" ] || todo+=("$key $unit")
done
total=${#todo[@]}
echo "    ${#units[@]} groups of sources, $total to look at"
if [ "$total" -eq 0 ]; then
  exit 0
fi

# A group includes sources: that is suspicious only elsewhere.
lint_one() {
  local key=${1%% *} unit=${1#* } lint=$2 report
  if report=$(clang-tidy-14 --quiet -p "$lint" --config-file=.clang-tidy \
    --checks=-bugprone-suspicious-include \
    --extra-arg=-Wno-unknown-warning-option "$unit" 2>&1); then
    : >"$lint/passed/$key"
    echo "    ${unit#"$PWD/"}"
  else
    printf '%s: FAILED\n%s\n' "$unit" "$report" >&2
    return 1
  fi
}
export -f lint_one
# shellcheck disable=SC2016
if ! printf '%s\0' "${todo[@]}" |
  xargs -0 -P "$(nproc)" -I{} bash -c 'lint_one "$1" "$2"' _ {} "$lint"; then
  echo "lint.sh: clang-tidy found something (see above)" >&2
  exit 1
fi
