"""What a run can see as it is, how many seeds it would take to see more, and where its noise comes from."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import polars as pl
from scipy import stats

from modelcollapse.analysis.statistics.arms import ARM, RULE, at_size, pair_with_reference, prepare
from modelcollapse.analysis.statistics.frames import groups, table
from modelcollapse.analysis.statistics.inference import (
    detectable_difference,
    mean_of,
    mean_over_seeds,
    sd_interval,
    seeds_needed,
)
from modelcollapse.analysis.statistics.seed_groups import HEALTHY


def power(results: pl.DataFrame, difference: float = 0.005, metric: str = "accuracy") -> pl.DataFrame:
    """Tell what differences to rate 0 the run can detect, and how many more seeds a stated one needs.

    For a two-sided paired t test at 5 % with a power of 80 %, at the final size: for one rate alone and, stricter, for
    a rate that must pass the first step of Holm's correction over all rates of its label rule. The standard deviation
    is itself an estimate: of five seeds it is known within a factor of three, and the seeds it calls for within one of
    eight. Plans made from such a pilot reach 70 % on average instead of 80 %.

    Columns: `ARM`, ``n_seeds, sd`` (of differences within seeds; one test document at least) with its 95 % interval
    ``sd_low, sd_high``, ``detectable, detectable_holm``, ``difference`` (to be found), ``seeds_needed, more_seeds`` and
    ``seeds_low, seeds_high``, the seeds that the ends of that interval call for. Arms with fewer than two pairs are
    left out.
    """
    final = at_size(prepare(results)).filter(pl.col("generation") > 0)
    pairs = [(arm, group) for arm, group in groups(pair_with_reference(final, metric), ARM) if group.height >= 2]
    n_tests = Counter(tuple(arm[axis] for axis in RULE) for arm, _ in pairs)
    records = []
    for arm, group in pairs:
        n = group.height
        estimate = mean_over_seeds(group, "difference", metric)
        sd = estimate.error * math.sqrt(n)
        low, high = sd_interval(sd, n)
        needed = seeds_needed(sd, difference)
        corrected = 0.05 / n_tests[tuple(arm[axis] for axis in RULE)]
        records.append(
            {
                **arm,
                "n_seeds": n,
                "sd": sd,
                "sd_low": low,
                "sd_high": high,
                "detectable": detectable_difference(sd, n),
                "detectable_holm": detectable_difference(sd, n, alpha=corrected),
                "difference": difference,
                "seeds_needed": needed,
                "more_seeds": max(0, needed - n),
                "seeds_low": seeds_needed(low, difference),
                "seeds_high": seeds_needed(high, difference),
            }
        )
    columns = "n_seeds sd sd_low sd_high detectable detectable_holm difference"
    return table(records, ARM, f"{columns} seeds_needed more_seeds seeds_low seeds_high")


def variance_components(results: pl.DataFrame, n_documents: int | None = None) -> pl.DataFrame:
    """Split the variance of final accuracies over seeds, by the method of moments, and add the corpus' part.

    - *Test documents.* Once a chain's documents, labels and model seed are fixed, its model is fixed, and its test set
      is a simple random sample of the documents that the chain has not seen. Accuracy a on n of M such documents has
      the variance a(1 − a) / (n − 1) · (1 − n / M); M = `n_documents` − n_seen, infinite where that is unknown.
    - *Training*: the rest of the variance over seeds. Which documents come in which order, the model's own randomness.
    - *Corpus.* Seeds reshuffle one corpus: what they share never varies between them, whatever their number. It cannot
      be estimated from one corpus' rows. What is known is a limit of its test documents' part: if every document were
      always called right or always wrong, the mean over all reshuffles would vary between corpora of N documents by
      a(1 − a) / N; less if models disagree. Training documents that seeds share add a part of which nothing is known.

    Simulated with a nearest-centroid learner on corpora of 1,000 and 2,000 documents of which seeds use 19 to 100 %:
    the first two components are right on average; the whole corpus component is 0.58 to 1.15 times the limit; five
    seeds' ordinary 95 % interval of the level covers the corpus' population in .80 to .93 of corpora, the one with the
    limit added in .99. To measure the corpus' part, run the same sweep on disjoint halves of the documents and
    ``compare`` the runs: half of the squared difference of two levels estimates it, for corpora of half the size.

    One row per arm and test size at the final size, with two seeds or more: `ARM`, ``n_test, n_seen, n_seeds, mean``;
    standard deviations ``total_sd, test_sd, training_sd`` (0 where the test documents explain everything) with
    chi-square 95 % intervals ``total_low, total_high, training_low, training_high``, that of training given the test
    documents' part; ``test_share`` of the variance; ``used``, the share of the corpus that one seed draws for test and
    training, and ``corpus_limit`` (standard deviation), both null where `n_documents` is; ``half_width`` of the 95 %
    interval of the mean over reshuffles and ``population_half_width`` with the limit added; ``mixed``: some predictors
    are degenerate and some are not, so that no standard deviation describes them.
    """
    final = at_size(prepare(results)).drop_nulls("accuracy")
    keys = list(dict.fromkeys((*ARM, "n_test")))
    records = [
        {**arm, **_components(group, n_documents)} for arm, group in groups(final.sort(keys), keys) if group.height > 1
    ]
    return table(records, ARM, _COLUMNS)


_COLUMNS = """
    n_test n_seen n_seeds mean total_sd total_low total_high test_sd training_sd training_low training_high
    test_share used corpus_limit half_width population_half_width mixed
"""


def _components(group: pl.DataFrame, n_documents: int | None) -> dict[str, Any]:
    accuracy = group["accuracy"].to_numpy()
    n_seeds, n_test, n_seen = len(accuracy), int(group["n_test"][0]), int(group["n_seen"][0])
    mean = mean_of(accuracy)
    total = float(accuracy.var(ddof=1))
    unseen = math.inf if n_documents is None else max(n_documents - n_seen, n_test)
    test = float((accuracy * (1 - accuracy)).mean()) / max(n_test - 1, 1) * (1 - n_test / unseen)
    # (n − 1) s² / σ² is chi-square; σ² is the test documents' variance, known, and that of training. Accuracies are
    # counts: equal ones still may come from anything that differs by less than a document.
    spreads = ((total, 0.975), (max(total, 1 / n_test**2), 0.025))
    low, high = (spread * (n_seeds - 1) / float(stats.chi2.ppf(p, n_seeds - 1)) for spread, p in spreads)
    limit = None if n_documents is None else mean.value * (1 - mean.value) / n_documents
    quantile = float(stats.t.ppf(0.975, n_seeds - 1))
    outside = (~group["predicted_positive_rate"].drop_nulls().is_between(*HEALTHY)).sum()
    return {
        "n_test": n_test,
        "n_seen": n_seen,
        "n_seeds": n_seeds,
        "mean": mean.value,
        "total_sd": math.sqrt(total),
        "total_low": math.sqrt(low),
        "total_high": math.sqrt(high),
        "test_sd": math.sqrt(test),
        "training_sd": _root(total - test),
        "training_low": _root(low - test),
        "training_high": _root(high - test),
        "test_share": min(test / total, 1.0) if total > 0 else None,
        "used": None if n_documents is None else min((n_test + n_seen) / n_documents, 1.0),
        "corpus_limit": None if limit is None else math.sqrt(limit),
        "half_width": mean.half_width(),
        "population_half_width": None if limit is None else quantile * math.sqrt(total / n_seeds + limit),
        "mixed": bool(0 < outside < n_seeds),
    }


def _root(variance: float) -> float:
    """Return the standard deviation of a component; one estimated below 0 is none."""
    return math.sqrt(max(variance, 0.0))
