#!/bin/sh
# Makes the oracle's virtual environment if it is missing or requirements.txt changed, then prints the path of its Python.
#
#   python=$(tests/oracle/environment.sh) && "$python" tests/oracle/main.py all ...
#
# NIGHTSHIFT_VENV names another folder; NIGHTSHIFT_PYTHON another interpreter to make it with.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=${NIGHTSHIFT_VENV:-$HOME/.cache/nightshift-venv}
stamp=$folder/nightshift-requirements.txt

say() { echo "oracle: $*" >&2; }

fit_python() {
    for candidate in ${NIGHTSHIFT_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

if [ -x "$folder/bin/python" ] && cmp -s "$here/requirements.txt" "$stamp"; then
    echo "$folder/bin/python"
    exit 0
fi

if ! python=$(fit_python); then
    say "the oracle needs Python 3.11 or newer, and none was found on PATH."
    say "install it (Debian: apt-get install python3 python3-venv) or name one in NIGHTSHIFT_PYTHON."
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    say "$python cannot make virtual environments; install its venv module (Debian: apt-get install python3-venv)."
    exit 1
fi

# Two test runs may start at the same time: one installs, the other waits.
lock=$folder.lock
mkdir -p "$(dirname "$folder")"
waited=0
until mkdir "$lock" 2>/dev/null; do
    if [ "$waited" -ge 300 ]; then
        say "another run has been installing for 5 minutes; if none is, remove $lock"
        exit 1
    fi
    sleep 1
    waited=$((waited + 1))
done
trap 'rmdir "$lock"' EXIT INT TERM

if ! cmp -s "$here/requirements.txt" "$stamp"; then
    say "installing into $folder (once)"
    "$python" -m venv "$folder" >&2
    if ! "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2; then
        say "pip could not install tests/oracle/requirements.txt; is PyPI within reach?"
        exit 1
    fi
    cp "$here/requirements.txt" "$stamp"
fi
echo "$folder/bin/python"
