"""Simulate model collapse: classifiers retrained, again and again, on data they labelled themselves.

Everything users call is here. Examples of these calls go on from this one:

>>> from modelcollapse import *
>>> corpus = load_corpus("synthetic:600")
>>> sizes = {"initial_size": 100, "final_size": 300, "increment": 100, "test_size": 200}
>>> sweep = Sweep(rates=[0, 1], seeds=3, model="naive-bayes", **sizes)
>>> run = run_sweep(sweep, corpus, "runs/first", executor="inprocess")
>>> run
<Run runs/first; experiments: sweep, corpus: synthetic:600, chains: 6 of 6 finished, generations: 18 of 18>
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcollapse.lazy import importer

if TYPE_CHECKING:
    from modelcollapse.corpora import Corpus, build_corpus, load_corpus
    from modelcollapse.errors import ModelCollapseError
    from modelcollapse.forest import SparseForestClassifier
    from modelcollapse.planning.doctor import examine
    from modelcollapse.runs import (
        Comparison,
        FileResults,
        Results,
        Run,
        Search,
        compare,
        dry_run,
        estimate,
        experiment,
        experiments,
        open_results,
        open_run,
        open_search,
        plan,
        reproduce,
        resume,
        run_laws,
        run_sweep,
        run_until_precise,
        search_generational,
        search_hyperparameters,
    )
    from modelcollapse.sweeps.sweep import Sweep

#: Where names come from that are not of the face itself.
_HOMES = {
    "Corpus": "corpora",
    "ModelCollapseError": "errors",
    "SparseForestClassifier": "forest",
    "Sweep": "sweeps.sweep",
    "build_corpus": "corpora",
    "examine": "planning.doctor",
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
    "dry_run",
    "estimate",
    "examine",
    "experiment",
    "experiments",
    "load_corpus",
    "open_results",
    "open_run",
    "open_search",
    "plan",
    "reproduce",
    "resume",
    "run_laws",
    "run_sweep",
    "run_until_precise",
    "search_generational",
    "search_hyperparameters",
]


__getattr__ = importer(__name__, {name: _HOMES.get(name, "runs") for name in __all__})


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
