#!/bin/sh
# Print the path of a Python that can run Comity: $PYTHON if set, else the first that is new enough and complete.
set -eu

serves() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    if path=$(command -v "$candidate") && serves "$path"; then
        echo "$path"
        exit 0
    fi
done

cat >&2 <<'END'
Comity needs Python 3.11 or newer, with its venv and ensurepip modules, and found none on PATH.
On Debian 12 or Ubuntu 24.04 and newer:  apt-get install python3 python3-venv
If it is somewhere else, say where:      make PYTHON=/path/to/python3
END
exit 1
