"""What becomes of every class, where there are more than two: rows tell it as JSON objects by class."""

from __future__ import annotations

import json
import math

import polars as pl

from modelcollapse.analysis.statistics.arms import AnalysisError, at_size, references, treated

#: Columns of rows that tell it.
BY_CLASS = ("recalls", "predicted_shares", "true_shares", "trained_shares", "synthetic_errors")
#: Classes that are shown one by one; of more, those of which most was lost and most gained.
MOST_CLASSES = 10


def names_of(rows: pl.DataFrame) -> list[str]:
    """Return the names of all classes, in their order: those of the first row, which all have (see `check_classes`)."""
    return list(_read(rows["true_shares"][0], "true_shares"))


def check_classes(rows: pl.DataFrame) -> None:
    """Raise AnalysisError if strangers' columns are no such JSON: shares or null, of the same classes in every row."""
    names = names_of(rows)
    for column in BY_CLASS:
        for text in rows[column].unique(maintain_order=True):
            if list(_read(text, column)) != names:
                raise AnalysisError(
                    f"{column}: found rows of other classes than in the first row: export each run anew."
                )


def _read(text: str, column: str) -> dict[str, float | None]:
    def is_share(value: object) -> bool:
        return value is None or (isinstance(value, int | float) and math.isfinite(value) and -1e-9 <= value <= 1 + 1e-9)

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not found or not all(is_share(value) for value in found.values()):
        raise AnalysisError(f"{column}: found {text[:60]!r}, expected a share for every class, as JSON.")
    return found


def with_classes(rows: pl.DataFrame, column: str, names: list[str]) -> pl.DataFrame:
    """Return rows with a column ``class_0, class_1, …`` for each class: what a column of `BY_CLASS` says of it."""
    read = [_read(text, column) for text in rows[column]]
    return rows.with_columns(
        pl.Series(f"class_{i}", [one.get(name) for one in read], dtype=pl.Float64) for i, name in enumerate(names)
    )


def most_changed(rows: pl.DataFrame, names: list[str]) -> list[int]:
    """Return places of classes to show, in their order: all if there are few.

    Of more than `MOST_CLASSES` half of them are those whose recall is furthest below that of rate 0 at the end, in the
    mean of all arms above it; the other half those furthest above.
    """
    everything = list(range(len(names)))
    if len(names) <= MOST_CLASSES:
        return everything
    last = with_classes(at_size(rows), "recalls", names)
    columns = [f"class_{i}" for i in everything]
    means = [part.select(pl.col(columns).mean()).row(0) for part in (treated(last), references(last))]
    change = [0.0 if a is None or b is None else a - b for a, b in zip(*means, strict=True)]
    order = sorted(everything, key=lambda i: change[i])
    half = MOST_CLASSES // 2
    return sorted({*order[:half], *order[-half:]})
