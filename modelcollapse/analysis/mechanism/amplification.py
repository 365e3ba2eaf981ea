"""The bias of predictions, how far feedback may amplify it, and the share of positives it is measured from.

The bound is that of Taori & Hashimoto, *Data Feedback Loops* (2209.03942).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from modelcollapse.analysis.statistics.arms import ARM, PAIR, prepare, references, treated
from modelcollapse.analysis.statistics.frames import groups, table
from modelcollapse.analysis.statistics.inference import mean_over_seeds


def true_shares(rows: pl.DataFrame) -> pl.DataFrame:
    """Find the share of positives of every seed's test set.

    With prior π, recalls r₊ and r₋, accuracy a and predicted-positive rate q: a = r₊π + r₋(1 − π) and
    q = r₊π + (1 − r₋)(1 − π), so π = (a + q − 1) / (2r₊ − 1), π = 1 − (a − q) / (2r₋ − 1) and
    π = (a − r₋) / (r₊ − r₋); of these the best conditioned is used.

    Columns: ``n_test, seed, true_share``; no rows where the columns are empty (imported results).
    """
    columns = ("accuracy", "predicted_positive_rate", "recall_positive", "recall_negative")
    known = rows.select("n_test", "seed", *columns).drop_nulls()
    a, q, positive, negative = (known[name].to_numpy().astype(np.float64) for name in columns)
    denominators = np.stack([2 * positive - 1, 2 * negative - 1, positive - negative])
    numerators = np.stack([a + q - 1, 2 * negative - 1 - (a - q), a - negative])
    best = np.abs(denominators).argmax(axis=0)
    chosen = np.arange(len(a))
    told = denominators[best, chosen] != 0  # recalls of exactly one half fit any share
    shares = np.clip(numerators[best, chosen][told] / denominators[best, chosen][told], 0, 1)
    table = known.select("n_test", "seed").filter(told).with_columns(share=pl.Series(shares, dtype=pl.Float64))
    return table.group_by("n_test", "seed").agg(true_share=pl.col("share").median()).sort("n_test", "seed")


def mean_true_share(rows: pl.DataFrame) -> float | None:
    """Share of positives in the test sets, averaged over seeds (None if unknown)."""
    shares = true_shares(rows)["true_share"]
    return None if shares.is_empty() else float(shares.mean())  # type: ignore[arg-type]


def majority_rate(rows: pl.DataFrame) -> float | None:
    """Accuracy of the constant predictor of the test set's larger class (None if unknown)."""
    share = mean_true_share(rows)
    return None if share is None else max(share, 1 - share)


#: Where the bound's setting holds: the model's own hard labels, added to (or drawn from) everything seen.
LABEL_RULE = "argmax"
REGIMES = ("accumulate", "subsample")


def amplification(sizes: list[int], rate: float) -> list[float]:
    """Largest factor by which the bias of a consistently calibrated model can have grown at each size.

    With m_i human and k_i model-labelled documents added in round i, and n_i documents in all:
    1 + Σ_i k_i / n_i · Π_{j>i} (n_j − m_j) / n_j, computed as the recursion b ← b (n − m) / n + k / n.
    Its limit for many equal rounds is 1 / (1 − rate). `sizes` are n_seen of every generation, growing.
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
    times the calibration error of human labels alone: the bias of the seed's rate-0 chain in the generation so far that
    was worst in the *other* seeds (without such a chain, the bias in generation 0). A seed's own largest bias would be
    flattered by its noise: a tenth and more of it in 30 generations. The bound holds for models that are consistently
    calibrated; an under-fitted model that predicts by argmax need not be, and may break it.

    Columns: `ARM`, ``generation, n_seen, n_seeds, true_share, mean`` (predicted-positive rate), ``bias, human_bias,
    factor, bound`` and ``within`` (bias at most the bound): all but the factor are means over seeds. ``excess`` is bias
    − bound with its 95 % interval over seeds ``excess_low, excess_high``, and ``verdict`` what that says: "within",
    "beyond", else "not shown" ("" with one seed).
    """
    rows = prepare(results).drop_nulls("predicted_positive_rate")
    shares = true_shares(rows)
    if shares.is_empty():
        return table((), ARM, _COLUMNS)
    known = rows.join(shares, on=["n_test", "seed"]).with_columns(
        bias=(pl.col("predicted_positive_rate") - pl.col("true_share")).abs()
    )
    alike = [axis for axis in PAIR if axis not in ("generation", "n_seen", "seed")]
    worst = [_worst_of_others(group) for _, group in groups(references(known).sort("generation"), alike)]
    human = pl.concat(worst) if worst else references(known).with_columns(human="bias")
    looped = treated(known).filter((pl.col("label_rule") == LABEL_RULE) & pl.col("regime").is_in(REGIMES))
    start = pl.col("bias").filter(pl.col("generation") == 0).first().over(*ARM, "seed")
    both = looped.join(human.select(*PAIR, "human"), on=list(PAIR), how="left")
    both = both.with_columns(human_bias=pl.coalesce("human", start)).drop_nulls("human_bias")
    records = [record for arm, group in groups(both.sort(*ARM), ARM) for record in _bounds(arm, group)]
    return table(records, ARM, _COLUMNS)


_COLUMNS = """
    generation n_seen n_seeds true_share mean bias human_bias factor bound within excess excess_low excess_high verdict
"""


def _worst_of_others(references: pl.DataFrame) -> pl.DataFrame:
    """Rows with ``human``: the seed's bias in the generation so far in which the other seeds' mean bias was largest."""
    wide = references.pivot("seed", index=["generation", "n_seen"], values="bias", aggregate_function="first")
    wide = wide.sort("generation", "n_seen")
    seeds = wide.columns[2:]
    own = wide.select(seeds).to_numpy().astype(np.float64)
    n_others = (~np.isnan(own)).sum(axis=1, keepdims=True) - ~np.isnan(own)
    of_others = (np.nansum(own, axis=1, keepdims=True) - np.nan_to_num(own)) / np.maximum(n_others, 1)
    judged = np.where(np.isnan(own), -np.inf, np.where(n_others > 0, of_others, own))
    chosen = [[int(judged[: i + 1, j].argmax()) for j in range(len(seeds))] for i in range(len(own))]
    human = np.take_along_axis(own, np.array(chosen), axis=0)
    at = wide.select("generation", "n_seen").with_columns(pl.Series(seed, human[:, j]) for j, seed in enumerate(seeds))
    found = at.unpivot(index=["generation", "n_seen"], variable_name="seed", value_name="human")
    found = found.with_columns(pl.col("seed").cast(references.schema["seed"]))
    return references.join(found, on=["seed", "generation", "n_seen"], how="left")


def _bounds(arm: dict[str, Any], group: pl.DataFrame) -> Iterator[dict[str, Any]]:
    sizes = sorted(set(group.select("generation", "n_seen").iter_rows()))
    if sizes[0][0] != 0:
        return
    factors = amplification([n_seen for _, n_seen in sizes], arm["collapse_rate"])
    for (generation, n_seen), factor in zip(sizes, factors, strict=True):
        here = group.filter((pl.col("generation") == generation) & (pl.col("n_seen") == n_seen))
        names = ("true_share", "bias", "human_bias")
        means = here.select(pl.col(*names), mean="predicted_positive_rate").mean().row(0, named=True)
        bound = means["human_bias"] * factor
        yield {
            **arm,
            **{"generation": generation, "n_seen": n_seen, "n_seeds": here.height, "factor": factor, "bound": bound},
            **means,
            "within": means["bias"] <= bound + 1e-12,
            **_excess(here, factor),
        }


def _excess(here: pl.DataFrame, factor: float) -> dict[str, Any]:
    over = here.with_columns(excess=pl.col("bias") - factor * pl.col("human_bias"))
    estimate = mean_over_seeds(over, "excess", "predicted_positive_rate")
    low, high = estimate.interval()
    if low is None or high is None:
        return {**estimate.bounds("excess"), "verdict": ""}
    return {**estimate.bounds("excess"), "verdict": "beyond" if low > 0 else "within" if high < 0 else "not shown"}
