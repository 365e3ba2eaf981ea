"""The grid search of forest parameters: a table of the combinations, and one panel for every parameter."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from modelcollapse.analysis.figures.style import CATEGORIES, MUTED, figure_style, grid_shape, pad_limits, percent_axis

_MEASURES = ("is_study", "fold", "accuracy", "seconds")

#: Characters that have room above a panel and below a tick.
_TITLE, _TICK = 36, 16


def combinations(folds: pl.DataFrame) -> pl.DataFrame:
    """Average over folds, the rows that a search returns: one row for every combination, best first.

    ``rank``, parameters, ``is_study``, ``mean``, ``sd``, ``min``, ``max`` of accuracy over folds, ``n_folds``,
    ``seconds`` in all.
    """
    names = parameter_columns(folds)
    accuracy = pl.col("accuracy")
    table = (
        folds.group_by([*names, "is_study"], maintain_order=True)
        .agg(
            mean=accuracy.mean(),
            sd=accuracy.std(),
            min=accuracy.min(),
            max=accuracy.max(),
            n_folds=pl.len(),
            seconds=pl.col("seconds").sum(),
        )
        .sort("mean", descending=True, maintain_order=True)
    )
    rank = pl.col("mean").rank("min", descending=True).cast(pl.Int64).alias("rank")
    return table.select(rank, *table.columns)


def effects(folds: pl.DataFrame) -> pl.DataFrame:
    """Average over all combinations of the grid that share a parameter's value: one row for every value.

    ``parameter, value``; ``mean``, ``sd`` (0 of a single one), ``min`` and ``max`` of the combinations' mean
    accuracies; ``n_combinations``. The study's own parameters count only if there is no grid beside them.
    """
    table, mean = _grid(combinations(folds)), pl.col("mean")
    parts = []
    for name in parameter_columns(folds):
        part = table.group_by(value=name).agg(
            mean.mean(), sd=mean.std().fill_null(0.0), min=mean.min(), max=mean.max(), n_combinations=pl.len()
        )
        order = sorted(range(part.height), key=lambda row: _order(part["value"][row]))
        parts.append(part[order].select(pl.lit(name).alias("parameter"), pl.all()))
    return pl.concat(parts)


def _grid(table: pl.DataFrame) -> pl.DataFrame:
    grid = table.filter(~pl.col("is_study"))
    return table if grid.is_empty() else grid


def parameter_columns(folds: pl.DataFrame) -> list[str]:
    """Return the names of the parameters."""
    return [name for name in folds.columns if name not in _MEASURES]


def grid_figure(folds: pl.DataFrame) -> Figure:
    """Draw accuracy against every parameter, one panel each.

    Over all combinations of the grid with a value: mean, standard deviation and range of their mean scores. The study's
    own parameters, which are not part of the grid, are marked.
    """
    table, by_value = combinations(folds), effects(folds)
    grid, study = _grid(table), table.filter("is_study")
    names = parameter_columns(folds)
    n_rows, n_columns = grid_shape(len(names))
    low, high = (float(limit) for limit in (table["mean"].min(), table["mean"].max()))  # type: ignore[arg-type]
    with figure_style():
        figure = Figure(figsize=(3.1 * n_columns, 2.7 * n_rows + 0.4), layout="constrained")
        panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
        for axes, name in zip(panels, names, strict=False):
            part = by_value.filter(pl.col("parameter") == name)
            values = sorted({*part["value"], *study[name]}, key=_order)
            places = {value: place for place, value in enumerate(values)}
            x = [places[value] for value in part["value"]]
            mean, sd = part["mean"].to_numpy(), part["sd"].to_numpy()
            low, high = min(low, *(mean - sd)), max(high, *(mean + sd))
            axes.vlines(x, part["min"], part["max"], color=MUTED, linewidth=0.9, zorder=3)
            axes.vlines(x, mean - sd, mean + sd, color=CATEGORIES[0], linewidth=6, alpha=0.35, zorder=4)
            axes.plot(x, mean, color=CATEGORIES[0], marker="o", markersize=3.6, zorder=5)
            for row in study.iter_rows(named=True):
                axes.plot([places[row[name]]], [row["mean"]], "D", color=CATEGORIES[1], markersize=4.5, zorder=6)
            axes.set_title(_cut(name, _TITLE))
            axes.set_xticks(range(len(values)), [_cut(value, _TICK) for value in values])
            axes.set_xlim(-0.5, len(values) - 0.5)
        for axes in panels[len(names) :]:
            axes.remove()
        panels[0].set_ylim(pad_limits(low, high))
        percent_axis(panels[0])
        figure.legend(handles=_key(not study.is_empty()), loc="outside right upper")
        words = f"{grid.height:,} combinations, {folds['fold'].n_unique()} folds. Each point: all that share the value."
        figure.supxlabel(words, fontsize=7.2, color=MUTED, x=0.01, ha="left")
        return figure


def _cut(text: str, longest: int) -> str:
    """Leave a panel its room: names and values are whole in the tables."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _key(has_study: bool) -> Sequence[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=CATEGORIES[0], marker="o", markersize=3.6, label="mean accuracy"),
        Patch(color=CATEGORIES[0], alpha=0.35, linewidth=0, label="± sd"),
        Line2D([], [], color=MUTED, linewidth=0.9, label="min … max"),
    ]
    if has_study:
        label = "the study's parameters"
        handles.append(Line2D([], [], color=CATEGORIES[1], marker="D", markersize=4.5, linestyle="", label=label))
    return handles


def _order(value: str) -> tuple[int, float, str]:
    """Sort numbers by size, then words; no limit (None) is the largest number."""
    try:
        return 0, float(value), ""
    except ValueError:
        return (1, 0.0, "") if value == "None" else (2, 0.0, value)
