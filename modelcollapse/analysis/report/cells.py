"""Tables as a reader sees them: cells with words and sort keys, columns that know how to write a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from modelcollapse.analysis.figures.panels import rule_order
from modelcollapse.analysis.formats import NO_VALUE, axis_words, count, interval_pp, percent, pp
from modelcollapse.analysis.statistics.arms import SETTING, varying_axes

_TITLES = {"initial_size": "from", "n_test": "tested on", "min_df": "min df", "max_ngram": "max ngram"}
YES_NO = {True: "yes", False: "no", None: None}


@dataclass(frozen=True)
class Cell:
    """What is shown, and by what it sorts."""

    text: str
    key: float | str = ""
    is_number: bool = True


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


def difference_cell(row: dict[str, Any], name: str = "difference") -> Cell:
    """Make a cell of a difference of accuracies with its interval, in percentage points."""
    bounds = "" if row["ci_low"] is None else " " + interval_pp(row["ci_low"], row["ci_high"])
    return number(row[name], pp, bounds)


def axes_columns(rows: pl.DataFrame, *, rule: bool = True, rate: bool = True) -> list[Column]:
    """Make columns for the axes that vary, and for the rate."""
    names = [axis for axis in varying_axes(rows) if axis != "experiment" and (rule or axis != "label_rule")]
    columns: list[Column] = []
    for name in names:
        if name in _TITLES:
            columns.append((_TITLES[name], lambda row, name=name: number(row[name], count)))  # type: ignore[misc]
        elif name in ("growth", "max_terms"):
            columns.append((name.replace("_", " "), lambda row, name=name: text(axis_words(name, row[name]))))  # type: ignore[misc]
        else:
            columns.append((name.replace("_", " "), lambda row, name=name: text(row[name])))  # type: ignore[misc]
    if rate:
        columns.append(("rate", lambda row: number(row["collapse_rate"], percent)))
    return columns


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
