"""Rows of another domain than classification, made by the engine."""

from __future__ import annotations

from pathlib import Path

from modelcollapse import Run, run_sweep
from modelcollapse.sweeps.sweep import Sweep


def run_worlds(folder: Path, rates: str = "0,0.5,1", seeds: int = 6, final_size: int = 40, **fields: object) -> Run:
    """Run a discrete world that forgets, in two regimes."""
    growth = {} if "sizes" in fields else {"initial_size": 10, "final_size": final_size, "increment": 10}
    sweep = Sweep(**{
        "experiment": "worlds", "domain": "closed_form", "model": "discrete", "model_param": {"replicates": [200]},
        "rates": rates, "seeds": seeds, "regime": "accumulate,replace", **growth, **fields,
    })  # fmt: skip
    return run_sweep(sweep, out=folder, executor="inprocess", progress=False)
