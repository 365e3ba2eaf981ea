"""Tables as a reader sees them: cells with words and sort keys, columns that know how to write a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from modelcollapse.analysis.figures.panels import rule_order
from modelcollapse.analysis.formats import NO_VALUE, axis_words, count, interval_pp, percent, pp
from modelcollapse.analysis.statistics.arms import SETTING, varying_axes

_TITLES = {"initial_size": "from", "n_test": "tested on", "min_df": "min df", "max_ngram": "max ngram"}
YES_NO = {True: "yes", False: "no", None: None}


@dataclass(frozen=True)
class Cell:
    """What is shown, and by what it sorts; a long text has several lines."""

    text: str
    key: float | str = ""
    is_number: bool = True
    is_long: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the report."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


Column = tuple[str, Callable[[dict[str, Any]], Cell]]


def text(value: object) -> Cell:
    """Make a cell of words."""
    words = NO_VALUE if value is None else str(value)
    return Cell(words, words, is_number=False)


def number(value: float | None, write: Callable[[Any], str], extra: str = "") -> Cell:
    """Make a cell of a number (and an interval after it); nulls sort last."""
    return Cell(NO_VALUE, float("1e300")) if value is None else Cell(f"{write(value)}{extra}", float(value))


def difference_cell(row: dict[str, Any], name: str = "difference", low: str = "ci_low", high: str = "ci_high") -> Cell:
    """Make a cell of a difference of accuracies with its interval, in percentage points."""
    return number(row[name], pp, "" if row[low] is None else f" {interval_pp(row[low], row[high])}")


def tolerance_cell(row: dict[str, Any], largest: float, low: str, high: str, before: str = "") -> Cell:
    """Make a cell of a tolerance with its bounds; what is beyond the largest rate tested is more than it."""
    names = (low, "tolerance", high)
    least, middle, most = (
        f"> {percent(largest)}" if row[name] is None else percent(round(row[name], 3)) for name in names
    )
    bounds = "" if row[low] is None else f" [{least}, {most}]"
    return Cell(before + middle + bounds, 9.0 if row["tolerance"] is None else row["tolerance"])


def worth_cell(row: dict[str, Any]) -> Cell:
    """Write a size with its interval; of a size outside the human-only curve what the interval says of it."""
    low, high = (None if end is None else count(rough(end)) for end in (row["human_low"], row["human_high"]))
    if row["human_size"] is None:
        if row["beyond"] == "below":
            return Cell(f"fewer than the first size [up to {high or '…'}]", 0.0)
        return Cell(f"more than all [from {low or '…'}]", 1e299) if row["beyond"] else Cell(NO_VALUE, 1e300)
    return number(row["human_size"], lambda size: count(rough(size)), f" [{low or '…'}, {high or '…'}]")


def rough(size: float) -> float:
    """Round a size to three digits: no one knows more of it."""
    return float(f"{size:.3g}")


def axes_columns(rows: pl.DataFrame, *, rule: bool = True, rate: bool = True) -> list[Column]:
    """Make columns for the axes that vary, and for the rate."""
    names = [axis for axis in varying_axes(rows) if axis != "experiment" and (rule or axis != "label_rule")]
    columns: list[Column] = [(_TITLES.get(name, name.replace("_", " ")), partial(_axis_cell, name)) for name in names]
    return [*columns, ("rate", lambda row: number(row["collapse_rate"], percent))] if rate else columns


def _axis_cell(name: str, row: dict[str, Any]) -> Cell:
    if name in _TITLES:
        return number(row[name], count)
    return text(axis_words(name, row[name]) if name in ("growth", "max_terms") else row[name])


def make_table(title: str, note: str, frame: pl.DataFrame, columns: Sequence[Column]) -> Table | None:
    """Write a frame's rows, label rules in their own order; None for an empty frame."""
    if frame.is_empty():
        return None
    if "label_rule" in frame.columns:
        rules = sorted(frame["label_rule"].unique(), key=rule_order)
        position = pl.col("label_rule").replace_strict(rules, range(len(rules)), return_dtype=pl.Int64)
        frame = frame.sort(*SETTING, position, maintain_order=True)
    cells = tuple(tuple(write(row) for _, write in columns) for row in frame.iter_rows(named=True))
    return Table(title, note, tuple(name for name, _ in columns), cells)
