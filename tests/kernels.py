"""Compile the kernels that most tests need: run before them, else several of their processes compile the same ones."""

from __future__ import annotations

import tempfile
from typing import Any

from modelcollapse import Sweep, run_sweep
from modelcollapse.corpora.blocks import load_blocks
from tests.golden import golden_corpus

SIZES: dict[str, Any] = {"initial_size": 40, "final_size": 80, "increment": 40, "test_size": 30, "rates": 1}

FORESTS = Sweep(model="forest", trees=2, model_param={"max_depth": [2], "bootstrap": [False, True]}, **SIZES)
TEXTS = Sweep(domain="generation", model="ngram", label_rule="sample,nucleus:0.8", regime="accumulate", **SIZES)


def compile_all() -> None:
    """Run a small sweep of each sort."""
    blocks = load_blocks("synthetic:900,vocabulary=100,zipf_exponent=1,zipf_shift=2")
    with tempfile.TemporaryDirectory() as folder:
        run_sweep(FORESTS, golden_corpus(), f"{folder}/forests", executor="inprocess", progress=False)
        run_sweep(TEXTS, blocks, f"{folder}/texts", executor="inprocess", progress=False)


if __name__ == "__main__":
    compile_all()
