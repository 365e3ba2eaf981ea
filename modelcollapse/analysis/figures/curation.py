"""The frontier of curation: accuracy bought back against labels that people checked."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from modelcollapse.analysis.figures.style import CATEGORIES, INK, caption, figure_style, points, short_count
from modelcollapse.analysis.formats import count, percent
from modelcollapse.analysis.mechanism.curation import BUDGETED, LOOP, curation

_COLOURS = dict(zip(BUDGETED, CATEGORIES, strict=False))
_REST = CATEGORIES[len(BUDGETED)]


def frontier_figure(rows: pl.DataFrame, most_panels: int = 4) -> Figure | None:
    """Draw what strategies of one setting buy back at the final size: a panel per rate, a line per strategy.

    What costs no checking stands at 0 labels. Of more rates than `most_panels` the largest are shown. None without
    strategies that are told a budget.
    """
    table = curation(rows).filter(pl.col("n_seeds") > 0)
    if table["budget"].is_null().all():
        return None
    rates = table["collapse_rate"].unique().sort().to_list()[-most_panels:]
    shown = [name for name in BUDGETED if name in table["strategy"]]
    with figure_style():
        figure = Figure(figsize=(2.2 + 2.6 * len(rates), 3.4), layout=ConstrainedLayoutEngine(wspace=0.05))
        grid = figure.subplots(1, len(rates), squeeze=False)[0]
        for axes, rate in zip(grid, rates, strict=True):
            _draw_rate(axes, table.filter(collapse_rate=rate), shown)
            axes.set_title(f"{percent(rate)} self-labelled")
        grid[0].set_ylabel("accuracy bought back")
        handles = [Line2D([], [], color=_COLOURS[name], marker="o", markersize=4, label=name) for name in shown]
        if not table.filter(pl.col("budget").is_null() & (pl.col("strategy") != LOOP)).is_empty():
            handles.append(Line2D([], [], color=_REST, marker="D", linewidth=0, markersize=4, label="without checking"))
        handles.append(Line2D([], [], color=INK, linestyle="--", linewidth=1.1, label="all that is lost"))
        figure.legend(handles=handles, title="strategy", loc="outside right upper", alignment="left")
        words = (
            f"At {count(table['n_seen'].max())} documents, beside the loop of the same seeds; bar: 95 %. Scales differ."  # type: ignore[arg-type]
        )
        caption(figure, words)
        return figure


def _draw_rate(axes: Axes, table: pl.DataFrame, shown: list[str]) -> None:
    axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
    axes.axhline(100 * float(table["loss"].max()), color=INK, linestyle="--", linewidth=1.1, zorder=1)  # type: ignore[arg-type]
    widest = max(1.0, float(table["n_checked"].max()))  # type: ignore[arg-type]
    for i, name in enumerate(shown):
        mine = table.filter(strategy=name).sort("budget")
        x = mine["n_checked"].to_numpy() + (i - (len(shown) - 1) / 2) * 0.012 * widest
        _draw_points(axes, mine, x, _COLOURS[name], "o")
        if mine["n_checked"].n_unique() > 1:
            axes.plot([0, *x], [0, *(100 * mine["bought"])], color=_COLOURS[name], linewidth=1.2, alpha=0.7, zorder=3)
    others = table.filter(pl.col("budget").is_null() & (pl.col("strategy") != LOOP))
    x = np.linspace(-0.05, -0.02, max(1, others.height))[: others.height] * widest
    _draw_points(axes, others, x, _REST, "D")
    axes.set_xlabel("labels checked")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(short_count))
    axes.yaxis.set_major_formatter(FuncFormatter(points))


def _draw_points(axes: Axes, table: pl.DataFrame, x: np.ndarray, colour: str, marker: str) -> None:
    low, high = (100 * table[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("ci_low", "ci_high"))
    axes.vlines(x, low, high, color=colour, linewidth=1.5, zorder=4)
    axes.plot(x, 100 * table["bought"].to_numpy(), marker, color=colour, markersize=4.5, markeredgecolor="white",
              markeredgewidth=0.6, zorder=5)  # fmt: skip
