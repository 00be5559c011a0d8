# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by the scripts that build: installs what is missing and builds. Not run alone.
#
#   setup_packages run|test|fuzz|package    Debian packages, only those that are missing
#   setup_build TARGET...           configures and builds in build/, with progress
#   setup_preset PRESET TARGET...   the same in build/PRESET
#   with_fast_memory COMMAND   runs compilers, faster
#   step TEXT                  says what happens now; named if the script then fails

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  echo "setup.sh: is sourced by run.sh, test.sh and others here; start one of those" >&2
  exit 2
fi

repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
script_name=$(basename -- "$0")
build_dir=${PEERAGE_BUILD_DIR:-$repository/build}
log_file= # the current step's, if its output is kept from the terminal
current_step=starting

# Without these ccache does not cache what uses a precompiled header.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}

run_packages=(clang lld libmimalloc2.0 cmake ninja-build ccache libcaf-dev libboost1.81-dev
  nlohmann-json3-dev doctest-dev libssl-dev libcli11-dev libtomlplusplus-dev libfmt-dev
  libspdlog-dev libsystemd-dev prometheus-cpp-dev python3 curl)
# g++: npm compiles a part of the real node with it, if nothing is prebuilt.
fuzz_packages=(libclang-rt-14-dev)
package_packages=(dpkg-dev file)
test_packages=(g++ libclang-rt-14-dev python3-bitcoinlib python3-jsonschema python3-pytest
  python3-pytest-xdist python3-yaml man-db zsh prometheus clang-format-14 clang-tidy-14 chromium
  chromium-driver lintian "${package_packages[@]}")

step() {
  current_step=$1
  log_file=
  echo "==> $1"
}

say_what_failed() {
  local status=$?
  trap - EXIT
  if [ "$status" -ne 0 ] && [ "$status" -ne 130 ] && [ "$status" -ne 143 ]; then
    if [ -n "$log_file" ] && [ -s "$log_file" ]; then
      tail -n 15 -- "$log_file" | sed 's/^/    /' >&2
    fi
    echo "$script_name: FAILED: $current_step${log_file:+ (all of its output: $log_file)}" >&2
  fi
  exit "$status"
}
trap say_what_failed EXIT

# Runs a command with its output in a log under the build directory.
quietly() {
  mkdir -p -- "$build_dir/logs"
  log_file=$build_dir/logs/$1.log
  shift
  "$@" >"$log_file" 2>&1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "$script_name: needs root to install packages, and there is no sudo" >&2
    return 1
  fi
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
  quietly apt-update as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
  quietly apt-install as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends "$@"
}

# npm only runs a real node for one test, which is skipped without it: no reason to fail.
install_npm() {
  command -v npm >/dev/null && return
  step "installing nodejs and npm, for the test with a real node"
  if ! install_packages nodejs npm; then
    echo "    could not be installed; that test will be skipped (see $log_file)"
  fi
}

setup_packages() {
  local wanted=("${run_packages[@]}") missing=() package
  case $1 in
    test) wanted+=("${test_packages[@]}") ;;
    fuzz) wanted+=("${fuzz_packages[@]}") ;;
    package) wanted+=("${package_packages[@]}") ;;
  esac
  if ! command -v apt-get >/dev/null; then
    echo "$script_name: no apt-get here; going on with what is installed"
    return
  fi
  for package in "${wanted[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    step "installing ${#missing[@]} packages: ${missing[*]}"
    install_packages "${missing[@]}"
  fi
  if [ "$1" = test ]; then
    install_npm
  fi
}

# Runs compilers with an allocator that takes huge pages: a sixth off their time.
with_fast_memory() {
  if is_installed libmimalloc2.0; then
    LD_PRELOAD=libmimalloc.so.2${LD_PRELOAD:+:$LD_PRELOAD} MIMALLOC_LARGE_OS_PAGES=1 "$@"
  else
    "$@"
  fi
}

setup_build() {
  build_in "$build_dir" default "$@"
}

setup_preset() {
  build_in "$build_dir/$1" "$@"
}

# Configures only a build directory that is not configured; ninja sees to the rest.
build_in() {
  local directory=$1 preset=$2
  shift 2
  if [ ! -f "$directory/build.ninja" ]; then
    step "configuring $directory"
    quietly "configure-$preset" cmake -S "$repository" -B "$directory" --preset "$preset"
  fi
  step "building in $directory (the first time takes some minutes)"
  # Ninja alone starts more compilers than there are processors: they take each other's cache.
  with_fast_memory cmake --build "$directory" --parallel "$(nproc)" --target "$@"
}
