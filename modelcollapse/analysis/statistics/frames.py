"""Tables that always have their columns, even when they have no rows; rows by group; Holm's correction by family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from modelcollapse.analysis.statistics.inference import holm
from modelcollapse.execution.store.record import SCHEMA

#: Columns of exported rows, in order.
EXPORTED: Mapping[str, pl.DataType] = {"experiment": pl.String(), **SCHEMA}

_WHOLE = frozenset(
    ("all_seeds", "peak_size", "median_size", "median_low", "median_high",
     "seeds_needed", "more_seeds", "definition", "onset", "seeds_low", "seeds_high")
)  # fmt: skip
_WORDS = frozenset(
    ("note", "verdict", "state", "why", "cause", "better", "worse", "constant", "beyond",
     "source", "kind", "quantity", "unit",
     "meaning", "strategy", "class")
)  # fmt: skip
_TRUTHS = frozenset(
    ("paired", "equivalent", "falls", "reliable", "mixed", "bimodal", "hurts", "rising", "within", "agree")
)  # fmt: skip


def _type(name: str) -> pl.DataType:
    """Type of a column: a row's own, or that of a statistic, which is a fraction unless it is known to be otherwise."""
    if name in EXPORTED:
        return EXPORTED[name]
    if name in _WHOLE or name.startswith("n_"):
        return pl.Int64()
    return pl.String() if name in _WORDS else pl.Boolean() if name in _TRUTHS else pl.Float64()


def groups(frame: pl.DataFrame, keys: Sequence[str]) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """Yield ``({key: value}, rows)`` for every group, in order of first appearance."""
    for values, group in frame.group_by(list(keys), maintain_order=True):
        yield dict(zip(keys, values, strict=True)), group


def mean(values: pl.Series) -> float:
    """Mean of at least one number."""
    return float(values.mean())  # type: ignore[arg-type]


def table(records: Iterable[Mapping[str, Any]], keys: Sequence[str], columns: str) -> pl.DataFrame:
    """Make a frame of records, whatever there is in them: missing values become null.

    The keys come first, then the columns, whose names are separated by spaces.
    """
    schema = {name: _type(name) for name in (*keys, *columns.split())}
    return pl.DataFrame(list(records), schema=schema, orient="row")


def with_holm(
    frame: pl.DataFrame, families: Sequence[str | pl.Expr] = (), p: str = "p", name: str = "p_holm"
) -> pl.DataFrame:
    """Add p-values that are corrected within each family of tests; see `inference.holm`."""
    corrected = pl.col(p).map_batches(_holm, return_dtype=pl.Float64())
    return frame.with_columns((corrected.over(families) if families else corrected).alias(name))


def _holm(p_values: pl.Series) -> pl.Series:
    return pl.Series(holm(p_values.to_list()), dtype=pl.Float64)
