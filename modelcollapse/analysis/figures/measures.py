"""The main figure of an experiment in any domain: its measures against what was seen, and the laws."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from modelcollapse.analysis.figures.learning_curves import describe_band, describe_seeds
from modelcollapse.analysis.figures.panels import (
    Panel,
    add_legend,
    draw_lines,
    most_lines,
    panels,
)
from modelcollapse.analysis.figures.style import (
    DOTS,
    INK,
    MUTED,
    caption,
    figure_style,
    grid_shape,
    percent_axis,
    size_axis,
)
from modelcollapse.analysis.statistics.arms import growth_above
from modelcollapse.simulation.domain import Domain, Measure

#: Axes by which curves find their laws.
_PLACE = ("model", "model_params", "initial_size", "growth", "regime")
#: How what theory says is drawn, in front of every curve.
_DASHES = (0, (3, 2))


def measures_figure(rows: pl.DataFrame, domain: Domain, judged: pl.DataFrame | None = None) -> Figure:
    """Draw the measures of one experiment's prepared rows: a row each, and a column for each setting and rule.

    A measure of what people made, in a column of its name and ``_human``, is dotted.

    Parameters
    ----------
    rows : DataFrame
    domain : Domain
        Whose measures they are; those without any value are left out.
    judged : DataFrame, optional
        What is due: see `runs.laws.judge`. Bounds alone are shaded.
    """
    measures = {name: one for name, one in domain.measures.items() if not rows[name].is_null().all()}
    with figure_style():
        parts = panels(rows)
        n_rows, n_columns = grid_shape(len(measures)) if len(parts) == 1 else (len(measures), len(parts))
        figure = Figure(
            figsize=(1.9 + 3.1 * n_columns, 0.7 + 2.3 * n_rows),
            layout=ConstrainedLayoutEngine(hspace=0.05, wspace=0.03),
        )
        grid = _grid(figure, n_rows, n_columns, len(measures), len(parts))
        for (name, measure), row in zip(measures.items(), grid, strict=True):
            for part, axes in zip(parts, row, strict=True):
                draw_lines(axes, part.lines, name)
                if f"{name}_human" in rows.columns:
                    people = part.rows[f"{name}_human"].mean()
                    axes.axhline(people, color=MUTED, linewidth=1.2, linestyle=DOTS)  # type: ignore[arg-type]
                if judged is not None:
                    _draw_law(axes, part, name, judged)
                size_axis(axes, part.rows["n_seen"].unique().to_list(), label=False)
                if measure.unit == "share":
                    percent_axis(axes)
            row[0].set_ylabel(_label(measure))
        for part, axes in zip(parts, grid[0], strict=True):
            axes.set_title(part.title.replace("documents", domain.slots))
        for axes in figure.axes[-n_columns:]:  # the lowest of every column
            axes.set_xlabel(f"{domain.slots} seen")
            axes.tick_params(labelbottom=True)
        law = Line2D([], [], color=INK, linewidth=1.3, linestyle=_DASHES, marker="D", markersize=4, label="law")
        own = Line2D([], [], color=MUTED, linewidth=1.2, linestyle=DOTS, label="people’s own")
        extra = [law] * _has_law(rows, judged) + [own] * any(f"{name}_human" in rows.columns for name in measures)
        add_legend(figure, most_lines(parts), f"{domain.verb} by\nthe model", extra)
        caption(figure, f"Line: mean of the seeds; band: {describe_band(rows)}. {describe_seeds(rows)}.")
        return figure


def _grid(figure: Figure, n_rows: int, n_columns: int, n_measures: int, n_parts: int) -> list[list[Axes]]:
    """Make the axes of every measure, one for each part: a row each; of one part several in a row."""
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey="row" if n_parts > 1 else False)
    for unused in grid.flat[n_measures * n_parts :]:
        unused.remove()
    return [list(grid.flat[i : i + n_parts]) for i in range(0, n_measures * n_parts, n_parts)]


def law_of(rows: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Return what is due of the arms in prepared rows, where all starts of a ladder have one growth."""
    place = [*_PLACE, "collapse_rate"]
    arms = rows.select(place).unique().pipe(_with_own_growth)
    return judged.join(arms, on=place, how="semi", maintain_order="left")


def _with_own_growth(arms: pl.DataFrame) -> pl.DataFrame:
    own = [growth_above(growth, start) for growth, start in arms.select("growth", "initial_size").iter_rows()]
    return arms.with_columns(growth=pl.Series(own, dtype=pl.String))


def _has_law(rows: pl.DataFrame, judged: pl.DataFrame | None) -> bool:
    return judged is not None and not law_of(rows, judged).is_empty()


def _label(measure: Measure) -> str:
    better = {"more": "more is better", "less": "less is better", "neither": ""}[measure.better]
    words = f"{measure.words}, {measure.unit}" if measure.unit == "nats" else measure.words
    return f"{words}\n({better})" if better else words


def _draw_law(axes: Axes, part: Panel, quantity: str, judged: pl.DataFrame) -> None:
    due = law_of(part.rows, judged).filter(quantity=quantity).sort("n_seen")
    sizes = part.rows.select("n_seen").unique().sort("n_seen")
    for _, arm in due.group_by([*_PLACE, "collapse_rate"], maintain_order=True):
        values = sizes.join(arm.select("n_seen", "due"), on="n_seen", how="left", maintain_order="left")
        alone = values["due"].is_not_null().sum() < values.height  # nothing is said of the sizes between
        look: dict[str, Any] = {"marker": "D", "markersize": 4, "linestyle": ""} if alone else {"linestyle": _DASHES}
        axes.plot(values["n_seen"], values["due"], color=INK, linewidth=1.3, zorder=60, **look)
        bounds = arm.filter(pl.col("due").is_null() & pl.col("most").is_finite())
        axes.fill_between(bounds["n_seen"], bounds["least"], bounds["most"], color=MUTED, alpha=0.18, linewidth=0)
