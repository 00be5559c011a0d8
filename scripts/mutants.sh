#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Proves that the tests notice deliberate defects; `scripts/mutants.sh --help` says more.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
if ! command -v python3 >/dev/null; then
  echo "mutants.sh: python3 is needed (apt install python3)" >&2
  exit 1
fi

# Before anything is built: --help, --list, and mistakes in the call.
python3 "$here/mutants.py" "$@"
for argument in "$@"; do
  case $argument in
    -h | --help | --list) exit 0 ;;
  esac
done

# shellcheck source=scripts/setup.sh
source "$here/setup.sh"

setup_packages run
mutants_dir=$build_dir/mutants
if [ ! -f "$mutants_dir/build.ninja" ]; then
  step "configuring $mutants_dir"
  quietly configure-mutants cmake -S "$repository" -B "$mutants_dir" --preset mutants
fi
step "building (the first time takes some minutes)"
read -ra targets < <(python3 "$here/mutants.py" --targets)
with_fast_memory cmake --build "$mutants_dir" --parallel "$(nproc)" --target "${targets[@]}"

trap - EXIT # from here on, its own last lines say what failed
exec python3 "$here/mutants.py" --build "$mutants_dir" "$@"
