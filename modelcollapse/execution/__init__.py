"""Sweeps: which chains a run needs, where they run, and what is kept of them."""

from modelcollapse.runs.run import Run, open_run, run_sweep

__all__ = ["Run", "open_run", "run_sweep"]
