#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every test; `scripts/test.sh --help` says more.
set -euo pipefail

usage() {
  cat <<'END'
Installs what is missing, builds, checks the format, lints, and runs every test.

  scripts/test.sh [--no-lint] [--gcc] [NAME...]

Arguments narrow it to the tests whose names match one of them (regular expressions, as
for ctest -R); then nothing is linted. The last lines are ctest's summary. Exit status: 0
if everything passed. With --gcc it first builds everything with g++, too, each source
alone: so no source lives by what its neighbours include (10 to 15 minutes more).

Examples
  scripts/test.sh                  everything
  scripts/test.sh app              the tests of the executable
  scripts/test.sh decisions fuzz   the plain classes, and the fuzz targets
  ctest --test-dir build -N        the names
END
}

lint=true
gcc=false
names=()
for argument in "$@"; do
  case $argument in
    -h | --help)
      usage
      exit 0
      ;;
    --no-lint) lint=false ;;
    --gcc) gcc=true ;;
    -*)
      echo "test.sh: $argument: no such option (see --help)" >&2
      exit 2
      ;;
    *) names+=("$argument") ;;
  esac
done

# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

setup_packages test
setup_build all tests/all
if [ "$gcc" = true ]; then
  step "building with g++ as well"
  quietly configure-gcc cmake -S "$repository" -B "$build_dir/gcc" --preset gcc
  with_fast_memory cmake --build "$build_dir/gcc" --parallel "$(nproc)" --target all tests/all
fi

selection=()
if [ "${#names[@]}" -gt 0 ]; then
  selection=(-R "$(
    IFS='|'
    echo "${names[*]}"
  )")
elif [ "$lint" = true ]; then
  step "checking the format (clang-format-14)"
  quietly format "$repository/scripts/format.sh" --check
  step "linting (clang-tidy-14; some minutes the first time)"
  with_fast_memory "$repository/scripts/lint.sh"
fi

step "running the tests"
trap - EXIT # from here on, ctest says what failed, and its summary is the end
cd -- "$build_dir"
exec ctest --output-on-failure --no-tests=error --timeout 900 "${selection[@]}"
