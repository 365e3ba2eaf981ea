"""Values in files of strangers: what can be none is refused in one line, with the first that is wrong."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from modelcollapse.analysis.statistics.arms import AnalysisError

#: No size or count in a file is larger.
LARGEST = 2**40

_LONGEST_TEXT = 500


def check_text(rows: pl.DataFrame, name: str, source: str | Path, may_be_empty: bool = True) -> None:
    """Raise AnalysisError for text that cannot stand on one line: it goes to terminals, tables and figures."""
    for text in rows[name].drop_nulls().unique(maintain_order=True):
        if not text.isprintable() or len(text) > _LONGEST_TEXT or not (may_be_empty or text.strip()):
            raise AnalysisError(
                f"{source}: found {text[:60]!r} in the column {name}, expected one line of text "
                f"of at most {_LONGEST_TEXT} characters."
            )


def numbers(
    rows: pl.DataFrame,
    name: str,
    source: str | Path,
    low: float = 0,
    high: float = LARGEST,
    *,
    whole: bool = False,
    may_be_null: bool = False,
) -> pl.Series:
    """Return a column – of text, say – as numbers from `low` to `high`, as integers if they are to be whole.

    AnalysisError names the first value that is none of them, and the file, `source`.
    """
    raw = rows[name]
    found = raw.cast(pl.Float64, strict=False)
    good = found.is_between(low, high) & ((found == found.floor()) if whole else True)
    wrong = ~good.fill_null(False) & ~(raw.is_null() & may_be_null)
    if wrong.any():
        value = raw.filter(wrong)[0]
        kind = "a whole number" if whole else "a number"
        bounds = f"from {low:g} up" if high == LARGEST else f"from {low:g} to {high:g}"
        shown = "nothing" if value is None else f"{value!r:.60}"
        raise AnalysisError(f"{source}: found {shown} in the column {name}, expected {kind} {bounds}.")
    return found.cast(pl.Int64) if whole else found
