"""Figures of the mechanism: label prior, predictions and errors; what is lost or shifted; how long predictors last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modelcollapse.analysis.figures.panels import Line, Panel, add_legend, draw_lines, legend_title, most_lines, panels
from modelcollapse.analysis.figures.style import (
    MUTED,
    TRULY,
    caption,
    entry,
    figure_style,
    grid_of,
    grid_shape,
    new_figure,
    pad_limits,
    percent_axis,
    size_axis,
    styled_figure,
)
from modelcollapse.analysis.formats import listed, percent
from modelcollapse.analysis.mechanism.amplification import amplification_bound, mean_true_share
from modelcollapse.analysis.mechanism.survival import fall_sizes, standing

_LOOP = (
    ("train_positive_rate", "1  Positive labels in training →"),
    ("predicted_positive_rate", "2  Test set called positive →"),
    ("synthetic_label_error", "3  Wrong among self-labels"),
)
_LOST = (
    ("accuracy", "Accuracy"),
    ("best_threshold_accuracy", "Accuracy at the best threshold"),
    ("roc_auc", "ROC AUC"),
)
_BOUND: dict[str, Any] = {"color": MUTED, "linewidth": 1.1, "linestyle": (0, (1, 1.2))}
#: Rows of panels in one figure; of more settings and rules those with the rule argmax come first.
MOST_ROWS = 3


def loop_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw one experiment's loop: label prior of the training set → predicted-positive rate → error.

    Where its setting holds, the bound of Taori & Hashimoto on the predicted-positive rate is drawn dotted. None for
    rows without self-labels or without these columns.
    """
    if rows["synthetic_label_error"].is_null().all() or rows["train_positive_rate"].is_null().all():
        return None
    looping = rows.filter(pl.col("synthetic_label_error").is_not_null())["label_rule"].unique()
    rows = rows.filter((pl.col("collapse_rate") == 0) | pl.col("label_rule").is_in(looping.to_list()))
    with figure_style():
        figure, parts, grid = _grid(rows, [title for _, title in _LOOP])
        bounded: float | None = None
        for part, row in zip(parts, grid, strict=True):
            for axes, (metric, _) in zip(row, _LOOP, strict=True):
                _draw(axes, part, metric)
            truth = mean_true_share(part.rows)
            if truth is not None:
                for axes in row[:2]:
                    low, high = axes.get_ylim()
                    axes.set_ylim(min(low, truth - 0.03 * (high - low)), max(high, truth + 0.03 * (high - low)))
                    axes.axhline(truth, zorder=5, **TRULY)
            bounded = _draw_bound(row[1], part) or bounded
        extra, words = [], "Horizontal dots: truly positive."
        if bounded is not None:
            extra = [entry(f"bound on 2\nat {percent(bounded)}", **_BOUND)]
            words += " Bound: bias amplification of a consistently calibrated model (Taori & Hashimoto)."
        add_legend(figure, most_lines(parts), legend_title(rows), extra)
        caption(figure, words)
        return figure


def lost_or_shifted_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw one experiment's accuracy beside accuracy at the best threshold and ROC AUC, on one scale.

    None for rows without these columns, and without self-labels.
    """
    if any(rows[metric].is_null().all() for metric, _ in _LOST) or (rows["collapse_rate"] == 0).all():
        return None
    low = min(float(rows[metric].min()) for metric, _ in _LOST)  # type: ignore[arg-type]
    high = max(float(rows[metric].max()) for metric, _ in _LOST)  # type: ignore[arg-type]
    with figure_style():
        figure, parts, grid = _grid(rows, [title for _, title in _LOST])
        for part, row in zip(parts, grid, strict=True):
            for axes, (metric, _) in zip(row, _LOST, strict=True):
                _draw(axes, part, metric)
                axes.set_ylim(pad_limits(low, high))
        add_legend(figure, most_lines(parts), legend_title(rows))
        caption(figure, "What accuracy loses but the other two keep is a shifted threshold, not lost knowledge.")
        return figure


def _grid(rows: pl.DataFrame, titles: list[str]) -> tuple[Figure, list[Panel], np.ndarray]:
    parts = panels(rows)
    parts = sorted(parts, key=lambda part: "argmax" not in part.rows["label_rule"])[:MOST_ROWS]  # a stable sort
    n = len(parts)
    figure = new_figure(10.4, 0.75 + 2.45 * n, hspace=0.05, wspace=0.04)
    grid = figure.subplots(n, len(titles), sharex=True, squeeze=False)
    for i, (part, row) in enumerate(zip(parts, grid, strict=True)):
        for axes, title in zip(row, titles, strict=True):
            if i == 0:
                axes.set_title(title)
            size_axis(axes, part.rows["n_seen"], label=i == n - 1)
        if part.title:
            row[0].set_ylabel(part.title, fontweight="bold")
    return figure, parts, grid


def _draw(axes: Axes, part: Panel, metric: str) -> None:
    draw_lines(axes, part.lines, metric)
    percent_axis(axes)
    values = part.rows[metric].drop_nulls()
    if len(values):
        axes.set_ylim(pad_limits(float(values.min()), float(values.max())))  # type: ignore[arg-type]


def _draw_bound(axes: Axes, part: Panel) -> float | None:
    """Draw the bound for the largest rate it is stated for, to both sides of the true share, and return that rate.

    A ladder of starts has a bound for each of them: none is drawn.
    """
    looped = part.rows.filter(pl.col("collapse_rate") > 0)
    if looped["initial_size"].n_unique() > 1:
        return None
    bounds = amplification_bound(part.rows.filter(pl.col("collapse_rate").is_in([0.0, looped["collapse_rate"].max()])))
    if bounds.is_empty():
        return None
    low, high = axes.get_ylim()
    for side in (-1, 1):
        edge = (bounds["true_share"] + side * bounds["bound"]).clip(0, 1)
        axes.plot(bounds["n_seen"], edge, zorder=45, **_BOUND)
        low, high = min(low, float(edge.min())), max(high, float(edge.max()))  # type: ignore[arg-type]
    axes.set_ylim(low, high)
    return float(bounds["collapse_rate"][0])


#: Up to this many lines in a panel have a band: bands of several cover each other.
MOST_BANDS = 1


def survival_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw the share of seeds whose predictor still stands, one step line per rate at which any falls.

    One panel per model, regime, start and label rule of the experiment in which seeds fall; None where no seed does.
    """
    if not fall_sizes(rows)["fell"].any():
        return None
    fallen = [(part, lines) for part in panels(rows) if (lines := [line for line in part.lines if _falls(line)])]
    n_rows, n_columns = grid_shape(len(fallen))
    width = 1.9 + (4.2 if n_columns == 1 else 2.9) * n_columns
    with styled_figure(width, 0.6 + 2.6 * n_rows, hspace=0.05, wspace=0.04) as figure:
        grid = grid_of(figure, len(fallen), n_rows, n_columns, sharey=True)
        for i, (axes, (part, lines)) in enumerate(zip(grid, fallen, strict=True)):
            axes.set_title(part.title or "Seeds whose predictor still stands")
            _draw_steps(axes, lines)
            _name_the_others(axes, [line.label for line in part.lines if line not in lines])
            size_axis(axes, part.rows["n_seen"], label=i + n_columns >= len(fallen))
        ends = entry("a standing seed's\nlast size", marker="|", markersize=7, linestyle="none")
        add_legend(figure, _shown(fallen), legend_title(rows), [ends])
        words = "Fallen: calls less than 5 % or more than 95 % of the test set positive up to its end. Kaplan–Meier"
        bands = any(len(lines) <= MOST_BANDS for _, lines in fallen)
        words += "; band: 95 %, pointwise." if bands else "; intervals in the table."
        caption(figure, words)
        return figure


def _falls(line: Line) -> bool:
    return not line.rows.is_empty() and bool(fall_sizes(line.rows)["fell"].any())


def _shown(fallen: Sequence[tuple[Panel, Sequence[Line]]]) -> list[Line]:
    """Lines of all panels, each once, in the order of a panel's lines."""
    drawn = {line.label for _, lines in fallen for line in lines}
    every = {line.label: line for part, _ in fallen for line in part.lines}
    return [line for label, line in every.items() if label in drawn]


def _draw_steps(axes: Axes, lines: Sequence[Line]) -> None:
    for z, line in enumerate(lines):
        curve = _prolonged(standing(line.rows))
        sizes, share = curve["n_seen"].to_numpy(), curve["share"].to_numpy()
        # Before its first size every seed stands: a fall there is drawn as a step too.
        axes.step(sizes, share, where="post", color=line.colour, linewidth=1.7, zorder=20 + z)
        axes.vlines(sizes[:1], share[:1], 1.0, color=line.colour, linewidth=1.7, zorder=20 + z)
        if len(lines) <= MOST_BANDS:
            low, high = (curve[name].to_numpy() for name in ("ci_low", "ci_high"))
            axes.fill_between(sizes, low, high, step="post", color=line.colour, alpha=0.12, linewidth=0)
        censored = (curve["n_censored"] > 0).to_numpy() & np.asarray(share > 0)
        axes.plot(
            sizes[censored], share[censored], "|", color=line.colour, markersize=8, markeredgewidth=1.5, zorder=30 + z
        )
    axes.margins(x=0.03)
    percent_axis(axes, whole=True)


def _prolonged(curve: pl.DataFrame) -> pl.DataFrame:
    """Go on a little beyond the last size, so that a step there is seen."""
    sizes = curve["n_seen"].to_list()
    step = (sizes[-1] - sizes[-2]) // 3 if len(sizes) > 1 else sizes[-1] // 10
    beyond = curve[-1].with_columns(pl.col("n_seen") + step, n_censored=pl.lit(0, pl.Int64))
    return pl.concat([curve, beyond])


def _name_the_others(axes: Axes, labels: Sequence[str]) -> None:
    """Say which rates have no line because none of their seeds falls."""
    if labels:
        shown = labels if len(labels) <= 4 else [labels[0], "…", labels[-1]]
        names = listed(shown) if "…" not in shown else " ".join(shown)
        axes.annotate(f"no seed falls: {names}", (0.012, 0.02), xycoords="axes fraction", fontsize=7, color=MUTED)
