"""Simulate model collapse: classifiers retrained, again and again, on data they labelled themselves."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcollapse.corpora import Corpus, load_corpus
    from modelcollapse.errors import ModelCollapseError
    from modelcollapse.forest import SparseForestClassifier
    from modelcollapse.runs.run import Run, open_run
    from modelcollapse.runs.sweeping import run_sweep
    from modelcollapse.simulation.sweep import Sweep

__all__ = [
    "Corpus",
    "ModelCollapseError",
    "Run",
    "SparseForestClassifier",
    "Sweep",
    "load_corpus",
    "open_run",
    "run_sweep",
]

_HOMES = {
    "Corpus": "corpora",
    "ModelCollapseError": "errors",
    "Run": "runs.run",
    "SparseForestClassifier": "forest",
    "Sweep": "simulation.sweep",
    "load_corpus": "corpora",
    "open_run": "runs.run",
    "run_sweep": "runs.sweeping",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the command line's help needs none of it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'modelcollapse' has no attribute '{name}'")
    return getattr(importlib.import_module(f"modelcollapse.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
