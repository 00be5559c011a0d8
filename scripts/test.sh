#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every test; `scripts/test.sh --help` says more.
set -euo pipefail

usage() {
  cat <<'END'
Installs what is missing, builds, checks the format, lints, and runs every test.

  scripts/test.sh [--no-lint] [--gcc] [NAME...]
  scripts/test.sh --sanitize address|thread [NAME...]

Arguments narrow it to the tests whose names match one of them (regular expressions, as
for ctest -R); then nothing is linted. The last lines are ctest's summary. Exit status: 0
if everything passed. With --gcc it first builds everything with g++, too (some 8 minutes
more).

With --sanitize it builds the tests that are C++ programs (all but those that run the
executable or a real node) with AddressSanitizer and UndefinedBehaviorSanitizer, or with
ThreadSanitizer, in a folder of their own, and runs only them. Of CAF, which is not
instrumented, ThreadSanitizer sees little: tests/thread_sanitizer.supp tells what that
means. Pipe its reports through c++filt to read the names.

Examples
  scripts/test.sh                  everything
  scripts/test.sh app              the tests of the executable
  scripts/test.sh decisions fuzz   the plain classes, and the fuzz targets
  scripts/test.sh --sanitize address simulation
                                   the simulation, with AddressSanitizer
  ctest --test-dir build -N        the names
END
}

lint=true
gcc=false
sanitizer=
names=()
while [ $# -gt 0 ]; do
  argument=$1
  shift
  case $argument in
    -h | --help)
      usage
      exit 0
      ;;
    --no-lint) lint=false ;;
    --gcc) gcc=true ;;
    --sanitize)
      sanitizer=${1:-}
      if [ "$sanitizer" != address ] && [ "$sanitizer" != thread ]; then
        echo "test.sh: --sanitize needs address or thread (see --help)" >&2
        exit 2
      fi
      shift
      ;;
    -*)
      echo "test.sh: $argument: no such option (see --help)" >&2
      exit 2
      ;;
    *) names+=("$argument") ;;
  esac
done

if [ "$gcc" = true ] && [ -n "$sanitizer" ]; then
  echo "test.sh: --gcc and --sanitize are two runs" >&2
  exit 2
fi

# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

setup_packages test
if [ -n "$sanitizer" ]; then
  preset=sanitize
  if [ "$sanitizer" = thread ]; then
    preset=thread
  fi
  setup_preset "$preset" sanitized_tests
  # CAF makes names of 30,000 characters: the sanitizer has room for half of one, and takes
  # the other half for its next answer. As the linker has them they are short.
  TSAN_OPTIONS="suppressions=$repository/tests/thread_sanitizer.supp:halt_on_error=0:demangle=0${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
  export TSAN_OPTIONS
  build_dir=$build_dir/$preset
  selection=(-L sanitized)
else
  setup_build all tests/all
  selection=()
fi
if [ "$gcc" = true ]; then
  step "building with g++ as well"
  quietly configure-gcc cmake -S "$repository" -B "$build_dir/gcc" --preset gcc
  with_fast_memory cmake --build "$build_dir/gcc" --parallel "$(nproc)" --target all tests/all
fi

if [ "${#names[@]}" -gt 0 ]; then
  selection+=(-R "$(
    IFS='|'
    echo "${names[*]}"
  )")
elif [ "$lint" = true ] && [ -z "$sanitizer" ]; then
  step "checking the format (clang-format-14)"
  quietly format "$repository/scripts/format.sh" --check
  step "compiling each source by itself"
  "$repository/scripts/compile_alone.py" "$build_dir"
  step "linting (clang-tidy-14; some minutes the first time)"
  with_fast_memory "$repository/scripts/lint.sh"
fi

step "running the tests"
trap - EXIT # from here on, ctest says what failed, and its summary is the end
cd -- "$build_dir"
exec ctest --output-on-failure --no-tests=error --timeout 900 "${selection[@]}"
