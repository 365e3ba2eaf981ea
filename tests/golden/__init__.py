"""Names and rows of chains as they were when they were written down: later versions must find and repeat them.

``python -m tests.golden`` adds new sweeps to ``golden.json``, with scikit-learn 1.9; those that are there stay as they
are: a changed id orphans what users have stored; a changed row needs a raised `spec.RESULTS_VERSION`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse import run_sweep
from modelcollapse.corpora.block_cache import BlockCorpus
from modelcollapse.corpora.dense import DenseCorpus
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.sweeps.sweep import Sweep
from tests.conftest import make_corpus, make_reviews

FILE = Path(__file__).with_name("golden.json")

#: A run's folder as version 0.1.0 wrote it: two sweeps, one of whose chains was interrupted. Never write it anew.
STORED_RUN = Path(__file__).with_name("stored_run")
STORED_VALUES = {"experiment": "stored", "rates": "0,0.5", "seeds": 2, "initial_size": 100, "final_size": 300,
                 "increment": 100, "test_size": 200, "trees": 3}  # fmt: skip

BASE = {"rates": "0,0.3,1", "initial_size": 100, "final_size": 300, "increment": 100, "test_size": 200}

#: Sweeps by name: every axis, several learners, both ways to grow.
SWEEPS: dict[str, dict[str, Any]] = {
    "forest": {"trees": 5, "seeds": 2},
    "forest-off-schedule": {"trees": 5, "final_size": 270},
    "forest-parameters": {"trees": 4, "rates": "0.3", "model_param": {"max_depth": [5, None], "bootstrap": [True]}},
    "forest-rules": {"trees": 5, "rates": "0.5", "label_rule": "frozen,human-only,random-noise,prior-matched,sampled"},
    "forest-unigrams-of-bigrams": {"trees": 3, "rates": "0.3", "min_df": 2, "max_ngram": 2, "max_terms": 150},
    "naive-bayes-regimes": {"model": "naive-bayes", "regime": "accumulate,replace,subsample", "seeds": "3,8"},
    "naive-bayes-rules": {
        "model": "naive-bayes", "rates": "0,0.02,0.5", "increment": 50,
        "label_rule": "argmax,confusion-noise,confident:0.9:human,confident:0.9:drop",
    },
    "naive-bayes-ladder": {"model": "naive-bayes", "initial_size": "60,120", "increment": None,
                           "sizes": "60,90,120,250", "final_size": 250},
    "naive-bayes-shared-reference": {"model": "naive-bayes", "initial_size": "50,100,200", "increment": None,
                                     "sizes": "50,100,200,400", "final_size": 400, "shared_reference": True},
    "logistic-regression": {"model": "logistic-regression", "rates": "0,0.3", "model_param": {"C": [1, 0.1]}},
    "forest-sklearn": {"model": "forest-sklearn", "trees": 3, "rates": "0,1"},
    "import-path": {"model": "sklearn.linear_model:RidgeClassifier", "rates": "0,0.3"},
    "classes": {
        "model": "naive-bayes", "regime": "accumulate,window:150",
        "label_rule": "argmax,frozen,random-noise,confusion-noise,prior-matched,sampled,confident:0.6:human",
    },
    "texts": {
        "domain": "generation", "initial_size": 30, "final_size": 90, "increment": 30, "test_size": 20,
        "label_rule": "sample,nucleus:0.8,mle,shuffled,human-only", "regime": "accumulate,replace",
    },
}  # fmt: skip


def golden_sweep(name: str) -> Sweep:
    """Return a sweep by its name."""
    return Sweep(experiment=name, **{**BASE, **SWEEPS[name]})


@cache
def golden_corpus(name: str = "") -> Any:
    """Return what a sweep draws from: unigrams and bigrams of documents in two classes, but for some."""
    if name not in ("classes", "texts"):
        return make_corpus(make_reviews(700), "golden", ngrams=2)
    random = np.random.default_rng(7)  # whose whole numbers are the same everywhere
    if name == "texts":
        steps = random.integers(0, 4, (300, 16)) ** 2
        return BlockCorpus((np.cumsum(steps, axis=1) % 40).astype(np.uint16), np.array([40]), "golden-texts")
    labels = random.integers(0, 5, 700)
    labels[labels == 4] = random.integers(0, 5, (labels == 4).sum())  # a rare one
    counts = random.integers(0, 4, (700, 12)) + 2 * (np.arange(12) % 5 == labels[:, np.newaxis])
    return DenseCorpus.of(counts, [("red", "green", "blue", "grey", "7")[c] for c in labels], "golden")


def golden_rows(name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Run the chains of a sweep and yield their ids and rows, without the columns that measure time."""
    corpus = golden_corpus(name)
    for task in chain_tasks(golden_sweep(name).on(corpus), corpus.fingerprint):
        rows = [vars(result.row) for result in run_chain(task.spec, corpus)]
        yield task.id, [{k: v for k, v in row.items() if not k.endswith("_seconds")} for row in rows]


def _written(names: Iterable[str]) -> dict[str, Any]:
    """Return chains of sweeps as columns with values, one generation after the other."""
    return {
        name: {
            chain_id: {column: [row[column] for row in rows] for column in rows[0] if column != "chain_id"}
            for chain_id, rows in golden_rows(name)
        }
        for name in names
    }


class Interrupted(InProcessExecutor):
    """Stops in the middle of the last chain."""

    def run(self, corpus, tasks, state_of):
        """Yield all but the end of the last chain."""
        yield from super().run(corpus, tasks[:-1], state_of)
        events = super().run(corpus, tasks[-1:], state_of)
        yield next(events)
        yield next(events)
        raise KeyboardInterrupt


def store_run(folder: Path) -> None:
    """Write a run as an interrupted command leaves it."""
    run_sweep(Sweep(**STORED_VALUES), golden_corpus(), folder, executor="inprocess")
    with suppress(KeyboardInterrupt):
        again = {**STORED_VALUES, "label_rule": "argmax,human-only"}
        run_sweep(Sweep(**again), golden_corpus(), folder, executor=Interrupted())


def main() -> None:
    """Write the golden file: what is there, and sweeps that are not."""
    known = json.loads(FILE.read_text())
    chains = known | _written(name for name in SWEEPS if name not in known)
    lines = [
        f'"{name}": {{\n' + ",\n".join(f' "{i}": {json.dumps(columns)}' for i, columns in rows.items()) + "\n}"
        for name, rows in chains.items()
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
