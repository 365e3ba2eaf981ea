"""What becomes of every class, in tables and caveats; and whether seeds end with one class for everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from modelcollapse.analysis.formats import count, pp, share
from modelcollapse.analysis.mechanism.classes import most_changed, names_of, with_classes
from modelcollapse.analysis.report.caveats import caveats_of_many
from modelcollapse.analysis.report.cells import Column, Table, axes_columns, estimate, make_table
from modelcollapse.analysis.statistics.arms import ARM, RULE, at_size, pair_with_reference, treated
from modelcollapse.analysis.statistics.frames import groups, table
from modelcollapse.analysis.statistics.inference import mean_of
from modelcollapse.names import printable

#: Recall of a class with fewer test documents moves in steps that are too large to speak of.
_FEW = 20


def classes_table(rows: pl.DataFrame) -> Table | None:
    """Show every class at the end of each setting's highest rate, beside people alone."""
    names = names_of(rows)
    shown = most_changed(rows, names)
    last = at_size(rows)
    of_classes = {column: with_classes(last, column, names) for column in _SHOWN}
    records = [
        {**arm, "n_place": place, "class": printable(names[place])[:60], **_of_class(f"class_{place}", arm, of_classes)}
        for arm, _ in groups(treated(last), ARM)
        for place in shown
    ]
    named = "n_place class n_seeds reference mean difference ci_low ci_high true_shares predicted_shares trained_shares"
    frame = table(records, ARM, named)
    frame = frame.filter(pl.col("collapse_rate") == pl.col("collapse_rate").max().over(RULE)).sort(*RULE, "n_place")
    chosen = (
        ""
        if len(shown) == len(names)
        else f"Of {count(len(names))} classes those whose recall changed most: their intervals do not allow for that "
        "choice. "
    )
    columns: list[Column] = [
        *axes_columns(rows),
        ("class", "class"),
        ("seeds", "n_seeds", count),
        ("true share", "true_shares", share),
        ("recall, people alone", "reference", share),
        ("recall", "mean", share),
        ("difference [95 %]", estimate("difference", pp)),
        ("share of predictions", "predicted_shares", share),
        ("share of training labels", "trained_shares", share),
    ]
    note = (
        f"At the highest rate, at the end: means over those seeds whose test set has the class. {chosen}Differences to "
        "people alone, in percentage points of recall, within seeds; intervals over seeds, each alone."
    )
    return make_table("Each class at the end", note, frame, columns)


_SHOWN = ("recalls", "true_shares", "predicted_shares", "trained_shares")


def _of_class(metric: str, arm: Mapping[str, Any], of_classes: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Return means over seeds of one class in one arm, and the difference of its recall to that of rate 0."""
    mine = {
        column: rows.filter(pl.col(axis) == value for axis, value in arm.items()) for column, rows in of_classes.items()
    }
    means = {column: mine[column][metric].mean() for column in _SHOWN[1:]}
    pairs = pair_with_reference(of_classes["recalls"], metric).filter(pl.col(axis) == arm[axis] for axis in ARM)
    if pairs.is_empty():
        return {**means, "n_seeds": 0, "reference": None, "mean": mine["recalls"][metric].mean(), "difference": None}
    tested = (mine["true_shares"][metric] * mine["true_shares"]["n_test"]).round()
    step = 1 / max(1.0, float(tested.filter(tested > 0).min() or 1))  # type: ignore[arg-type]
    estimate = mean_of(pairs["difference"].to_numpy(), step)
    low, high = (None if end is None else min(max(end, -1.0), 1.0) for end in estimate.interval())
    paired = {"n_seeds": estimate.n, "reference": pairs["reference"].mean(), "mean": pairs["value"].mean()}
    return {**means, **paired, "difference": estimate.value, "ci_low": low, "ci_high": high}


def class_caveats(rows: pl.DataFrame) -> list[str]:
    """Say what rows of more than two classes cannot tell, and of which classes: never seen, or hardly tested."""
    return [*caveats_of_many(rows), *filter(None, (_never_seen(rows), _hardly_tested(rows)))]


def _never_seen(rows: pl.DataFrame) -> str:
    """Name the class that most seeds have no initial document of."""
    names = names_of(rows)
    start = with_classes(rows.filter(generation=0), "trained_shares", names).unique(["seed", "initial_size"])
    missing = {name: int((start[f"class_{i}"] == 0).sum()) for i, name in enumerate(names)}
    worst = max(missing, key=lambda name: missing[name])
    if not missing[worst]:
        return ""
    n = sum(1 for found in missing.values() if found)
    more = f", nor of {n - 1} more classes in some" if n > 1 else ""
    return (
        f"In {missing[worst]} of {start.height} beginnings there is no initial document of the class "
        f"“{printable(worst)[:40]}”{more}: there the first model cannot know it; only labels of people can bring it."
    )


def _hardly_tested(rows: pl.DataFrame) -> str:
    names = names_of(rows)
    tested = with_classes(rows, "true_shares", names)
    fewest = {name: float((tested[f"class_{i}"] * tested["n_test"]).min()) for i, name in enumerate(names)}  # type: ignore[arg-type]
    worst = min(fewest, key=lambda name: fewest[name])
    if fewest[worst] >= _FEW:
        return ""
    n = sum(1 for found in fewest.values() if found < _FEW)
    return (
        f"{n} of {count(len(names))} classes {'has' if n == 1 else 'have'} fewer than {_FEW} test documents for some "
        f"seed (“{printable(worst)[:40]}” {round(fewest[worst])}): what is said of their recall is coarse. Raise "
        "--test-size."
    )
