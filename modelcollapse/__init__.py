"""Simulate model collapse: classifiers retrained, again and again, on data they labelled themselves."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcollapse.corpora import Corpus, build_corpus, load_corpus
    from modelcollapse.errors import ModelCollapseError
    from modelcollapse.forest import SparseForestClassifier
    from modelcollapse.runs import (
        Comparison,
        FileResults,
        Results,
        Run,
        Search,
        compare,
        open_results,
        open_run,
        open_search,
        run_sweep,
        run_until_precise,
        search_generational,
        search_hyperparameters,
    )
    from modelcollapse.simulation.sweep import Sweep

_HOMES = {
    "Corpus": "corpora",
    "ModelCollapseError": "errors",
    "SparseForestClassifier": "forest",
    "Sweep": "simulation.sweep",
    "build_corpus": "corpora",
    "load_corpus": "corpora",
}

__all__ = [
    "Comparison",
    "Corpus",
    "FileResults",
    "ModelCollapseError",
    "Results",
    "Run",
    "Search",
    "SparseForestClassifier",
    "Sweep",
    "build_corpus",
    "compare",
    "load_corpus",
    "open_results",
    "open_run",
    "open_search",
    "run_sweep",
    "run_until_precise",
    "search_generational",
    "search_hyperparameters",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the command line's help needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'modelcollapse' has no attribute '{name}'")
    return getattr(importlib.import_module(f"modelcollapse.{_HOMES.get(name, 'runs')}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
