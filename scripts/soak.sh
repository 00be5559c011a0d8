#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Plays nights of many nodes until one fails, then real faults; `scripts/soak.sh --help` says
# more.
set -euo pipefail

usage() {
  cat <<'END'
Plays one seed after the other, on all cores, and stops at the first night that goes wrong;
then 3 minutes of chaos.

  scripts/soak.sh [--minutes M | --seeds N] [--duration X] [--nodes X] [SCENARIO...]
  scripts/soak.sh --chaos [--minutes M]

  --minutes M     play for that long (default 10)
  --seeds N       play that many seeds, however long it takes
  --duration X    of each scenario's own length (default 0.05)
  --nodes X       of each scenario's own number of nodes (default 0.5)

Without names it plays every scenario of each seed (build/tests/simulation/internet/peerage_sim
--list), then the chaos; with names, these alone. It goes on where the last soak of the same
program and sizes ended: Ctrl-C loses only the seeds under way. A failure's history is kept,
and its last lines say how to replay it.

The chaos is a node with a hundred peers, all of them real processes: they are killed and
stopped, descriptors are taken from the node, its disk is full or read-only. After each fault
all has to be well again (tests/integration/chaos.py --help).

  --chaos         only that, for M minutes (default 3)

Exit status: 0 if nothing failed.
END
}

minutes=
seeds=
chaos=
duration=0.05
nodes=0.5
scenarios=()

need_number() {
  if ! [[ ${2:-} =~ ^[0-9]+(\.[0-9]+)?$ ]]; then
    echo "soak.sh: $1 needs a number (see --help)" >&2
    exit 2
  fi
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --minutes | --seeds | --duration | --nodes)
      need_number "$@"
      declare "${1#--}=$2"
      shift
      ;;
    --chaos) chaos=only ;;
    -*)
      echo "soak.sh: $1: no such option (see --help)" >&2
      exit 2
      ;;
    *) scenarios+=("$1") ;;
  esac
  shift
done

if [ -n "$chaos" ] && [ "$seeds $duration $nodes ${scenarios[*]}" != " 0.05 0.5 " ]; then
  echo "soak.sh: beside --chaos there is --minutes only (see --help)" >&2
  exit 2
fi

# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

play_chaos() {
  step "chaos: real processes under real faults, for $1 minutes"
  trap - EXIT # what failed is said
  "$repository/tests/integration/chaos.py" "$build_dir/tests/integration/indoors/peerage" \
    --seconds "$(awk -v minutes="$1" 'BEGIN { print minutes * 60 }')"
}

setup_packages run
if [ "$chaos" = only ]; then
  setup_build peerage_indoors
  play_chaos "${minutes:-3}"
  exit
fi
setup_build tests/simulation/internet/peerage_sim peerage_indoors
minutes=${minutes:-10}
program=$build_dir/tests/simulation/internet/peerage_sim

if [ "${#scenarios[@]}" -eq 0 ]; then
  chaos=last
  mapfile -t scenarios < <("$program" --list | cut -d' ' -f1)
fi

# Another program or other sizes: other nights.
kept=$build_dir/soak/$({
  sha256sum <"$program"
  echo "$duration $nodes ${scenarios[*]}"
} | sha256sum | cut -c1-16)
mkdir -p -- "$kept"
rm -f -- "$kept"/failed-*

export SOAK_PROGRAM=$program SOAK_KEPT=$kept
export SOAK_SIZE="--duration $duration --nodes $nodes"

# All scenarios of one seed. xargs stops at exit status 255.
play_seed() {
  local seed=$1 scenario log
  shift
  [ "$(date +%s)" -lt "$SOAK_UNTIL" ] || exit 255
  [ ! -e "$SOAK_KEPT/done-$seed" ] || return 0
  for scenario in "$@"; do
    log=$SOAK_KEPT/night-$seed-$scenario
    # shellcheck disable=SC2086 # two options with their values
    if ! "$SOAK_PROGRAM" --scenario "$scenario" --seed "$seed" \
      $SOAK_SIZE >"$log" 2>&1; then
      mv -- "$log" "$SOAK_KEPT/failed-$seed-$scenario"
      exit 255
    fi
    rm -f -- "$log"
  done
  : >"$SOAK_KEPT/done-$seed"
  echo "    seed $seed"
}
export -f play_seed

first=1
while [ -e "$kept/done-$first" ]; do
  first=$((first + 1))
done
step "playing ${#scenarios[@]} kinds of nights from seed $first on"

count=${seeds:-1000000}
if [ -n "$seeds" ]; then
  minutes=1000000
fi
SOAK_UNTIL=$(awk -v now="$(date +%s)" -v minutes="$minutes" \
  'BEGIN { printf "%d", now + minutes * 60 }')
export SOAK_UNTIL

trap - EXIT
status=0
# shellcheck disable=SC2016
seq "$first" $((first + ${count%.*} - 1)) |
  xargs -P "$(nproc)" -I{} bash -c 'play_seed "$@"' _ {} "${scenarios[@]}" 2>/dev/null ||
  status=$? # what xargs says of its end is no news
for failed in "$kept"/failed-*; do
  [ -e "$failed" ] || continue
  tail -n 30 -- "$failed"
  echo "soak.sh: a night failed; all of its history: $failed" >&2
  exit 1
done
if [ "$status" -ne 0 ] && [ "$(date +%s)" -lt "$SOAK_UNTIL" ]; then
  echo "soak.sh: stopped (status $status)" >&2
  exit 1
fi
echo "==> no night failed: $(find "$kept" -name 'done-*' | wc -l) seeds of ${#scenarios[@]} kinds so far"
if [ "$chaos" = last ]; then
  play_chaos 3
fi
