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
    from modelcollapse.corpora import Corpus, DenseCorpus, build_corpus, load_corpus
    from modelcollapse.errors import ModelCollapseError
    from modelcollapse.forest import SparseForestClassifier
    from modelcollapse.planning.doctor import examine
    from modelcollapse.runs.adaptive_seeds import run_until_precise
    from modelcollapse.runs.comparing import Comparison, compare
    from modelcollapse.runs.experiments import experiment, experiments
    from modelcollapse.runs.foreseeing import dry_run, estimate, plan
    from modelcollapse.runs.opening import FileResults, open_results
    from modelcollapse.runs.results import Results
    from modelcollapse.runs.run import Run, open_run
    from modelcollapse.runs.searching import Search, open_search, search_generational, search_hyperparameters
    from modelcollapse.runs.several import reproduce, resume, run_laws
    from modelcollapse.runs.sweeping import run_sweep
    from modelcollapse.sweeps.sweep import Sweep

__all__ = [
    "Comparison", "Corpus", "DenseCorpus", "FileResults", "ModelCollapseError", "Results", "Run", "Search",
    "SparseForestClassifier", "Sweep", "build_corpus", "compare", "dry_run", "estimate", "examine", "experiment",
    "experiments", "load_corpus", "open_results", "open_run", "open_search", "plan", "reproduce", "resume",
    "run_laws", "run_sweep", "run_until_precise", "search_generational", "search_hyperparameters",
]  # fmt: skip

__getattr__ = importer(
    __name__,
    {
        "corpora": ("Corpus", "DenseCorpus", "build_corpus", "load_corpus"),
        "errors": ("ModelCollapseError",),
        "forest": ("SparseForestClassifier",),
        "planning.doctor": ("examine",),
        "runs.adaptive_seeds": ("run_until_precise",),
        "runs.comparing": ("Comparison", "compare"),
        "runs.experiments": ("experiment", "experiments"),
        "runs.foreseeing": ("dry_run", "estimate", "plan"),
        "runs.opening": ("FileResults", "open_results"),
        "runs.results": ("Results",),
        "runs.run": ("Run", "open_run"),
        "runs.searching": ("Search", "open_search", "search_generational", "search_hyperparameters"),
        "runs.several": ("reproduce", "resume", "run_laws"),
        "runs.sweeping": ("run_sweep",),
        "sweeps.sweep": ("Sweep",),
    },
)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
