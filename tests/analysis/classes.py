"""Runs of more than two classes for tests of what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse import Run, Sweep, run_sweep
from modelcollapse.corpora.dense import DenseCorpus


def run_classes(folder: Path, n_classes: int = 4, shares: Any = None, **changes: Any) -> Run:
    """Run naive Bayes on points around as many centres as there are classes."""
    random = np.random.default_rng(3)
    labels = random.choice(n_classes, 60 * n_classes, p=shares)
    labels[: 10 * n_classes] = np.arange(10 * n_classes) % n_classes
    points = random.normal(size=(n_classes, 4))[labels] + random.normal(size=(len(labels), 4))
    corpus = DenseCorpus.of(points, [f"class {c:02d}" for c in labels])
    sizes = {"initial_size": 40, "final_size": 100, "increment": 20, "test_size": 80}
    sweep = Sweep(**{"rates": [0, 0.5, 1], "seeds": 3, "model": "sklearn.naive_bayes:GaussianNB", **sizes, **changes})
    return run_sweep(sweep, corpus, folder / "run", executor="inprocess")
