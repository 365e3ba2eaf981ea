"""The figure of how long predictors last: the share of seeds still standing against documents seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from modelcollapse.analysis.figures.panels import Line, Panel, add_legend, legend_title, panels
from modelcollapse.analysis.figures.style import MUTED, caption, figure_style, grid_shape, percent_axis, size_axis
from modelcollapse.analysis.formats import listed
from modelcollapse.analysis.mechanism.survival import fall_sizes, standing

#: Up to this many lines in a panel have a band: bands of several cover each other.
MOST_BANDS = 1


def survival_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw the share of seeds whose predictor still stands, one step line per rate at which any falls.

    One panel per model, regime, start and label rule of the experiment in which seeds fall; None where no seed does.
    """
    if not fall_sizes(rows)["fell"].any():
        return None
    with figure_style():
        fallen = [(part, lines) for part in panels(rows) if (lines := [line for line in part.lines if _falls(line)])]
        n_rows, n_columns = grid_shape(len(fallen))
        width = 1.9 + (4.2 if n_columns == 1 else 2.9) * n_columns
        figure = Figure(figsize=(width, 0.6 + 2.6 * n_rows), layout=ConstrainedLayoutEngine(hspace=0.05, wspace=0.04))
        grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
        for i, (axes, (part, lines)) in enumerate(zip(grid, fallen, strict=False)):
            axes.set_title(part.title or "Seeds whose predictor still stands")
            _draw_steps(axes, lines)
            _name_the_others(axes, [line.label for line in part.lines if line not in lines])
            size_axis(axes, part.rows["n_seen"].unique().to_list(), label=i + n_columns >= len(fallen))
        for axes in grid[len(fallen) :]:
            axes.remove()
        label = "a standing seed's\nlast size"
        ends = Line2D([], [], color=MUTED, marker="|", markersize=7, linestyle="none", label=label)
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
