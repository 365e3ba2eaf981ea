#!/usr/bin/env bash
# Lint, types, tests. Arguments go to pytest: ./scripts/test.sh tests/simulation
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
prepare movies,dev

# one process more than cores, for tests that wait for Ray, up to four; two threads at most in each: a test needs both
processes=$(python -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')
export NUMBA_NUM_THREADS=${NUMBA_NUM_THREADS:-2} OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
# Ray's workers give way to other processes, which here are the other tests: those that wait for Ray would wait for all
export RAY_USAGE_STATS_ENABLED=0 RAY_worker_niceness=0

# compiled once and meanwhile: else several of the tests' processes compile the same kernels, for half a minute each
python -m tests.kernels & kernels=$!
trap 'kill "$kernels" 2> /dev/null || true' EXIT
ruff check .
ruff format --check .
mypy
wait "$kernels"
trap - EXIT
pytest --numprocesses "$processes" --dist loadfile "$@"
