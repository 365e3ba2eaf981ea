"""Figures of the mechanism: the loop from label prior to predictions to errors, and what is lost or only shifted."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from modelcollapse.analysis.figures.panels import Panel, add_legend, draw_lines, legend_title, most_lines, panels
from modelcollapse.analysis.figures.style import MUTED, caption, figure_style, pad_limits, percent_axis, size_axis
from modelcollapse.analysis.formats import percent
from modelcollapse.analysis.mechanism.amplification import amplification_bound
from modelcollapse.analysis.mechanism.prior import mean_true_share

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
                    axes.axhline(truth, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=5)
            bounded = _draw_bound(row[1], part) or bounded
        extra, words = [], "Horizontal dots: truly positive."
        if bounded is not None:
            label = f"bound on 2\nat {percent(bounded)}"
            extra = [Line2D([], [], color=MUTED, linestyle=(0, (1, 1.2)), linewidth=1.1, label=label)]
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
    figure = Figure(figsize=(10.4, 0.75 + 2.45 * n), layout=ConstrainedLayoutEngine(hspace=0.05, wspace=0.04))
    grid = figure.subplots(n, len(titles), sharex=True, squeeze=False)
    for i, (part, row) in enumerate(zip(parts, grid, strict=True)):
        for axes, title in zip(row, titles, strict=True):
            if i == 0:
                axes.set_title(title)
            size_axis(axes, part.rows["n_seen"].unique().to_list(), label=i == n - 1)
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
        axes.plot(bounds["n_seen"], edge, color=MUTED, linewidth=1.1, linestyle=(0, (1, 1.2)), zorder=45)
        low, high = min(low, float(edge.min())), max(high, float(edge.max()))  # type: ignore[arg-type]
    axes.set_ylim(low, high)
    return float(bounds["collapse_rate"][0])
