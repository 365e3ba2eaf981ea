"""Figures of any domain's measures against what was seen: all of them, with their laws; and one, class by class."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modelcollapse.analysis.figures.learning_curves import describe_band, describe_seeds, describe_spread
from modelcollapse.analysis.figures.panels import Panel, add_legend, draw_lines, legend_title, most_lines, panels
from modelcollapse.analysis.figures.style import (
    DOTS,
    INK,
    MUTED,
    caption,
    entry,
    grid_of,
    grid_shape,
    name_below,
    percent_axis,
    size_axis,
    styled_figure,
)
from modelcollapse.analysis.mechanism.classes import most_changed, names_of, with_classes
from modelcollapse.analysis.statistics.arms import with_own_growth
from modelcollapse.names import printable
from modelcollapse.simulation.domain import Domain, Measure

#: Axes by which curves find their laws.
_PLACE = ("model", "model_params", "initial_size", "growth", "regime", "collapse_rate")
#: How what theory says is drawn, in front of every curve.
_DASHES = (0, (3, 2))
#: How a value of what people made is drawn.
_PEOPLE: dict[str, Any] = {"color": MUTED, "linewidth": 1.2, "linestyle": DOTS}

#: Panels of classes in a row.
_MOST_COLUMNS = 5
_TITLES = {"recalls": "recall", "predicted_shares": "share of predictions"}


def measures_figure(rows: pl.DataFrame, domain: Domain, judged: pl.DataFrame | None = None) -> Figure:
    """Draw the measures of one experiment's prepared rows: a row each, and a column for each setting and rule.

    A measure of what people made, in a column of its name and ``_human``, is dotted; measures without any value are
    left out. `judged` says what is due (see `runs.laws.judge`): bounds alone are shaded.
    """
    measures = {name: one for name, one in domain.measures.items() if not rows[name].is_null().all()}
    parts = panels(rows)
    n_parts, n_panels = len(parts), len(parts) * len(measures)
    n_rows, n_columns = grid_shape(len(measures)) if n_parts == 1 else (len(measures), n_parts)
    with styled_figure(1.9 + 3.1 * n_columns, 0.7 + 2.3 * n_rows, hspace=0.05, wspace=0.03) as figure:
        grid = grid_of(figure, n_panels, n_rows, n_columns, sharex=True, sharey="row" if n_parts > 1 else False)
        for i, (name, measure) in enumerate(measures.items()):
            row = grid[i * n_parts : (i + 1) * n_parts]
            for part, axes in zip(parts, row, strict=True):
                draw_lines(axes, part.lines, name)
                if f"{name}_human" in rows.columns:
                    axes.axhline(part.rows[f"{name}_human"].mean(), **_PEOPLE)  # type: ignore[arg-type]
                if judged is not None:
                    _draw_law(axes, part, name, judged)
                size_axis(axes, part.rows["n_seen"], label=False)
                if measure.unit == "share":
                    percent_axis(axes)
            row[0].set_ylabel(_label(measure))
        for part, axes in zip(parts, grid[:n_parts], strict=True):
            axes.set_title(part.title.replace("documents", domain.slots))
        name_below(figure, n_columns, f"{domain.slots} seen")
        extra = []
        if judged is not None and not law_of(rows, judged).is_empty():
            extra.append(entry("law", INK, linewidth=1.3, linestyle=_DASHES, marker="D", markersize=4))
        if any(f"{name}_human" in rows.columns for name in measures):
            extra.append(entry("people’s own", **_PEOPLE))
        add_legend(figure, most_lines(parts), f"{domain.verb} by\nthe model", extra)
        caption(figure, f"Line: mean of the seeds; band: {describe_band(rows)}. {describe_seeds(rows)}.")
        return figure


def law_of(rows: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Return what is due of the arms in prepared rows, where all starts of a ladder have one growth."""
    arms = with_own_growth(rows.select(_PLACE).unique())
    return judged.join(arms, on=_PLACE, how="semi", maintain_order="left")


def _label(measure: Measure) -> str:
    better = {"more": "\n(more is better)", "less": "\n(less is better)", "neither": ""}[measure.better]
    return f"{measure.words}, {measure.unit}{better}" if measure.unit == "nats" else f"{measure.words}{better}"


def _draw_law(axes: Axes, part: Panel, quantity: str, judged: pl.DataFrame) -> None:
    due = law_of(part.rows, judged).filter(quantity=quantity).sort("n_seen")
    sizes = part.rows.select("n_seen").unique().sort("n_seen")
    for _, arm in due.group_by(_PLACE, maintain_order=True):
        values = sizes.join(arm.select("n_seen", "due"), on="n_seen", how="left", maintain_order="left")
        alone = values["due"].is_not_null().sum() < values.height  # nothing is said of the sizes between
        look: dict[str, Any] = {"marker": "D", "markersize": 4, "linestyle": ""} if alone else {"linestyle": _DASHES}
        axes.plot(values["n_seen"], values["due"], color=INK, linewidth=1.3, zorder=60, **look)
        bounds = arm.filter(pl.col("due").is_null() & pl.col("most").is_finite())
        axes.fill_between(bounds["n_seen"], bounds["least"], bounds["most"], color=MUTED, alpha=0.18, linewidth=0)


def classes_figure(rows: pl.DataFrame, column: str) -> Figure:
    """Draw what a column says of each class – ``recalls`` or ``predicted_shares`` – as documents arrive.

    `rows` are prepared, of one setting; of several label rules the loop's are drawn, or those of the first. Of shares
    of predictions the true ones are dotted; of more than ten classes the extremes are shown.
    """
    names = names_of(rows)
    shown = most_changed(rows, names)
    part = panels(with_classes(rows, column, names))[0]
    true = with_classes(part.rows, "true_shares", names)
    n_rows = -(-len(shown) // _MOST_COLUMNS)
    n_columns = -(-len(shown) // n_rows)
    with styled_figure(1.9 + 2.1 * n_columns, 0.7 + 1.7 * n_rows, hspace=0.05, wspace=0.03) as figure:
        grid = grid_of(figure, len(shown), n_rows, n_columns, sharex=True, sharey=True)
        for place, axes in zip(shown, grid, strict=True):
            draw_lines(axes, part.lines, f"class_{place}")
            if column != "recalls":
                axes.axhline(true[f"class_{place}"].mean(), **_PEOPLE)  # type: ignore[arg-type]
            size_axis(axes, part.rows["n_seen"], label=False)
            percent_axis(axes)
            axes.set_title(printable(names[place])[:24])
        name_below(figure, n_columns, "documents seen")
        for axes in figure.axes[::n_columns]:
            axes.set_ylabel(_TITLES[column])
        dotted = [] if column == "recalls" else [entry("true share", **_PEOPLE)]
        add_legend(figure, part.lines, legend_title(rows), dotted)
        rule = f" Label rule: {part.title}." if part.title else ""
        chosen = "" if len(shown) == len(names) else f" Of {len(names)} classes those whose recall changed most."
        caption(figure, f"{describe_spread(rows)}{rule}{chosen}", wrapped=True)
        return figure
