"""How far feedback may amplify a bias: the bound of Taori & Hashimoto, *Data Feedback Loops* (2209.03942)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from modelcollapse.analysis.arms import ARM, prepare, treated
from modelcollapse.analysis.prior import test_positive_rate
from modelcollapse.analysis.tables import groups, table

#: Where the bound's setting holds: the model's own hard labels, added to (or drawn from) everything seen.
LABEL_RULE = "argmax"
REGIMES = ("accumulate", "subsample")


def amplification(sizes: list[int], rate: float) -> list[float]:
    """Largest factor by which the bias of a consistently calibrated model can have grown at each size.

    With m_i human and k_i model-labelled documents added in round i, and n_i documents in all:
    1 + Σ_i k_i / n_i · Π_{j>i} (n_j − m_j) / n_j, computed as the recursion b ← b (n − m) / n + k / n.
    Its limit for many equal rounds is 1 / (1 − rate).

    Parameters
    ----------
    sizes : list of int
        n_seen of every generation, growing; the first is labelled by people alone.
    rate : float
        Collapse rate, in [0, 1].

    Returns
    -------
    list of float
        One factor per size; the first is 1.
    """
    factors, added = [1.0], 0.0
    for previous, n in pairwise(sizes):
        model_labelled = rate * (n - previous)
        human = (n - previous) - model_labelled
        added = added * (n - human) / n + model_labelled / n
        factors.append(1.0 + added)
    return factors


def amplification_bound(results: pl.DataFrame) -> pl.DataFrame:
    """Compare the bias seen with the bound, for the arms in whose setting it is stated.

    The bias is that of the predictions' label prior: |mean predicted-positive rate − share of positives in the test
    set|. The bound is the bias in generation 0 times `amplification`. It holds for models that are consistently
    calibrated; an under-fitted model that predicts by argmax need not be, and may break it.

    Returns
    -------
    DataFrame
        `ARM`, ``generation, n_seen, true_share, mean`` (predicted-positive rate), ``bias, factor, bound`` and
        ``within``.
    """
    rows = treated(prepare(results)).drop_nulls("predicted_positive_rate")
    rows = rows.filter((pl.col("label_rule") == LABEL_RULE) & pl.col("regime").is_in(REGIMES))
    records = []
    for arm, group in groups(rows, ARM):
        truth = test_positive_rate(group)
        if truth is None:
            continue
        curve = group.group_by("generation", "n_seen").agg(pl.col("predicted_positive_rate").mean()).sort("n_seen")
        if curve["generation"][0] != 0:
            continue
        sizes = curve["n_seen"].to_list()
        means = curve["predicted_positive_rate"].to_numpy()
        biases = np.abs(means - truth)
        factors = amplification(sizes, arm["collapse_rate"])
        for i, size in enumerate(sizes):
            bound = float(biases[0] * factors[i])
            records.append(
                {
                    **arm,
                    "generation": curve["generation"][i],
                    "n_seen": size,
                    "true_share": truth,
                    "mean": float(means[i]),
                    "bias": float(biases[i]),
                    "factor": factors[i],
                    "bound": bound,
                    "within": bool(biases[i] <= bound + 1e-12),
                }
            )
    columns = {"generation": int, "n_seen": int, "true_share": float, "mean": float, "bias": float, "factor": float}
    return table(records, ARM, {**columns, "bound": float, "within": bool})
