"""The share of positives in the test set, which no column names but three columns determine."""

from __future__ import annotations

import numpy as np
import polars as pl


def true_shares(rows: pl.DataFrame) -> pl.DataFrame:
    """Find the share of positives of every seed's test set.

    With prior π, recalls r₊ and r₋, accuracy a and predicted-positive rate q: a = r₊π + r₋(1 − π) and
    q = r₊π + (1 − r₋)(1 − π), so π = (a + q − 1) / (2r₊ − 1), π = 1 − (a − q) / (2r₋ − 1) and
    π = (a − r₋) / (r₊ − r₋); of these the best conditioned is used.

    Returns
    -------
    DataFrame
        ``n_test, seed, true_share``; no rows where the columns are empty (imported results).
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
