"""The main figure of an experiment: accuracy against documents seen, beside it how often the model says "positive"."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modelcollapse.analysis.figures.panels import (
    BAND_SEEDS,
    Panel,
    add_legend,
    draw_lines,
    legend_title,
    most_lines,
    panels,
)
from modelcollapse.analysis.figures.style import (
    MUTED,
    SHADE,
    TRULY,
    caption,
    entry,
    figure_style,
    grid_shape,
    new_figure,
    pad_limits,
    percent_axis,
    size_axis,
)
from modelcollapse.analysis.formats import count
from modelcollapse.analysis.mechanism.amplification import majority_rate, mean_true_share
from modelcollapse.analysis.statistics.arms import ARM
from modelcollapse.analysis.statistics.seed_groups import HEALTHY

#: More panels than this are stacked in a grid, each above its own predicted-positive rate.
MAX_ROWS = 3
WHOLE = (0.0, 1.0)


def curves_figure(rows: pl.DataFrame) -> Figure:
    """Draw accuracy and predicted-positive rate of one experiment against documents seen, one line per rate.

    One row of two panels per model, regime, start and label rule; a grid of stacked pairs if these are more than three.
    Rows without a predicted-positive rate (imported ones) give accuracy alone.
    """
    with figure_style():
        parts = panels(rows)
        has_rate = not rows["predicted_positive_rate"].is_null().all()
        is_small = len(parts) <= MAX_ROWS or not has_rate
        figure, pairs = _side_by_side(parts, has_rate) if is_small else _stacked(parts)
        limits, positive_limits = accuracy_limits(rows), positive_rate_limits(rows)
        for part, (left, right) in zip(parts, pairs, strict=True):
            draw_accuracy(left, part, limits)
            if right is not None:
                draw_positive_rate(right, part, positive_limits)
        dots = entry("truly positive", **TRULY)
        add_legend(figure, most_lines(parts), legend_title(rows), [dots] if has_rate else ())
        caption(figure, describe_spread(rows))
        return figure


Pair = tuple[Axes, Axes | None]


def _side_by_side(parts: list[Panel], has_rate: bool) -> tuple[Figure, list[Pair]]:
    n = len(parts)
    figure = new_figure(9.4 if has_rate else 5.8, 0.75 + 2.95 * n, hspace=0.06, wspace=0.05)
    grid = figure.subplots(
        n, 2 if has_rate else 1, sharex=True, squeeze=False, width_ratios=[1.25, 1] if has_rate else [1]
    )
    pairs: list[Pair] = []
    for i, (part, row) in enumerate(zip(parts, grid, strict=True)):
        row[0].set_title(f"Accuracy – {part.title}" if part.title else "Accuracy")
        if has_rate:
            row[1].set_title("Share of the test set called positive")
        for axes in row:
            size_axis(axes, part.rows["n_seen"], label=i == n - 1)
        pairs.append((row[0], row[1] if has_rate else None))
    return figure, pairs


def _stacked(parts: list[Panel]) -> tuple[Figure, list[Pair]]:
    n_rows, n_columns = grid_shape(len(parts))
    figure = new_figure(1.6 + 2.75 * n_columns, 0.5 + 3.35 * n_rows, hspace=0.03, wspace=0.03, h_pad=0.06)
    grid = figure.subplots(2 * n_rows, n_columns, squeeze=False, sharex=True, height_ratios=[2.1, 1] * n_rows)
    pairs: list[Pair] = []
    for i in range(n_rows * n_columns):
        row, column = divmod(i, n_columns)
        upper, lower = grid[2 * row, column], grid[2 * row + 1, column]
        if i >= len(parts):
            upper.remove()
            lower.remove()
            continue
        upper.set_title(parts[i].title)
        is_last = i + n_columns >= len(parts)
        for axes in (upper, lower):
            size_axis(axes, parts[i].rows["n_seen"], label=is_last and axes is lower)
            axes.tick_params(labelbottom=axes is lower, labelleft=column == 0)
        if column == 0:
            upper.set_ylabel("accuracy")
            lower.set_ylabel("called\npositive")
        pairs.append((upper, lower))
    return figure, pairs


def accuracy_limits(rows: pl.DataFrame) -> tuple[float, float]:
    """Limits of an accuracy axis: all seeds, down to the constant predictor as soon as one comes near it."""
    low, high = float(rows["accuracy"].min()), float(rows["accuracy"].max())  # type: ignore[arg-type]
    return pad_limits(min(low, 0.49) if low < 0.62 else low, high)


def draw_accuracy(axes: Axes, part: Panel, limits: tuple[float, float]) -> None:
    """Accuracy with what a constant predictor reaches marked, or said to lie below the axis."""
    draw_lines(axes, part.lines, "accuracy")
    axes.set_ylim(limits)
    percent_axis(axes)
    constant = majority_rate(part.rows)
    constant = 0.5 if constant is None else constant
    words = f"always the same class: {100 * constant:.1f} %"
    if constant < limits[0]:
        axes.annotate(f"↓ {words}", (0.012, 0.02), xycoords="axes fraction", fontsize=7, color=MUTED, zorder=15)
        return
    axes.axhline(constant, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=5)
    above: dict[str, Any] = {"xytext": (0, 2.5), "textcoords": "offset points", "color": MUTED, "zorder": 15}
    axes.annotate(words, (0.012, constant), xycoords=("axes fraction", "data"), fontsize=7, **above)


def draw_positive_rate(axes: Axes, part: Panel, limits: tuple[float, float]) -> None:
    """Predicted-positive rate: the true share dotted, the range of degenerate predictors shaded."""
    whole = limits == WHOLE
    draw_lines(axes, part.lines, "predicted_positive_rate")
    percent_axis(axes, whole=whole)
    if whole:
        for edges in ((-0.02, HEALTHY[0]), (HEALTHY[1], 1.02)):
            axes.axhspan(*edges, color=SHADE, zorder=0, linewidth=0)
    else:
        axes.set_ylim(limits)
    truth = mean_true_share(part.rows)
    if truth is not None:
        axes.axhline(truth, zorder=5, **TRULY)


def positive_rate_limits(rows: pl.DataFrame) -> tuple[float, float]:
    """0 … 1 once any seed leaves the middle of the scale, else a closer view around the true share."""
    values = rows["predicted_positive_rate"].drop_nulls()
    low, high = (float(values.min()), float(values.max())) if len(values) else WHOLE  # type: ignore[arg-type]
    truth = mean_true_share(rows)
    low, high = min(low, truth or low), max(high, truth or high)
    return pad_limits(low, high, 0.1) if low > 0.25 and high < 0.75 else WHOLE


def describe_spread(rows: pl.DataFrame, *, seeds_shown: bool = True) -> str:
    """One line under a figure: what line and band are, how many seeds, how large the test set."""
    high = _seeds(rows)[1]
    words = "Line: mean" + (f" of the seeds; band: {describe_band(rows)}" if high >= 2 else "")
    words += "; thin lines: single seeds" if seeds_shown and 1 < high < 9 else ""
    return f"{words}. {describe_size(rows)}"


def describe_size(rows: pl.DataFrame) -> str:
    """Say how many seeds there are, and how large the test set is."""
    test = " / ".join(count(n) for n in rows["n_test"].unique().sort())
    return f"{describe_seeds(rows)}. Test set: {test} documents."


def describe_band(rows: pl.DataFrame) -> str:
    """Say what the bands of `draw_lines` are."""
    return "95 % interval of the mean, pointwise" if _seeds(rows)[0] >= BAND_SEEDS else "range of the seeds"


def describe_seeds(rows: pl.DataFrame) -> str:
    """Say how many seeds an arm has: ``1 seed``, ``2–4 seeds``."""
    low, high = _seeds(rows)
    return f"{low if low == high else f'{low}–{high}'} seed{'s' if high > 1 else ''}"


def _seeds(rows: pl.DataFrame) -> tuple[int, int]:
    per_arm = rows.group_by(ARM[1:]).agg(pl.col("seed").n_unique())["seed"].to_list()
    return min(per_arm), max(per_arm)
