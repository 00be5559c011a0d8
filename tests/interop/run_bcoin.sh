#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs bcoin next to a copy of its driver, once, and runs the interop test with it.
#   run_bcoin.sh SOURCE_DIR INSTALL_DIR TEST_PROGRAM [ARGUMENTS...]
# Exit code 77 (skipped) only where node or npm is missing.
set -eu
source_dir=$1
install_dir=$2
program=$3
shift 3

for tool in node npm; do
  if ! command -v "$tool" >/dev/null; then
    echo "SKIPPED: $tool is not installed, so there is no real node to test against" >&2
    exit 77
  fi
done

mkdir -p "$install_dir"
cp "$source_dir/node.js" "$install_dir/node.js"
# npm writes into package.json's folder; the stamp says which package.json is installed.
stamp=$install_dir/node_modules/.installed-package.json
if cmp -s "$source_dir/package.json" "$stamp"; then
  echo "bcoin is installed in $install_dir"
else
  echo "installing bcoin in $install_dir (npm, about 20 MB, once) ..."
  rm -rf "$install_dir/node_modules"
  cp "$source_dir/package.json" "$install_dir/package.json"
  if ! (cd "$install_dir" &&
        npm install --ignore-scripts --no-package-lock --no-audit --no-fund); then
    echo "FAILED: npm could not install bcoin (its reasons are above)" >&2
    exit 1
  fi
  cp "$source_dir/package.json" "$stamp"
fi

rm -f "$install_dir/bcoin.log"
echo "bcoin's own log: $install_dir/bcoin.log"
PEERAGE_BCOIN_DIR=$install_dir exec "$program" "$@"
