"""Figures of what is lost: by collapse rate, by label rule, by cause; and of what people's checking buys back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from modelcollapse.analysis.figures.style import (
    CATEGORIES,
    INK,
    MUTED,
    SHADE,
    caption,
    entry,
    grid_of,
    legend_right,
    points,
    short_count,
    size_axis,
    styled_figure,
)
from modelcollapse.analysis.formats import count, percent, rule_order
from modelcollapse.analysis.mechanism.curation import BUDGETED, LOOP, curation
from modelcollapse.analysis.mechanism.decomposition import TOTAL, decomposition
from modelcollapse.analysis.statistics.arms import at_size, pair_with_reference
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.curves import summarise
from modelcollapse.analysis.statistics.inference import Floats

#: Losses up to this many percentage points get a panel of their own beside larger ones.
SMALL = 2.5
#: Rates that have a panel; of more the largest.
MOST_PANELS = 4
_STRATEGIES = dict(zip(BUDGETED, CATEGORIES, strict=False))
_REST = CATEGORIES[len(BUDGETED)]
_POINT: dict[str, Any] = {"markersize": 4.5, "markeredgecolor": "white", "markeredgewidth": 0.6, "zorder": 5}
_FAINT: dict[str, Any] = {"markersize": 3, "alpha": 0.35, "markeredgewidth": 0, "zorder": 4.5}


def rates_figure(rows: pl.DataFrame, margin: float = 0.005) -> Figure | None:
    """Draw one setting's difference to rate 0 at the final size against the collapse rate, a colour per label rule.

    Differences within ± `margin` are shaded. None where fewer than two rates can be compared.
    """
    table = compare_rates(rows, margin=margin).filter(pl.col("generation") > 0)
    if table["collapse_rate"].n_unique() < 2:
        return None
    seeds = pair_with_reference(at_size(rows))
    rules = _colours_of(table["label_rule"].unique())
    is_small = 100 * table["difference"].abs() <= SMALL
    small_rates = [r for r in table["collapse_rate"].unique() if is_small.filter(table["collapse_rate"] == r).all()]
    split = not is_small.all() and len(small_rates) > 1
    with styled_figure(9.0 if split else 6.0, 3.4, wspace=0.05) as figure:
        n_panels = 2 if split else 1
        grid = grid_of(figure, n_panels, 1, n_panels)
        _draw_losses(grid[0], table, seeds, rules, margin)
        grid[0].set_title("Difference to human labels only")
        if split:
            near = pl.col("collapse_rate") <= max(small_rates)
            _draw_losses(grid[1], table.filter(near), seeds.filter(near), rules, margin)
            grid[1].set_title("Small losses, enlarged")
        if len(rules) > 1:
            handles = [entry(rule, colour, marker="o", markersize=4) for rule, colour in rules.items()]
            legend_right(figure, handles, "label rule")
        size = count(table["n_seen"].max())  # type: ignore[arg-type]
        caption(figure, f"At {size} documents. Bar: 95 % interval; dots: seeds; shaded: ± {100 * margin:g} pp.")
        return figure


def _colours_of(rules: Iterable[str]) -> dict[str, str]:
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
        dots = seeds.filter(pl.col("label_rule") == rule)
        axes.plot(dots["collapse_rate"] * 100 + shift, dots["difference"] * 100, "o", color=colour, **_FAINT)
        _draw_intervals(axes, x, mine, colour, 1.6)
        axes.plot(x, mine["difference_pp"].to_numpy(), "o", color=colour, **_POINT)
        axes.plot(x, mine["difference_pp"].to_numpy(), color=colour, linewidth=0.8, alpha=0.5, zorder=2)
    axes.set_xlabel("collapse rate")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.yaxis.set_major_formatter(FuncFormatter(points))
    axes.set_xlim(min(0.0, rates[0] - step), rates[-1] + max(step / 2, 0.02 * rates[-1]))


def _draw_intervals(axes: Axes, x: Floats, table: pl.DataFrame, colour: str, linewidth: float) -> None:
    low, high = (100 * table[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("ci_low", "ci_high"))
    axes.vlines(x, low, high, color=colour, linewidth=linewidth, zorder=4)


def _by_rate(
    figure: Figure, table: pl.DataFrame, rates: Sequence[float], **shared: bool
) -> list[tuple[Axes, pl.DataFrame]]:
    """Make a panel for each rate; return it with the rows of that rate."""
    grid = grid_of(figure, len(rates), 1, len(rates), **shared)
    for axes, rate in zip(grid, rates, strict=True):
        axes.set_title(f"{percent(rate)} self-labelled")
    return [(axes, table.filter(collapse_rate=rate)) for axes, rate in zip(grid, rates, strict=True)]


def _largest_rates(table: pl.DataFrame) -> list[float]:
    return table["collapse_rate"].unique().sort().to_list()[-MOST_PANELS:]


def controls_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw one setting's difference to human labels against documents seen: a panel per rate, a line per label rule.

    None with fewer than two label rules.
    """
    pairs = pair_with_reference(rows).with_columns(difference=100 * pl.col("difference"))
    rules = _colours_of(pairs["label_rule"].unique())
    if len(rules) < 2:
        return None
    rates = _largest_rates(pairs)
    with styled_figure(1.9 + 2.5 * len(rates), 3.3, wspace=0.04) as figure:
        for axes, here in _by_rate(figure, pairs, rates):
            axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
            for rule, colour in rules.items():
                curve = summarise(here.filter(pl.col("label_rule") == rule), ["n_seen"], "difference")
                if curve.is_empty():
                    continue
                if curve["ci_low"].null_count() < curve.height:
                    low, high = (curve[name].to_numpy() for name in ("ci_low", "ci_high"))
                    axes.fill_between(curve["n_seen"], low, high, color=colour, alpha=0.12, linewidth=0)
                axes.plot(curve["n_seen"], curve["mean"], color=colour, linewidth=2.0 if rule == LOOP else 1.4)
            axes.yaxis.set_major_formatter(FuncFormatter(points))
            size_axis(axes, here["n_seen"])
        legend_right(figure, [entry(rule, colour, linewidth=2) for rule, colour in rules.items()], "label rule")
        words = "Accuracy minus that of the same seed with human labels only; band: 95 %, pointwise. Scales differ."
        caption(figure, words)
        return figure


def decomposition_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw the causes of the loss of each rate of one setting as bars with intervals; None without controls."""
    table = decomposition(rows)
    rates = _largest_rates(table)
    if not rates:
        return None
    causes = table["cause"].unique(maintain_order=True).to_list()
    with styled_figure(1.7 + 2.3 * len(rates), 0.95 + 0.36 * len(causes), wspace=0.06) as figure:
        for axes, here in _by_rate(figure, table, rates, sharey=True):
            _draw_bars(axes, here, causes)
        figure.axes[0].invert_yaxis()
        words = f"Accuracy lost at {count(table['n_seen'].max())} documents; line: 95 % interval. Scales differ."  # type: ignore[arg-type]
        caption(figure, words)
        return figure


def _draw_bars(axes: Axes, table: pl.DataFrame, causes: Sequence[str]) -> None:
    axes.grid(visible=False)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=4)
    for y, cause in enumerate(causes):
        colour = INK if cause == TOTAL else CATEGORIES[y % len(CATEGORIES)]
        for bar in table.filter(cause=cause).iter_rows(named=True):
            axes.barh(y, 100 * bar["loss"], height=0.6, color=colour, alpha=0.85, zorder=3)
            if bar["ci_low"] is not None:
                axes.hlines(y, 100 * bar["ci_low"], 100 * bar["ci_high"], color=MUTED, linewidth=2.2, zorder=5)
    axes.set_yticks(range(len(causes)), causes)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(points))


def frontier_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw what strategies of one setting buy back at the final size: a panel per rate, a line per strategy.

    What costs no checking stands at 0 labels. None without strategies that are told a budget.
    """
    table = curation(rows).filter(pl.col("n_seeds") > 0)
    if table["budget"].is_null().all():
        return None
    rates = _largest_rates(table)
    shown = [name for name in BUDGETED if name in table["strategy"]]
    with styled_figure(2.2 + 2.6 * len(rates), 3.4, wspace=0.05) as figure:
        for axes, here in _by_rate(figure, table, rates):
            _draw_frontier(axes, here, shown)
        figure.axes[0].set_ylabel("accuracy bought back")
        handles = [entry(name, _STRATEGIES[name], marker="o", markersize=4) for name in shown]
        if not _without_budget(table).is_empty():
            handles.append(entry("without checking", _REST, marker="D", linewidth=0, markersize=4))
        handles.append(entry("all that is lost", INK, linestyle="--", linewidth=1.1))
        legend_right(figure, handles, "strategy")
        words = (
            f"At {count(table['n_seen'].max())} documents, beside the loop of the same seeds; bar: 95 %. Scales differ."  # type: ignore[arg-type]
        )
        caption(figure, words)
        return figure


def _without_budget(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("budget").is_null() & (pl.col("strategy") != LOOP))


def _draw_frontier(axes: Axes, table: pl.DataFrame, shown: list[str]) -> None:
    axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
    axes.axhline(100 * float(table["loss"].max()), color=INK, linestyle="--", linewidth=1.1, zorder=1)  # type: ignore[arg-type]
    widest = max(1.0, float(table["n_checked"].max()))  # type: ignore[arg-type]
    for i, name in enumerate(shown):
        mine = table.filter(strategy=name).sort("budget")
        x = mine["n_checked"].to_numpy() + (i - (len(shown) - 1) / 2) * 0.012 * widest
        _draw_bought(axes, x, mine, _STRATEGIES[name], "o")
        if mine["n_checked"].n_unique() > 1:
            axes.plot(
                [0, *x], [0, *(100 * mine["bought"])], color=_STRATEGIES[name], linewidth=1.2, alpha=0.7, zorder=3
            )
    others = _without_budget(table)
    x = np.linspace(-0.05, -0.02, max(1, others.height))[: others.height] * widest
    _draw_bought(axes, x, others, _REST, "D")
    axes.set_xlabel("labels checked")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(short_count))
    axes.yaxis.set_major_formatter(FuncFormatter(points))


def _draw_bought(axes: Axes, x: Floats, table: pl.DataFrame, colour: str, marker: str) -> None:
    _draw_intervals(axes, x, table, colour, 1.5)
    axes.plot(x, 100 * table["bought"].to_numpy(), marker, color=colour, **_POINT)
