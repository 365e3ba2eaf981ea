"""Runs of the domain generation, on made-up texts."""

from __future__ import annotations

from pathlib import Path

from modelcollapse import Run, run_sweep
from modelcollapse.corpora.blocks import load_blocks
from modelcollapse.sweeps.sweep import Sweep

NAME = "synthetic:800,vocabulary=300,zipf_exponent=1,zipf_shift=2"


def run_texts(folder: Path, **fields: object) -> Run:
    """Let trigram models write small texts."""
    sweep = Sweep(**{
        "experiment": "texts", "domain": "generation", "rates": "0,0.5,1", "seeds": 2, "initial_size": 40,
        "final_size": 160, "increment": 40, "test_size": 30, "regime": "replace", **fields,
    })  # fmt: skip
    return run_sweep(sweep, load_blocks(NAME), folder, executor="inprocess", progress=False)
