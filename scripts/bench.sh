#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compares peerage with the least a program can do; `scripts/bench.sh --help` says more.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

if ! command -v python3 >/dev/null; then
  echo "bench.sh: python3 is needed (apt install python3)" >&2
  exit 1
fi

exec python3 "$here/bench.py" "$@"
