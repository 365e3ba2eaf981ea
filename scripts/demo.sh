#!/usr/bin/env bash
# See real reviews collapse: a sweep over five collapse rates, figures and a report. A few minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
prepare movies

run=runs/demo
modelcollapse run demo --out "$run"
modelcollapse plot "$run"
modelcollapse report "$run"
