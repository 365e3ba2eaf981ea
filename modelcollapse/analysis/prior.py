"""The share of positives in the test set, which no column names but three columns determine."""

from __future__ import annotations

import numpy as np
import polars as pl


def test_positive_rate(rows: pl.DataFrame) -> float | None:
    """Share of the test set whose true label is positive, averaged over seeds.

    With prior π, recalls r₊ and r₋, accuracy a and predicted-positive rate q: a = r₊π + r₋(1 − π) and
    q = r₊π + (1 − r₋)(1 − π), so π = (a + q − 1) / (2r₊ − 1), π = 1 − (a − q) / (2r₋ − 1) and
    π = (a − r₋) / (r₊ − r₋); of these the best conditioned is used.

    Returns
    -------
    float or None
        None where the columns are empty (imported results).
    """
    columns = ("accuracy", "predicted_positive_rate", "recall_positive", "recall_negative")
    if any(name not in rows.columns for name in columns):
        return None
    known = rows.select("seed", *columns).drop_nulls()
    if known.is_empty():
        return None
    a, q, positive, negative = (known[name].to_numpy().astype(np.float64) for name in columns)
    denominators = np.stack([2 * positive - 1, 2 * negative - 1, positive - negative])
    numerators = np.stack([a + q - 1, 2 * negative - 1 - (a - q), a - negative])
    best = np.abs(denominators).argmax(axis=0)
    chosen = np.arange(len(a))
    shares = numerators[best, chosen] / denominators[best, chosen]
    table = known.select("seed").with_columns(share=pl.Series(np.clip(shares, 0, 1)))
    return float(table.group_by("seed").agg(pl.col("share").median()).sort("seed")["share"].mean())  # type: ignore[arg-type]


def majority_rate(rows: pl.DataFrame) -> float | None:
    """Accuracy of the constant predictor of the test set's larger class (None if unknown)."""
    share = test_positive_rate(rows)
    return None if share is None else max(share, 1 - share)
