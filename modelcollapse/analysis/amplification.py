"""How far feedback may amplify a bias: the bound of Taori & Hashimoto, *Data Feedback Loops* (2209.03942)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import polars as pl

from modelcollapse.analysis.arms import ARM, PAIR, prepare, references, treated
from modelcollapse.analysis.prior import true_shares
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

    The bias of a seed is that of its predictions' label prior: |predicted-positive rate − share of positives in its
    test set|; seeds may drift to opposite sides, so it is averaged over seeds only then. The bound is `amplification`
    times the calibration error of human labels alone: the largest bias that the seed's rate-0 chain has had so far
    (without such a chain, the bias in generation 0). It holds for models that are consistently calibrated; an
    under-fitted model that predicts by argmax need not be, and may break it.

    Returns
    -------
    DataFrame
        `ARM`, ``generation, n_seen, n_seeds, true_share, mean`` (predicted-positive rate), ``bias, human_bias, factor,
        bound`` and ``within``: all but the factor are means over seeds.
    """
    rows = prepare(results).drop_nulls("predicted_positive_rate")
    shares = true_shares(rows)
    if shares.is_empty():
        return table((), ARM, _COLUMNS)
    known = rows.join(shares, on=["n_test", "seed"]).with_columns(
        bias=(pl.col("predicted_positive_rate") - pl.col("true_share")).abs()
    )
    history = [axis for axis in PAIR if axis not in ("generation", "n_seen")]
    human = references(known).sort("generation").with_columns(human=pl.col("bias").cum_max().over(history))
    looped = treated(known).filter((pl.col("label_rule") == LABEL_RULE) & pl.col("regime").is_in(REGIMES))
    start = pl.col("bias").filter(pl.col("generation") == 0).first().over(*ARM, "seed")
    both = looped.join(human.select(*PAIR, "human"), on=list(PAIR), how="left")
    both = both.with_columns(human_bias=pl.coalesce("human", start)).drop_nulls("human_bias")
    records = [record for arm, group in groups(both.sort(*ARM), ARM) for record in _bounds(arm, group)]
    return table(records, ARM, _COLUMNS)


_COLUMNS: dict[str, type] = {
    "generation": int,
    "n_seen": int,
    "n_seeds": int,
    "true_share": float,
    "mean": float,
    "bias": float,
    "human_bias": float,
    "factor": float,
    "bound": float,
    "within": bool,
}


def _bounds(arm: dict[str, Any], group: pl.DataFrame) -> Iterator[dict[str, Any]]:
    means = pl.col("true_share", "bias", "human_bias").mean()
    curve = (
        group.group_by("generation", "n_seen")
        .agg(pl.len().alias("n_seeds"), means, mean=pl.col("predicted_positive_rate").mean())
        .sort("n_seen")
    )
    if curve["generation"][0] != 0:
        return
    factors = amplification(curve["n_seen"].to_list(), arm["collapse_rate"])
    for row, factor in zip(curve.iter_rows(named=True), factors, strict=True):
        bound = row["human_bias"] * factor
        yield {**arm, **row, "factor": factor, "bound": bound, "within": row["bias"] <= bound + 1e-12}
