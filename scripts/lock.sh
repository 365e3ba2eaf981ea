#!/usr/bin/env bash
# Renew scripts/constraints.txt: one version of every package, for Linux and macOS and all Pythons that we support.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
prepare movies,dev

python -m pip install --quiet uv
uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
    --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command ./scripts/lock.sh \
    --output-file scripts/constraints.txt
