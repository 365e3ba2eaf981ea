"""Tables as a reader sees them: cells with words and sort keys, columns that know how to write a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from modelcollapse.analysis.formats import NO_VALUE, axis_words, count, percent, rule_order, with_bounds
from modelcollapse.analysis.statistics.arms import SETTING, varying_axes

_TITLES = {"initial_size": "from", "n_test": "tested on", "min_df": "min df", "max_ngram": "max ngram"}
_YES_NO = {True: "yes", False: "no"}


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


#: What makes a cell of a row.
Writer = Callable[[dict[str, Any]], Cell]
#: A title, and what makes its cells: the name of words, the name of numbers and how they are written, or a writer.
Column = tuple[str, str] | tuple[str, str, Callable[[Any], str]] | tuple[str, Writer]


#: No number, which sorts last.
NOTHING = Cell(NO_VALUE, 1e300)


def text(value: object) -> Cell:
    """Make a cell of words, of a truth value "yes" or "no"."""
    words = NO_VALUE if value is None else _YES_NO[value] if isinstance(value, bool) else str(value)
    return Cell(words, words, is_number=False)


def number(value: float | None, write: Callable[[Any], str]) -> Cell:
    """Make a cell of a number; nulls sort last."""
    return NOTHING if value is None else Cell(write(value), float(value))


def estimate(name: str, write: Callable[[Any], str], low: str = "ci_low", high: str = "ci_high") -> Writer:
    """Write a value of a row and its interval."""
    return lambda row: number(row[name], lambda found: with_bounds(found, row[low], row[high], write))


def tolerance_cell(row: dict[str, Any], name: str, low: str, high: str, largest: float) -> Cell:
    """Make a cell of a tolerance with its bounds; what is beyond the largest rate tested is more than it."""

    def write(rate: float | None) -> str:
        return f"> {percent(largest)}" if rate is None else percent(round(rate, 3))

    return Cell(with_bounds(row[name], row[low], row[high], write), 9.0 if row[name] is None else row[name])


def reliable_cell(row: dict[str, Any]) -> Cell:
    """Say whether a mean is reliable, and why not."""
    return text("yes" if row["reliable"] else f"no: {row['why']}")


def worth_cell(row: dict[str, Any]) -> Cell:
    """Write a size with its interval; of a size outside the human-only curve what the interval says of it."""
    low, high = ("…" if end is None else count(rough(end)) for end in (row["human_low"], row["human_high"]))
    if row["human_size"] is None:
        if row["beyond"] == "below":
            return Cell(f"fewer than the first size [up to {high}]", 0.0)
        return Cell(f"more than all [from {low}]", 1e299) if row["beyond"] else NOTHING
    return number(row["human_size"], lambda size: f"{count(rough(size))} [{low}, {high}]")


def rough(size: float) -> float:
    """Round a size to three digits: no one knows more of it."""
    return float(f"{size:.3g}")


def axes_columns(rows: pl.DataFrame, *, rule: bool = True, rate: bool = True) -> list[Column]:
    """Make columns for the axes that vary, and for the rate."""
    names = [axis for axis in varying_axes(rows) if axis != "experiment" and (rule or axis != "label_rule")]
    columns: list[Column] = [(_TITLES.get(name, name.replace("_", " ")), partial(_axis_cell, name)) for name in names]
    return [*columns, ("rate", "collapse_rate", percent)] if rate else columns


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
    writers = [_writer(column) for column in columns]
    cells = tuple(tuple(write(row) for write in writers) for row in frame.iter_rows(named=True))
    return Table(title, note, tuple(column[0] for column in columns), cells)


def _writer(column: Column) -> Writer:
    if len(column) == 3:
        _, name, write = column
        return lambda row: number(row[name], write)
    source = column[1]
    return (lambda row: text(row[source])) if isinstance(source, str) else source
