"""Figures of what is lost: against the collapse rate, against the label rule, and split into causes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from modelcollapse.analysis.figures.panels import rule_order
from modelcollapse.analysis.figures.style import CATEGORIES, INK, MUTED, SHADE, caption, figure_style, points, size_axis
from modelcollapse.analysis.formats import count, percent
from modelcollapse.analysis.mechanism.decomposition import TOTAL, decomposition
from modelcollapse.analysis.statistics.arms import at_size, pair_with_reference
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.curves import summarise

#: Losses up to this many percentage points get a panel of their own beside larger ones.
SMALL = 2.5


def rates_figure(rows: pl.DataFrame, margin: float = 0.005) -> Figure | None:
    """Draw one setting's difference to rate 0 at the final size against the collapse rate, a colour per label rule.

    Differences within ± `margin` are shaded. None where fewer than two rates can be compared.
    """
    table = compare_rates(rows, margin=margin).filter(pl.col("generation") > 0)
    if table["collapse_rate"].n_unique() < 2:
        return None
    seeds = pair_with_reference(at_size(rows))
    rules = _ordered_rules(table["label_rule"].unique().to_list())
    is_small = 100 * table["difference"].abs() <= SMALL
    small_rates = [r for r in table["collapse_rate"].unique() if is_small.filter(table["collapse_rate"] == r).all()]
    split = not is_small.all() and len(small_rates) > 1
    with figure_style():
        figure = Figure(figsize=(9.0 if split else 6.0, 3.4), layout=ConstrainedLayoutEngine(wspace=0.05))
        grid = figure.subplots(1, 2 if split else 1, squeeze=False)[0]
        _draw_losses(grid[0], table, seeds, rules, margin)
        grid[0].set_title("Difference to human labels only")
        if split:
            near = pl.col("collapse_rate") <= max(small_rates)
            _draw_losses(grid[1], table.filter(near), seeds.filter(near), rules, margin)
            grid[1].set_title("Small losses, enlarged")
        if len(rules) > 1:
            handles = [Line2D([], [], color=c, marker="o", markersize=4, label=r) for r, c in rules.items()]
            figure.legend(handles=handles, title="label rule", loc="outside right upper", alignment="left")
        size = count(table["n_seen"].max())  # type: ignore[arg-type]
        caption(figure, f"At {size} documents. Bar: 95 % interval; dots: seeds; shaded: ± {100 * margin:g} pp.")
        return figure


def _ordered_rules(rules: Sequence[str]) -> dict[str, str]:
    """Colours of label rules, the same in every figure of a run."""
    ordered = sorted(rules, key=rule_order)
    return {rule: CATEGORIES[i % len(CATEGORIES)] for i, rule in enumerate(ordered)}


def _draw_losses(axes: Axes, table: pl.DataFrame, seeds: pl.DataFrame, rules: dict[str, str], margin: float) -> None:
    axes.axhspan(-100 * margin, 100 * margin, color=SHADE, zorder=0, linewidth=0)
    axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
    rates = table["collapse_rate"].unique().sort().to_numpy() * 100
    step = float(np.diff([0, *rates]).min())
    for i, (rule, colour) in enumerate(rules.items()):
        mine = table.filter(pl.col("label_rule") == rule).sort("collapse_rate")
        shift = (i - (len(rules) - 1) / 2) * step * 0.4 / max(len(rules), 4)
        x = mine["collapse_rate"].to_numpy() * 100 + shift
        y = mine["difference_pp"].to_numpy()
        dots = seeds.filter(pl.col("label_rule") == rule)
        axes.plot(
            dots["collapse_rate"] * 100 + shift,
            dots["difference"] * 100,
            "o",
            color=colour,
            markersize=3,
            alpha=0.35,
            markeredgewidth=0,
            zorder=4.5,
        )
        low, high = (100 * mine[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("ci_low", "ci_high"))
        axes.vlines(x, low, high, color=colour, linewidth=1.6, zorder=4)
        axes.plot(x, y, "o", color=colour, markersize=4.5, markeredgecolor="white", markeredgewidth=0.6, zorder=5)
        axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.5, zorder=2)
    axes.set_xlabel("collapse rate")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.yaxis.set_major_formatter(FuncFormatter(points))
    axes.set_xlim(min(0.0, rates[0] - step), rates[-1] + max(step / 2, 0.02 * rates[-1]))


def controls_figure(rows: pl.DataFrame, most_panels: int = 4) -> Figure | None:
    """Draw one setting's difference to human labels against documents seen: a panel per rate, a line per label rule.

    Of more rates than `most_panels` the largest are shown. None with fewer than two label rules.
    """
    pairs = pair_with_reference(rows).with_columns(difference=100 * pl.col("difference"))
    rules = _ordered_rules(pairs["label_rule"].unique().to_list())
    if len(rules) < 2:
        return None
    rates = pairs["collapse_rate"].unique().sort().to_list()[-most_panels:]
    with figure_style():
        figure = Figure(figsize=(1.9 + 2.5 * len(rates), 3.3), layout=ConstrainedLayoutEngine(wspace=0.04))
        grid = figure.subplots(1, len(rates), squeeze=False)[0]
        for axes, rate in zip(grid, rates, strict=True):
            here = pairs.filter(pl.col("collapse_rate") == rate)
            axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
            for rule, colour in rules.items():
                curve = summarise(here.filter(pl.col("label_rule") == rule), ["n_seen"], "difference")
                if curve.is_empty():
                    continue
                if curve["ci_low"].null_count() < curve.height:
                    low, high = (curve[name].to_numpy() for name in ("ci_low", "ci_high"))
                    axes.fill_between(curve["n_seen"], low, high, color=colour, alpha=0.12, linewidth=0)
                axes.plot(curve["n_seen"], curve["mean"], color=colour, linewidth=2.0 if rule == "argmax" else 1.4)
            axes.set_title(f"{percent(rate)} self-labelled")
            axes.yaxis.set_major_formatter(FuncFormatter(points))
            size_axis(axes, here["n_seen"].unique().to_list())
        handles = [Line2D([], [], color=c, linewidth=2, label=rule) for rule, c in rules.items()]
        figure.legend(handles=handles, title="label rule", loc="outside right upper", alignment="left")
        words = "Accuracy minus that of the same seed with human labels only; band: 95 %, pointwise. Scales differ."
        caption(figure, words)
        return figure


def decomposition_figure(rows: pl.DataFrame, most_panels: int = 4) -> Figure | None:
    """Draw the causes of the loss of each rate of one setting as bars with intervals; None without controls.

    Of more rates than `most_panels` the largest are shown.
    """
    table = decomposition(rows)
    rates = table["collapse_rate"].unique().sort().to_list()[-most_panels:]
    if not rates:
        return None
    causes = table["cause"].unique(maintain_order=True).to_list()
    with figure_style():
        figure = Figure(
            figsize=(1.7 + 2.3 * len(rates), 0.95 + 0.36 * len(causes)), layout=ConstrainedLayoutEngine(wspace=0.06)
        )
        grid = figure.subplots(1, len(rates), squeeze=False, sharey=True)[0]
        for axes, rate in zip(grid, rates, strict=True):
            bars = {bar["cause"]: bar for bar in table.filter(pl.col("collapse_rate") == rate).iter_rows(named=True)}
            _draw_bars(axes, [bars.get(cause) for cause in causes], causes)
            axes.set_title(f"{percent(rate)} self-labelled")
        grid[0].invert_yaxis()
        words = f"Accuracy lost at {count(table['n_seen'].max())} documents; line: 95 % interval. Scales differ."  # type: ignore[arg-type]
        caption(figure, words)
        return figure


def _draw_bars(axes: Axes, bars: Sequence[dict[str, Any] | None], causes: Sequence[str]) -> None:
    axes.grid(visible=False)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=4)
    for y, bar in enumerate(bars):
        if bar is None:
            continue
        colour = INK if bar["cause"] == TOTAL else CATEGORIES[y % len(CATEGORIES)]
        axes.barh(y, 100 * bar["loss"], height=0.6, color=colour, alpha=0.85, zorder=3)
        if bar["ci_low"] is not None:
            axes.hlines(y, 100 * bar["ci_low"], 100 * bar["ci_high"], color=MUTED, linewidth=2.2, zorder=5)
    axes.set_yticks(range(len(causes)), causes)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(points))
