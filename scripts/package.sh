#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the Debian packages; `scripts/package.sh --help` says more.
set -euo pipefail

case ${1:-} in
  '') ;;
  -h | --help)
    cat <<'END'
Installs what is missing, builds, and makes Debian packages of it: peerage (the program and
its service), libpeerageX.Y (the shared library) and libpeerage-dev (to build with it).

  scripts/package.sh

The last lines say where they are, and how to install them. app/packaging has what they
are made of; a new version needs an entry in app/packaging/debian/changelog.
END
    exit 0
    ;;
  *)
    echo "package.sh: $1: no such option (see --help)" >&2
    exit 2
    ;;
esac

# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

setup_packages package
setup_build all
step "making the packages"
rm -rf -- "$build_dir/packages"
quietly package cpack --config "$build_dir/CPackConfig.cmake"

program=$(echo "$build_dir"/packages/peerage_*.deb)
cat <<END

    $build_dir/packages has
$(cd -- "$build_dir/packages" && printf '      %s\n' *.deb)

    The program:            sudo apt install $program
    To build with it, too:  sudo apt install $build_dir/packages/*.deb
    Its service:            sudo systemctl enable --now peerage
    Without a trace:        sudo apt purge peerage
END
