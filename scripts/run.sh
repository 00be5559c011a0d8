#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Starts the demonstration: a regtest node with 24 peers in the same process.
set -euo pipefail

usage() {
  cat <<'END'
Installs what is missing, builds, and starts the demonstration: a regtest node that
connects to 24 scripted peers in the same process. Ctrl-C ends it.

  scripts/run.sh [OPTION...]

Options go to `peerage run`, and win over the demonstration's own:
  --network regtest --swarm 24 --listen 127.0.0.1:18444 --status 127.0.0.1:8645
  --data-dir build/demo-data

Examples
  scripts/run.sh                          the demonstration
  scripts/run.sh --swarm 200              with more peers
  scripts/run.sh --status 127.0.0.1:0     on any free port
  scripts/run.sh --config node.toml       everything from that file instead
  build/peerage run --help                all options (once it is built)
END
}

for argument in "$@"; do
  case $argument in
    -h | --help)
      usage
      exit 0
      ;;
  esac
done

# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

# The demonstration's options, without those that the user gives. With a file of the
# user's, none: the command line would win over it.
options=()
default_option() {
  local argument
  for argument in "${user_options[@]}"; do
    case $argument in
      "$1" | "$1"=* | --config | --config=*) return ;;
    esac
  done
  options+=("$1" "$2")
}

value_of() { # the last value of an option
  local all=("${options[@]}" "${user_options[@]}") i result=
  for ((i = 0; i < ${#all[@]}; i++)); do
    case ${all[i]} in
      "$1") result=${all[i + 1]:-} ;;
      "$1"=*) result=${all[i]#*=} ;;
    esac
  done
  echo "$result"
}

user_options=("$@")
setup_packages run
setup_build all
default_option --network regtest
if [ "$(value_of --network)" = regtest ]; then
  default_option --swarm 24
fi
default_option --listen 127.0.0.1:18444
default_option --status 127.0.0.1:8645
default_option --data-dir "$build_dir/demo-data"

step "starting peerage ${options[*]} ${user_options[*]}"
status=$(value_of --status)
where=$status
case $status in
  '' | *:0) where=STATUS ask="curl -s STATUS" ;; # the ready line will tell
  unix:*) ask="curl -s --unix-socket ${status#unix:} http://localhost" ;;
  *) ask="curl -s http://$status" ;;
esac
cat <<END

    When the line {"event":"ready",...} appears, look at it from another terminal:

      $ask/status      the node: ready peers, traffic, actors
      $ask/peers       every peer: address, versions, ping
      $ask/peers/1     one of them
      $ask/health      200 when it can serve requests

    The same for people, live:

      $build_dir/peerage status --watch --status $where
END
case $status in
  unix:*) ;; # no browser opens that
  *) echo "      http://$where/ in a browser" ;;
esac
echo
if [ "$where" = STATUS ]; then
  echo "    STATUS is the status address in that line."
fi
cat <<'END'
    Ctrl-C ends it in order; a second one at once.

END
exec "$build_dir/peerage" run "${options[@]}" "${user_options[@]}"
