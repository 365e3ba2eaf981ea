"""Panels of a figure and the lines in them, before they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from modelcollapse.analysis.figures.style import INK, MAX_LEGEND, entry, legend_right, ordered_colours
from modelcollapse.analysis.formats import axis_words, count, parameters, percent, rule_order
from modelcollapse.analysis.statistics.arms import NO_RULE, SETTING, STARTS, references, treated, with_reference
from modelcollapse.analysis.statistics.curves import summarise

#: From this many seeds on a band is a confidence interval.
BAND_SEEDS = 5
#: More lines than this are never told apart by colour.
MOST_COLOURS = 101


@dataclass(frozen=True)
class Line:
    """One line of a panel: the rows of one arm (or of one starting size)."""

    label: str
    colour: str
    rows: pl.DataFrame
    is_reference: bool = False


@dataclass(frozen=True)
class Panel:
    """One facet of a figure: a title (empty if there is one only) and its lines."""

    title: str
    rows: pl.DataFrame
    lines: tuple[Line, ...]
    by_start: bool = False


def colours_by_start(rows: pl.DataFrame) -> bool:
    """Whether the starting size, not the rate, tells lines apart (a ladder of starts at one rate above 0)."""
    return treated(rows)["collapse_rate"].n_unique() == 1 and treated(rows)["initial_size"].n_unique() > 2


def panels(rows: pl.DataFrame) -> list[Panel]:
    """Split the rows of one experiment into panels by every axis that varies, and each panel into lines.

    Panels are sorted by setting and label rule. Colours mean the same in all of them.
    """
    by_start = colours_by_start(rows)
    split = [*(STARTS if by_start else SETTING), "label_rule"]
    expanded = _share_reference(rows) if by_start else with_reference(rows)
    varying = [axis for axis in split if expanded[axis].n_unique() > 1]
    models = rows.select("model", "model_params")
    if {"model", "model_params"} <= set(varying) and models.n_unique() == models["model"].n_unique():
        varying.remove("model_params")
    make = partial(lines_by, "initial_size" if by_start else "collapse_rate")
    if not varying:
        return [Panel("", expanded, make(expanded, expanded), by_start)]
    groups = expanded.group_by(varying, maintain_order=True)

    def order(panel: tuple[tuple[object, ...], pl.DataFrame]) -> list[object]:
        axes = zip(varying, panel[0], strict=True)
        return [rule_order(str(value)) if axis == "label_rule" else value for axis, value in axes]

    return [
        Panel(_title(varying, key, expanded), group, make(group, expanded), by_start)
        for key, group in sorted(groups, key=order)
    ]


def _share_reference(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a ladder of starts with one human-only curve under every rule: the one that begins earliest."""
    human = references(rows)
    human = human.filter(pl.col("initial_size") == pl.col("initial_size").min().over(STARTS))
    rules = treated(rows)["label_rule"].unique().sort()
    return pl.concat([*(human.with_columns(label_rule=pl.lit(rule)) for rule in rules), treated(rows)])


def lines_by(axis: str, rows: pl.DataFrame, everything: pl.DataFrame) -> tuple[Line, ...]:
    """Make one line per collapse rate or initial size; colours are given out over the values in `everything`."""
    by_start = axis == "initial_size"
    values = treated(everything)[axis].unique().sort().to_list()
    lines = [
        Line(count(value) if by_start else percent(value), colour, treated(rows).filter(pl.col(axis) == value))
        for value, colour in zip(values, ordered_colours(len(values)), strict=True)
        if by_start or value in rows[axis]
    ]
    human = references(rows)
    reference = Line("people only" if by_start else "0 % (people only)", INK, human, is_reference=True)
    return tuple(lines if human.is_empty() else [reference, *lines])


def _title(varying: Sequence[str], key: tuple[object, ...], rows: pl.DataFrame) -> str:
    words = []
    for axis, value in zip(varying, key, strict=True):
        if axis == "model_params":
            words.append(parameters_that_vary(str(value), rows["model_params"].unique().to_list()))
        elif value != NO_RULE:
            words.append(axis_words(axis, value))
    return ", ".join(word for word in words if word)


def parameters_that_vary(text: str, others: Sequence[str]) -> str:
    """Of one model's parameters (``max_depth=5,n_estimators=100``) those that differ among `others`."""
    sets = [set(parameters(other)) for other in others]
    return ", ".join(part for part in parameters(text) if not all(part in other for other in sets))


def draw_lines(
    axes: Axes, lines: Sequence[Line], metric: str, *, seeds_below: int = 9, banded: Sequence[Line] | None = None
) -> None:
    """Draw the mean of every line with a band over seeds, and the seeds themselves as thin lines where they are few.

    The band is the 95 % interval of the mean; with fewer than `BAND_SEEDS` seeds, where that says little, their range.
    Where `banded` is given, these lines alone have one.
    """
    axes.margins(x=0.02)
    banded = lines if banded is None else banded
    for z, line in enumerate(lines):
        table = summarise(line.rows.drop_nulls(metric), ["n_seen"], metric)
        if table.is_empty():
            continue
        top = 40 if line.is_reference else 20 + z / len(lines)
        sizes = table["n_seen"].to_numpy()
        n_seeds = line.rows["seed"].n_unique()
        if n_seeds >= 2 and any(line is one for one in banded):
            ends = ("ci_low", "ci_high") if n_seeds >= BAND_SEEDS else ("min", "max")
            low, high = (table[name].cast(pl.Float64).to_numpy() for name in ends)
            alpha = 0.14 if len(banded) <= 6 else 0.08
            axes.fill_between(sizes, low, high, color=line.colour, alpha=alpha, linewidth=0, zorder=top - 10)
        if 1 < n_seeds < seeds_below and len(lines) * n_seeds <= 60:
            for _, one in line.rows.drop_nulls(metric).sort("n_seen").group_by("seed", maintain_order=True):
                axes.plot(one["n_seen"], one[metric], color=line.colour, linewidth=0.5, alpha=0.35, zorder=top - 5)
        width = 1.9 if line.is_reference else 1.5
        dots: dict[str, Any] = {"marker": "o", "markersize": 3.2, "markeredgewidth": 0} if len(sizes) <= 14 else {}
        axes.plot(sizes, table["mean"], color=line.colour, linewidth=width, zorder=top, **dots)


def add_legend(figure: Figure, lines: Sequence[Line], title: str, extra: Sequence[Line2D] = ()) -> None:
    """Put the key to the right of all panels; of many ordered lines show enough to read the order."""
    shown = list(lines)
    if len(shown) > MAX_LEGEND + 1:
        ordered = [line for line in shown if not line.is_reference]
        step = -(-(len(ordered) - 1) // (MAX_LEGEND - 1))
        kept = [*ordered[:-1:step], ordered[-1]]
        shown = [*[line for line in shown if line.is_reference], *kept]
    handles = [entry(line.label, line.colour, linewidth=2.4 if line.is_reference else 2.0) for line in shown]
    legend_right(figure, [*handles, *extra], title, handlelength=1.6, labelspacing=0.45)


def most_lines(parts: Sequence[Panel]) -> tuple[Line, ...]:
    """Return the lines of the panel that has most of them: what a legend names."""
    return max((part.lines for part in parts), key=len)


def legend_title(rows: pl.DataFrame) -> str:
    """Say what the lines of an experiment are told apart by."""
    return "self-labelled\nfrom (documents)" if colours_by_start(rows) else "self-labelled"
