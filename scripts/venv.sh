# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts beside it: makes the virtual environment .venv of this checkout, and only when it has to.
# Gives: $ROOT (the checkout), $BIN (bin folder of the environment), prepare [EXTRA], fail SENTENCE.

ROOT=$(cd "$(dirname "$0")/.." && pwd) || exit 1
BIN=$ROOT/.venv/bin

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# prepare [EXTRA]: installs minova (with that extra) into the environment, unless it is there as setup.cfg wants it.
prepare() {
    extra=${1:-}
    want=$(fingerprint)
    # Whoever installed the extra has the rest as well.
    stamped "$want" "$extra" || { [ -z "$extra" ] && stamped "$want" test; } || install_package "$want" "$extra"
}

# What the environment depends on: the requirements, and its own place, since it cannot be moved.
fingerprint() {
    { cat "$ROOT/setup.cfg" "$ROOT/pyproject.toml" && printf '%s\n' "$ROOT"; } | cksum | tr ' ' '-'
}

stamped() {
    [ -f "$(stamp "$2")" ] && [ "$(cat "$(stamp "$2")")" = "$1" ] && "$BIN/python" -c '' 2>/dev/null
}

stamp() {
    printf '%s' "$ROOT/.venv/installed-${1:-base}"
}

install_package() {
    "$BIN/python" -m pip --version >/dev/null 2>&1 || make_environment
    printf 'Installing minova and what it needs into .venv (only now, and after changes of setup.cfg) ...\n'
    log=$ROOT/.venv/pip.log
    "$BIN/python" -m pip install --quiet --disable-pip-version-check --no-input -e "$ROOT${2:+[$2]}" >"$log" 2>&1 ||
        fail "$(tail -n 5 "$log")
pip could not install minova; see above, and all of it in $log. Does this machine reach a package index?"
    printf '%s\n' "$1" >"$(stamp "$2")"
}

make_environment() {
    if python=$(find_python 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))'); then
        printf 'Making the virtual environment .venv with %s ...\n' "$("$python" --version)"
        "$python" -m venv --clear "$ROOT/.venv" || fail "$python could not make $ROOT/.venv; see above."
    elif python=$(find_python 'import sys; sys.exit(sys.version_info < (3, 11))'); then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        fail "$python cannot make virtual environments, because its modules venv and ensurepip are missing.
Install them; on Debian and Ubuntu: apt install $package"
    else
        fail "minova needs Python 3.11 or newer, and there is none on the PATH.
Install it; Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3.12; macOS: brew install python@3.12
Or name one: MINOVA_PYTHON=/path/to/python3.12 $0"
    fi
}

# find_python CODE: the first Python that runs the code without an error.
find_python() {
    for candidate in ${MINOVA_PYTHON:-} python3.13 python3.12 python3.11 python3.14 python3 python; do
        if "$candidate" -c "$1" >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}
