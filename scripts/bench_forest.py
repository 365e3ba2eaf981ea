"""Time the project's forest against scikit-learn's: fitting, and scoring 20,000 documents, one thread each.

    python scripts/bench_forest.py                                   # the bar: 1,000, 10,000 and 50,000 documents
    python scripts/bench_forest.py --sizes 1000 --runs 5 --threads 2
    python scripts/bench_forest.py --sizes 10000 --max-depth none --trees 200
    python scripts/bench_forest.py --against main                    # an older commit's times beside this one's
    python scripts/bench_forest.py --limit                           # how far growth is from what it could be

Runs alternate between the two, and the table has the medians. Both see the same documents and the terms that occur in
them; scikit-learn gets float32 in CSC for fitting and in CSR for scoring, its fastest formats, and the conversion is
not counted. The script fails if the accuracies differ by more than the noise of two forests.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from against import compare
from peak_memory import memory
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_limits

from modelcollapse.corpora import Corpus, load_corpus  # only what older commits have, too
from modelcollapse.forest import SparseForestClassifier

#: Forests of 1,000 trees on the same documents differ by less, and wrong ones by more.
LARGEST_DIFFERENCE = 0.02

_DATA = Path(os.environ.get("MODELCOLLAPSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
_REVIEWS = _DATA / "amazon_reviews.parquet"


@dataclass(frozen=True)
class Task:
    """Documents to learn from and documents to score."""

    train: sparse.csr_matrix
    labels: npt.NDArray[np.uint8]
    test: sparse.csr_matrix
    test_labels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Timing:
    """Seconds of wall and of processor time, the accuracy, and the growth of the peak of memory in megabytes."""

    fit: float
    score: float
    processor: float
    accuracy: float
    memory: float

    @property
    def total(self) -> float:
        """Wall time of fitting and scoring."""
        return self.fit + self.score


def make_task(counts: sparse.csr_matrix, labels: npt.NDArray[np.uint8], size: int, test_size: int) -> Task:
    """Take the first documents of a shuffled corpus for training, the last for testing, and the terms in the former."""
    order = np.random.default_rng(0).permutation(len(labels))
    train, test = order[:size], order[len(order) - test_size :]
    columns = np.unique(counts[train].indices)
    return Task(counts[train][:, columns].tocsr(), labels[train], counts[test][:, columns].tocsr(), labels[test])


def run(fit: Callable[[], Any], predict: Callable[[Any], npt.NDArray[np.uint8]], task: Task) -> Timing:
    """Time one forest."""
    before = memory(reset=True)
    processor, start = time.process_time(), time.perf_counter()
    forest = fit()
    fitted = time.perf_counter()
    predicted = predict(forest)
    done = time.perf_counter()
    return Timing(
        fitted - start,
        done - fitted,
        time.process_time() - processor,
        float(np.mean(predicted == task.test_labels)),
        memory(reset=False) - before,
    )


def run_ours(task: Task, parameters: dict[str, Any], threads: int, seed: int) -> Timing:
    """Time the project's forest."""
    forest = SparseForestClassifier(**parameters, random_state=seed, n_jobs=threads)
    return run(lambda: forest.fit(task.train, task.labels), lambda fitted: fitted.predict(task.test), task)


def run_theirs(task: Task, parameters: dict[str, Any], seed: int) -> Timing:
    """Time scikit-learn's forest."""
    train, test = task.train.astype(np.float32).tocsc(), task.test.astype(np.float32)
    forest = RandomForestClassifier(**parameters, random_state=seed, n_jobs=1)
    return run(lambda: forest.fit(train, task.labels), lambda fitted: fitted.predict(test), task)


def median(timings: list[Timing], name: str) -> float:
    """Median of one field."""
    return statistics.median(getattr(timing, name) for timing in timings)


def bench(task: Task, parameters: dict[str, Any], runs: int, threads: int) -> bool:
    """Time both forests in turn, print a row, and tell whether they are equally accurate."""
    ours, theirs, threaded = [], [], []
    for seed in range(runs):
        ours.append(run_ours(task, parameters, 1, seed))
        theirs.append(run_theirs(task, parameters, seed))
        if threads > 1:
            threaded.append(run_ours(task, parameters, threads, seed))
    difference = median(ours, "accuracy") - median(theirs, "accuracy")
    row = [
        f"{task.train.shape[0]:>7,}",
        *(f"{median(theirs, name):>8.2f}" for name in ("fit", "score")),
        *(f"{median(ours, name):>8.3f}" for name in ("fit", "score")),
        f"{median(theirs, 'total') / median(ours, 'total'):>7.1f}×",
        f"{median(theirs, 'processor') / median(ours, 'processor'):>7.1f}×",
        f"{median(theirs, 'accuracy'):>8.4f}",
        f"{median(ours, 'accuracy'):>8.4f}",
        f"{median(theirs, 'memory'):>7.0f}",
        f"{median(ours, 'memory'):>7.0f}",
    ]
    if threaded:
        row.append(f"{median(ours, 'total') / median(threaded, 'total'):>6.2f}×")
    print(" ".join(row), flush=True)
    return abs(difference) <= LARGEST_DIFFERENCE


def print_figures(tasks: list[tuple[int, Task]], parameters: dict[str, Any], runs: int) -> None:
    """Print the medians of the project's forest as JSON."""
    figures: dict[str, float] = {}
    for size, task in tasks:
        timings = [run_ours(task, parameters, 1, seed) for seed in range(runs)]
        figures |= {f"{name}, {size} documents": median(timings, name) for name in ("fit", "score", "total")}
    print(json.dumps(figures))


def print_limit(tasks: list[tuple[int, Task]], n_trees: int, runs: int) -> None:
    """Print how long the study's trees take to grow, and at least must."""
    from forest_limit import measure  # it needs this commit's kernels, which another one may not have

    print("documents   growth    limit    ratio")
    for size, task in tasks:
        growth, limit = measure(task.train, task.labels, n_trees, runs)
        print(f"{size:>9,} {growth:>8.3f} {limit:>8.3f} {growth / limit:>7.1f}×", flush=True)


def main() -> None:
    """Parse, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default=str(_REVIEWS) if _REVIEWS.exists() else "movies")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--test-size", type=int, default=20_000)
    parser.add_argument("--trees", type=int, default=1_000)
    parser.add_argument("--max-depth", type=lambda text: None if text == "none" else int(text), default=20)
    parser.add_argument("--max-features", default="sqrt")
    parser.add_argument("--bootstrap", action="store_true")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the medians are taken")
    parser.add_argument("--threads", type=int, default=1, help="also time the project's forest on so many threads")
    parser.add_argument("--against", metavar="COMMIT", help="compare with this commit's forest, run in turn")
    parser.add_argument("--figures", action="store_true", help="print the project's own times as JSON, and no more")
    parser.add_argument("--limit", action="store_true", help="compare growth with a replay of the same trees")
    options = parser.parse_args()
    if options.against:
        arguments = ["--corpus", options.corpus, "--sizes", *options.sizes, "--test-size", options.test_size]
        arguments += ["--trees", options.trees, "--max-depth", options.max_depth or "none"]
        arguments += ["--max-features", options.max_features, *(["--bootstrap"] if options.bootstrap else [])]
        compare(options.against, __file__, [*map(str, arguments), "--runs", "1"], options.runs)
        return
    corpus = load_corpus(options.corpus)
    if not isinstance(corpus, Corpus):
        sys.exit(f"{options.corpus} has numbers, expected texts.")
    parameters = {
        "n_estimators": options.trees,
        "max_depth": options.max_depth,
        "max_features": options.max_features,
        "bootstrap": options.bootstrap,
    }
    counts, labels = corpus.counts.copy(), np.array(corpus.labels)
    with threadpool_limits(1):
        tasks = [(size, make_task(counts, labels, size, options.test_size)) for size in options.sizes]
        run_ours(make_task(counts, labels, 200, 200), parameters | {"n_estimators": 2}, 1, 0)  # compiles or loads
        if options.figures:
            print_figures(tasks, parameters, options.runs)
            return
        if options.limit:
            print_limit(tasks, options.trees, options.runs)
            return
        print("          scikit-learn       modelcollapse       faster         accuracy       peak MB")
        print("documents    fit    score      fit    score    wall  process.  theirs     ours  theirs    ours  threads")
        agree = [bench(task, parameters, options.runs, options.threads) for _, task in tasks]
    if not all(agree):
        sys.exit(f"The accuracies differ by more than {LARGEST_DIFFERENCE}.")


if __name__ == "__main__":
    main()
