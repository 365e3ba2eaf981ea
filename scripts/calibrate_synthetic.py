"""Calibrate synthetic reviews: the study's forest shall learn from them as it did from Amazon reviews.

Without arguments: the learning curve of ``synthetic:400000`` beside the published one; exit code 1 if they are more
than 0.02 apart anywhere above 500 documents. With ``--search N``: first looks for better parameters, in N trials,
beginning with the present ones; what it finds belongs into the defaults of `SyntheticParameters`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from modelcollapse.analysis.study.published import published
from modelcollapse.corpora import load_corpus
from modelcollapse.corpora.dense import two_of_counts
from modelcollapse.corpora.sources.synthetic.language import Language
from modelcollapse.corpora.sources.synthetic.parameters import SyntheticParameters
from modelcollapse.corpora.sources.synthetic.reviews import draw_counts, draw_documents
from modelcollapse.forest import SparseForestClassifier

TOLERANCE = 0.02
COUNTS_ABOVE = 500
DOCUMENTS = 400_000

SEARCHED = ("zipf_exponent", "zipf_shift", "sentiment_share", "sentiment_strength", "label_noise")
SEARCH_SIZES = (135, 428, 1015, 2405, 10_136, 32_036)
SEARCH_TREES, SEARCH_TEST, SEARCH_SEEDS = 500, 20_000, 3


def published_curve() -> dict[int, tuple[float, float]]:
    """Mean and standard deviation of the published accuracies of the baseline by training size."""
    rows = published().filter(experiment="baseline").sort("n_seen")
    return dict(zip(rows["n_seen"], zip(rows["mean"], rows["sd"], strict=True), strict=True))


def accuracy(
    counts: sparse.csr_matrix,
    labels: npt.NDArray[np.uint8],
    size: int,
    n_test: int,
    seed: int,
    trees: int,
    threads: int,
) -> float:
    """Train the study's forest on some documents and the terms in them; score it on others."""
    order = np.random.default_rng([seed, 7]).permutation(len(labels))
    test, train = order[:n_test], order[n_test : n_test + size]
    active = np.zeros(counts.shape[1], bool)
    active[counts[train].indices] = True
    forest = SparseForestClassifier(trees, max_depth=20, bootstrap=False, random_state=seed, n_jobs=threads)
    forest.fit(counts[train][:, active], labels[train])
    return float(forest.score(counts[test][:, active], labels[test]))


def with_values(values: npt.NDArray[np.float64], documents: int) -> SyntheticParameters:
    """Parameters with the searched ones set to four digits of the exponentials of some values."""
    given = {name: float(f"{value:.4g}") for name, value in zip(SEARCHED, np.exp(values), strict=True)}
    return SyntheticParameters.model_validate({"documents": documents, **given})


def trial(values: npt.NDArray[np.float64], targets: Mapping[int, tuple[float, float]], threads: int) -> float:
    """Mean squared distance to the published curve, sizes above 500 counting more."""
    try:
        parameters = with_values(values, max(SEARCH_SIZES) + SEARCH_TEST)
    except ValueError:
        return 1.0
    language = Language(parameters)
    documents = draw_documents(parameters, language.n_topics)
    counts = sparse.vstack(list(draw_counts(parameters, language, documents)), format="csr")
    loss = 0.0
    for size in SEARCH_SIZES:
        seeds = range(SEARCH_SEEDS if size < 5_000 else 1)
        got = [accuracy(counts, documents.labels, size, SEARCH_TEST, s, SEARCH_TREES, threads) for s in seeds]
        loss += (float(np.mean(got)) - targets[size][0]) ** 2 * (1.0 if size > COUNTS_ABOVE else 0.3)
    found = ", ".join(f"{name}={value:.4g}" for name, value in zip(SEARCHED, np.exp(values), strict=True))
    print(f"{loss:.6f}  {found}", flush=True)
    return loss


def search(n_trials: int, targets: Mapping[int, tuple[float, float]], threads: int) -> SyntheticParameters:
    """Look for better parameters with the simplex method of Nelder and Mead, on logarithms."""
    start = SyntheticParameters(documents=DOCUMENTS)
    first = np.log([getattr(start, name) for name in SEARCHED])
    simplex = np.vstack([first, first + 0.07 * np.eye(len(first))])
    found = optimize.minimize(
        trial,
        first,
        args=(targets, threads),
        method="Nelder-Mead",
        options={"maxfev": n_trials, "initial_simplex": simplex},
    )
    return with_values(found.x, DOCUMENTS)


def main() -> None:
    """Search if asked to, then compare the curves."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--search", type=int, default=0, metavar="N", help="trials")
    parser.add_argument("--trees", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3, help="for sizes up to 20,000; fewer above")
    parser.add_argument("--test-size", type=int, default=20_000)
    parser.add_argument("--largest", type=int, default=320_000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    targets = published_curve()
    parameters = SyntheticParameters(documents=DOCUMENTS)
    if options.search:
        parameters = search(options.search, targets, options.threads)
    corpus = two_of_counts(load_corpus(parameters.name), "this script")
    bayes = corpus.origin.bayes_error if corpus.origin else None
    assert bayes is not None
    print(f"{parameters.name}: Bayes error {bayes.error:.4f} ± {bayes.standard_error:.4f}")
    print(f"{'documents':>9} {'published':>9} {'sd':>6} {'synthetic':>9} {'sd':>6} {'apart':>7} {'seconds':>8}")
    worst = 0.0
    for size, (mean, sd) in targets.items():
        if size > options.largest:
            break
        began = time.perf_counter()
        seeds = range(options.seeds if size <= 20_000 else 1)
        got = [
            accuracy(corpus.counts, corpus.labels, size, options.test_size, s, options.trees, options.threads)
            for s in seeds
        ]
        apart = float(np.mean(got)) - mean
        if size > COUNTS_ABOVE:
            worst = max(worst, abs(apart))
        seconds = (time.perf_counter() - began) / len(got)
        spread = float(np.std(got, ddof=1)) if len(got) > 1 else float("nan")
        ours = f"{np.mean(got):9.4f} {spread:6.4f} {apart:+7.4f} {seconds:8.1f}"
        print(f"{size:9,} {mean:9.4f} {sd:6.4f} {ours}", flush=True)
    print(f"largest distance above {COUNTS_ABOVE} documents: {worst:.4f} (tolerated: {TOLERANCE})")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
