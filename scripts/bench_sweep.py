#!/usr/bin/env python
"""What Ray costs, and what a second worker brings: one sweep in this process and with 1 and 2 workers, alternating.

    python scripts/bench_sweep.py --rounds 3
    python scripts/bench_sweep.py --rounds 3 --against main --workers 0   # an older commit's times beside this one's
    python scripts/bench_sweep.py --sizes 60000 61000 500 --test-size 20000 --corpus synthetic:100000 --workers 0
    python scripts/bench_sweep.py --sizes 4000 6000 200 --corpus movies --workers 0 --model tfidf-logistic-regression
    python scripts/bench_sweep.py --sizes 4000 6000 200 --corpus movies --workers 0 --model logistic-regression \
        --vectors 384   # of its reviews, by truncated SVD

Start-up is what passes until the first worker trains. Idle is the share of the workers' time after that in which they
neither train, score nor label, the tail of the sweep – when a worker has no chain left – not counted. In this
process that is a chain's own work (metrics, mostly); what is more than that with Ray is Ray's. A generation is the
sweep's time times workers, divided by its rows; of that, fit and score are what training, and scoring and labelling
take. What must be compiled is compiled before anything is timed. Ours is the share of chains' time, in this process,
that passes outside the learner's own fit and predict: gathering documents, labelling, measuring.
"""

from __future__ import annotations

import argparse
import inspect
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import polars as pl
from against import compare
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

from modelcollapse import Sweep, load_corpus, run_sweep
from modelcollapse.execution.progress import Reporter
from modelcollapse.simulation.chain import Chain
from modelcollapse.simulation.learning import learners

if TYPE_CHECKING:  # it runs on older commits too
    from modelcollapse.execution.tasks import Task


class Clock(Reporter):
    """Notes when the first worker began, when chains ended, and how long workers were busy."""

    def __init__(self) -> None:
        self.begun: float | None = None
        self.ends: list[float] = []
        self.fit = self.score = 0.0
        self.n_rows = 0

    def generation(self, row: Any) -> None:
        """Take note of a new row."""
        super().generation(row)
        self.fit += row.fit_seconds
        self.score += row.predict_seconds
        self.n_rows += 1
        if self.begun is None:
            self.begun = time.perf_counter() - row.fit_seconds - row.predict_seconds

    def finished(self, task: Task) -> None:
        """Take note that a chain reached its end and is kept."""
        super().finished(task)
        self.ends.append(time.perf_counter())


class Stopwatch:
    """Adds up what passes in calls, those within each other once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def timing(self, method: Any) -> Any:
        """Return a method that is timed."""

        def call(*arguments: Any, **options: Any) -> Any:
            self._depth += 1
            started = time.perf_counter()
            try:
                return method(*arguments, **options)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - started

        return call


@contextmanager
def timed(learner: type) -> Iterator[tuple[Stopwatch, Stopwatch]]:
    """Time chains in this process, and in them the methods of their learner."""
    chains, own = Stopwatch(), Stopwatch()
    with ExitStack() as stack:
        for name in ("__init__", "run_generation"):
            stack.enter_context(patch.object(Chain, name, chains.timing(getattr(Chain, name))))
        for name in ("fit", "predict", "predict_proba", "decision_function"):
            method = inspect.getattr_static(learner, name, None)
            if inspect.isfunction(method):
                stack.enter_context(patch.object(learner, name, own.timing(method)))
            elif method is not None:  # of a pipeline: there only if its last step has it
                stack.enter_context(patch.object(method, "fn", own.timing(method.fn)))
        yield chains, own


@cache
def load(name: str, n_columns: int) -> Any:
    """Load a corpus, as vectors if columns are asked for."""
    corpus = load_corpus(name)
    if not n_columns:
        return corpus
    from modelcollapse import DenseCorpus

    counts: Any = corpus.counts  # type: ignore[union-attr]
    vectors = TruncatedSVD(n_columns, random_state=0).fit_transform(TfidfTransformer().fit_transform(counts))
    return DenseCorpus.of(vectors.astype(np.float32), corpus.labels)


def measure(sweep: Sweep, corpus: Any, workers: int) -> dict[str, float]:
    """Run the sweep once, in this process for no workers; times in seconds."""
    clock = Clock()
    learner: Any = type(learners.instantiate(sweep.models()[0]))
    with timed(learner) as (chains, own), tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run_sweep(
            sweep, corpus, folder, executor="ray" if workers else "inprocess", workers=workers or None, progress=clock
        )
        ended = time.perf_counter()
    assert clock.begun is not None
    last_ends = sorted(clock.ends)[-max(1, workers) :]  # one for each worker: from then on it had nothing to do
    available = sum(end - clock.begun for end in last_ends)
    is_timed = chains.seconds and not learners.is_our_forest(sweep.models()[0])  # which grows outside its `fit`
    return {
        "start_up": clock.begun - started,
        "sweep": clock.ends[-1] - clock.begun,
        "generation": (clock.ends[-1] - clock.begun) * max(1, workers) / clock.n_rows,
        "fit": clock.fit / clock.n_rows,
        "score": clock.score / clock.n_rows,
        "shut_down": ended - clock.ends[-1],
        "idle": 1 - (clock.fit + clock.score) / available,
        **({"ours": 1 - own.seconds / chains.seconds} if is_timed else {}),
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default="synthetic:12000")
    parser.add_argument("--trees", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=6, help="two chains each")
    parser.add_argument("--sizes", type=int, nargs=3, default=[1000, 4000, 250], help="initial, final, increment")
    parser.add_argument("--test-size", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--model", default="forest")
    parser.add_argument("--vectors", type=int, default=0, help="columns of numbers in place of counts")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="0 is this process")
    parser.add_argument("--against", metavar="COMMIT", help="compare with this commit, run in turn")
    parser.add_argument("--figures", action="store_true", help="print the times of one round as JSON, and no more")
    options = parser.parse_args()
    if options.against:
        arguments = ["--corpus", options.corpus, "--trees", options.trees, "--seeds", options.seeds]
        arguments += ["--model", options.model, "--workers", *options.workers, "--vectors", options.vectors]
        arguments += ["--sizes", *options.sizes, "--test-size", options.test_size]
        compare(options.against, __file__, [str(argument) for argument in arguments], options.rounds)
        return
    initial, final, increment = options.sizes
    model = {"model": options.model} if options.model != "forest" else {"trees": options.trees}
    sizes = {"initial_size": initial, "final_size": final, "increment": increment, "test_size": options.test_size}
    sweep = Sweep(rates=[0, 0.5], seeds=options.seeds, **sizes, **model)
    tiny = Sweep(rates=0.5, seeds=1, initial_size=200, final_size=300, increment=50, test_size=200, **model)
    corpus = load(options.corpus, options.vectors)
    measure(tiny, corpus, 0)  # compiles, or loads what was compiled
    if options.figures:
        figures: dict[str, float] = {}
        for workers in options.workers:
            times = measure(sweep, corpus, workers)
            figures |= {f"{name}, {workers} workers": seconds for name, seconds in times.items()}
        print(json.dumps(figures))
        return
    rows = []
    for number in range(options.rounds):
        for workers in options.workers[:: 1 if number % 2 == 0 else -1]:
            times = measure(sweep, corpus, workers)
            rows.append({"workers": workers, **times})
            print(f"{workers} workers:", ", ".join(f"{name} {value:.3f}" for name, value in times.items()), flush=True)
    medians = pl.DataFrame(rows).group_by("workers").median().sort("workers")
    with pl.Config(tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, float_precision=3):
        print(medians)
    if options.workers != [0, 1, 2]:
        return
    idle, seconds = medians["idle"].to_list(), medians["sweep"].to_list()
    for workers in (1, 2):
        print(f"{workers} workers: Ray's share of their time is {1 - (1 - idle[workers]) / (1 - idle[0]):.1%}")
    print(f"2 workers are {seconds[1] / seconds[2]:.2f} times as fast as one")


if __name__ == "__main__":
    main()
