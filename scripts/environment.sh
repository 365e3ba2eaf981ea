# Sourced by the scripts beside it: makes the virtual environment .venv with the package and some extras, once.
# shellcheck shell=bash

# The first Python that the package supports; PYTHON=... chooses another.
find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.11 python3.12 python3.13 python3.14; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Found no Python 3.11 to 3.14. Install one, or say PYTHON=/path/to/python." >&2
    return 1
}

# prepare EXTRAS: leaves the environment's programs first on PATH.
prepare() {
    local extras=$1 stamp python
    stamp=".venv/installed-$extras"
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python)
        echo "Making a virtual environment in .venv ($("$python" --version))" >&2
        "$python" -m venv .venv
    fi
    # anything that changes what is installed makes pip look again
    if [ ! -f "$stamp" ] || [ pyproject.toml -nt "$stamp" ] || [ scripts/constraints.txt -nt "$stamp" ]; then
        echo "Installing the package and what it needs, at pinned versions (a minute or two)" >&2
        .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check \
            --constraint scripts/constraints.txt --editable ".[$extras]"
        touch "$stamp"
    fi
    PATH="$PWD/.venv/bin:$PATH"
    unset PYTHONDONTWRITEBYTECODE # else every process, and there are many, compiles all modules anew
}
