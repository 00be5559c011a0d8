#!/usr/bin/env bash
# Runs clang-tidy-14 (checks: .clang-tidy) on all our sources but the tests.
#
#   scripts/lint.sh [FILE...]      these files only
#
# Needs a configured build directory, as scripts/test.sh leaves it. A source that passed is
# not looked at again until it, any of our headers or the checks change.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
build=${PEERAGE_BUILD_DIR:-build}
if [ ! -f "$build/compile_commands.json" ]; then
  echo "lint.sh: $build/compile_commands.json is missing; run scripts/test.sh first" >&2
  exit 1
fi
mkdir -p "$build/lint/passed"

# Precompiled headers are g++'s, which clang cannot read; the sources include all they need.
sed -E 's/ -include [^ ]*cmake_pch\.hxx//g; s/ -Winvalid-pch//g; s/-Wno-maybe-uninitialized//g' \
  "$build/compile_commands.json" >"$build/lint/compile_commands.json"

sources=("$@")
if [ "${#sources[@]}" -eq 0 ]; then
  mapfile -t sources < <(find messages actors app -name '*.cpp' | sort)
fi

# What every result depends on besides its source.
common=$({
  cat .clang-tidy
  find messages actors app -name '*.hpp' -print0 | sort -z | xargs -0 cat
} | sha256sum)
todo=()
for source in "${sources[@]}"; do
  key=$({
    echo "$common $source"
    cat "$source"
  } | sha256sum | cut -d' ' -f1)
  [ -e "$build/lint/passed/$key" ] || todo+=("$key $source")
done
total=${#todo[@]}
echo "    ${#sources[@]} sources, $total to look at"
if [ "$total" -eq 0 ]; then
  exit 0
fi

lint_one() {
  local key=${1%% *} source=${1#* } report
  if report=$(clang-tidy-14 --quiet -p "$2/lint" "$source" 2>&1); then
    : >"$2/lint/passed/$key"
    echo "    $source"
  else
    printf '%s: FAILED\n%s\n' "$source" "$report" >&2
    return 1
  fi
}
export -f lint_one
# shellcheck disable=SC2016
if ! printf '%s\0' "${todo[@]}" |
  xargs -0 -P "$(nproc)" -I{} bash -c 'lint_one "$1" "$2"' _ {} "$build"; then
  echo "lint.sh: clang-tidy found something (see above)" >&2
  exit 1
fi
