#!/bin/sh
# python.sh SCRIPT ARGUMENT…: runs a script of this folder with a Python that is new
# enough: the one that PYTHON names, else the first that is found. Of what other
# projects set for Python (PYTHONPATH and the like) it sees nothing.
set -eu
is_new() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }
stop() {
    printf '\nmissing: %s\n  install it with: %s\n  then run make again.\n' "$1" "$2" >&2
    exit 1
}

if [ -z "${PYTHON:-}" ]; then
    for PYTHON in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        ! is_new "$PYTHON" || break
        PYTHON=python3
    done
fi
command -v "$PYTHON" >/dev/null 2>&1 || stop "Python ($PYTHON is not on the PATH)" \
    "sudo apt install python3 python3-venv   (or set PYTHON=/path/to/python3)"
is_new "$PYTHON" || stop "Python 3.10 or newer ($PYTHON is $("$PYTHON" --version 2>&1))" \
    "sudo apt install python3.11 python3.11-venv, and run: make PYTHON=python3.11 …"
export PYTHON
exec "$PYTHON" -E -s -X utf8 "$@"
