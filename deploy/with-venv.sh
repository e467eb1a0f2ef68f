#!/bin/sh
# with-venv.sh run|dev COMMAND ARGS...
# Prepares the virtual environment when it is not what the lock says, then becomes COMMAND inside it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
wanted=$1
shift

usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

python=$root/.venv/bin/python
if ! usable "$python"; then
    echo "Open Outcry: preparing a Python environment in $root/.venv"
    for python in ${PYTHON:-python3.13 python3.12 python3.11 python3} none; do
        if usable "$python"; then break; fi
    done
    if [ "$python" = none ]; then
        echo "Python 3.11 or newer with the venv module is needed, and none of python3.13, python3.12, python3.11" >&2
        echo "or python3 is one. Install it (on Debian and Ubuntu: python3 python3-venv), or say PYTHON=/path/to/it." >&2
        exit 1
    fi
fi
"$python" -I "$root/deploy/bootstrap.py" "$wanted"
# The tests start some hundred processes: without bytecode on disk each of them would compile all modules again.
if [ "$wanted" = dev ]; then unset PYTHONDONTWRITEBYTECODE; fi
command=$root/.venv/bin/$1
shift
exec "$command" "$@"
