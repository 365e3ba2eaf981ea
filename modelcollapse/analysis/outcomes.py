"""What came of a sweep, in few words: where its arms began and ended, and whether laws hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from modelcollapse.analysis.formats import count, percent
from modelcollapse.analysis.report.cells import Column, Table, axes_columns, make_table, number
from modelcollapse.analysis.statistics.arms import domain_shown, prepare
from modelcollapse.analysis.statistics.curves import outcome
from modelcollapse.simulation.domain import primary


def outcome_table(results: pl.DataFrame) -> Table | None:
    """Show where every arm began and ended: means over seeds; None where nothing is finished."""
    if results.is_empty():
        return None
    rows = prepare(results)
    domain = domain_shown(rows)
    main, measure = primary(domain)
    columns: list[Column] = [
        *axes_columns(rows),
        ("seeds", "n_seeds", str),
        _both_ends(domain.slots, "n_seen", count),
        _both_ends(measure.words, main, measure.text),
        ("± 95 %", "half_width", measure.text),
    ]
    if domain.name == "classification":
        columns.append(("ROC AUC", "roc_auc", measure.text))
        columns.append(_both_ends("called positive", "predicted_positive_rate", "{:.2f}".format))
    return make_table("Outcome", "", outcome(rows), columns)


def _both_ends(title: str, name: str, write: Callable[[Any], str]) -> Column:
    """Make a column of a value in the first generation and in the last."""
    return title, lambda row: number(row[name], lambda last: f"{write(row[f'first_{name}'])} → {write(last)}")


def laws_table(laws: pl.DataFrame) -> Table | None:
    """Count how many values of each law are as they are due; None where no law applies."""
    by_law = laws.group_by("world", "quantity", "regime", "rate", maintain_order=True).agg(
        pl.len(),
        pl.col("holds").sum().alias("hold"),
        (~pl.col("holds")).sum().alias("fail"),
        pl.col("holds").is_null().sum().alias("open"),
        (pl.col("found") / pl.col("due") - 1).abs().max().alias("off"),
    )
    columns: list[Column] = [
        ("law of", "world"),
        ("quantity", "quantity"),
        ("regime", "regime"),
        ("rate", "rate", percent),
        ("values", "len", str),
        ("hold", "hold", str),
        ("fail", "fail", str),
        ("undecided", "open", str),
        ("most off by", "off", "{:.1%}".format),
    ]
    note = "Intervals of all values of a world hold together in 95 % of runs; undecided ones need more seeds."
    return make_table("Laws", note, by_law, columns)
