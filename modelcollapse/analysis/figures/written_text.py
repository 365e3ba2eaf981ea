"""Figures of what language models write: which words are still used, and what decoders do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from modelcollapse.analysis.figures.learning_curves import describe_seeds
from modelcollapse.analysis.figures.panels import BAND_SEEDS, Line, Panel, panels
from modelcollapse.analysis.figures.style import (
    DOTS,
    INK,
    caption,
    entry,
    grid_of,
    legend_right,
    ordered_colours,
    percent_axis,
    short_count,
    styled_figure,
)
from modelcollapse.analysis.formats import count, percent, rule_order
from modelcollapse.analysis.statistics.arms import at_size, references, treated
from modelcollapse.analysis.statistics.curves import summarise
from modelcollapse.domains.generation.measures import BANDS
from modelcollapse.simulation.domain import Domain

#: Rates, or starts, of which a figure has panels; of more those at even distances.
MOST_PANELS = 6
#: What decoders change: perplexity, and then what is written.
DECODED = ("perplexity", "n_types", "unseen_trigrams", "repetition")


def band_words() -> list[str]:
    """Return what each band of words is called, by uses in a million."""
    ends = [count(end) for end in BANDS[1:]]
    return [f"< {ends[0]}", *(f"{low} – {high}" for low, high in pairwise(ends)), f"≥ {ends[-1]}"]


def fate_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw the share of words that are still written, generation by generation: a line for each band of words.

    One panel for each rate of the prepared rows of one experiment; of several settings or rules a column each, without
    rate 0. None where rows do not say it.
    """
    named = [f"kept_{least}" for least in BANDS]
    if not {*named} <= {*rows.columns} or all(rows[name].is_null().all() for name in named):
        return None
    parts = panels(rows)
    grid = [[(part.title or line.label, line) for line in _some(part)] for part in parts]
    several = len(parts) > 1
    n_columns, n_rows = (len(grid), max(map(len, grid))) if several else (len(grid[0]), 1)
    with styled_figure(2.4 + 1.9 * n_columns, 0.9 + 2.2 * n_rows, hspace=0.04, wspace=0.03) as figure:
        axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
        for column, shown in enumerate(grid):
            for row, (title, line) in enumerate(shown):
                one = axes[row, column] if several else axes[0, row]
                _draw_bands(one, line.rows)
                if row == 0 or not several:
                    one.set_title(title)
                if several and column == 0:
                    one.set_ylabel(f"{line.label} by the model")
            for unused in axes[len(shown) :, column] if several else ():
                unused.remove()
        if not several:
            axes[0, 0].set_ylabel("words still written")
        for one in figure.axes:
            one.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        for one in axes[-1]:
            one.set_xlabel("generation")
        _legend(figure)
        words = (
            "Share of words that are written at all in as many blocks as the test set has. Dotted: people, in the test "
            f"set; shaded: fewer than they use. Mean of the seeds; bar, from 5 seeds on: its 95 % interval. "
            f"{describe_seeds(rows)}."
        )
        caption(figure, words, wrapped=True)
        return figure


def _some(part: Panel) -> Sequence[Line]:
    """Return the lines of a part that get a panel: of many some, the first and the last among them."""
    lines = [line for line in part.lines if not line.rows.is_empty() and (not part.title or not line.is_reference)]
    lines = lines or list(part.lines)
    n = len(lines)
    return lines if n <= MOST_PANELS else [lines[round(i * (n - 1) / (MOST_PANELS - 1))] for i in range(MOST_PANELS)]


def _draw_bands(axes: Axes, rows: pl.DataFrame) -> None:
    for least, colour in zip(BANDS, ordered_colours(len(BANDS)), strict=True):
        kept, human = (
            summarise(rows.drop_nulls(name), ["generation"], name) for name in (f"kept_{least}", f"kept_{least}_human")
        )
        if kept.is_empty() or human.is_empty():
            continue
        both = kept.join(human.select("generation", people="mean"), on="generation").sort("generation")
        x, y, people = (both[name].to_numpy() for name in ("generation", "mean", "people"))
        if both["n_seeds"].min() >= BAND_SEEDS:  # type: ignore[operator]
            axes.vlines(x, both["ci_low"], both["ci_high"], color=colour, linewidth=1, zorder=15)
        axes.plot(x, people, color=colour, linewidth=1.1, linestyle=DOTS, zorder=10)
        axes.fill_between(x, y, people, where=list(y < people), color=colour, alpha=0.13, linewidth=0, interpolate=True)
        axes.plot(x, y, color=colour, marker="o", markersize=3, markeredgewidth=0, zorder=20)
    axes.margins(x=0.04)
    percent_axis(axes, whole=True)


def _legend(figure: Figure) -> None:
    bands = zip(band_words(), ordered_colours(len(BANDS)), strict=True)
    handles = [entry(words, colour, linewidth=2) for words, colour in bands]
    dotted = entry("people", linewidth=1.1, linestyle=DOTS)
    legend_right(figure, [*handles[::-1], dotted], "words that people\nuse so often in\na million")


def rules_figure(rows: pl.DataFrame, domain: Domain) -> Figure | None:
    """Draw where the label rules of one setting end: a panel for each measure, a line for each rule, a dot for a rate.

    None with fewer than two rules.
    """
    last = at_size(rows)
    rules = sorted(treated(last)["label_rule"].unique(), key=rule_order, reverse=True)
    if len(rules) < 2:
        return None
    rates = treated(last)["collapse_rate"].unique().sort().to_list()
    colours = dict(zip(rates, ordered_colours(len(rates)), strict=True))
    with styled_figure(2.6 + 2.1 * len(DECODED), 1.3 + 0.42 * len(rules), wspace=0.04) as figure:
        for axes, name in zip(grid_of(figure, len(DECODED), 1, len(DECODED), sharey=True), DECODED, strict=True):
            measure = domain.measures[name]
            people = references(last)[name].mean()
            table = summarise(treated(last), ["label_rule", "collapse_rate"], name).drop_nulls("mean")
            for i, (rate, colour) in enumerate(colours.items()):
                mine = table.filter(collapse_rate=rate)
                shift = (i - (len(rates) - 1) / 2) * 0.5 / max(len(rates), 3)
                y = [rules.index(rule) - shift for rule in mine["label_rule"]]
                axes.hlines(y, mine["ci_low"], mine["ci_high"], color=colour, linewidth=1.6)
                axes.plot(mine["mean"], y, "o", color=colour, markersize=5, markeredgecolor="white", zorder=5)
            if people is not None:
                axes.axvline(people, color=INK, linewidth=1.3, linestyle=DOTS, zorder=1)  # type: ignore[arg-type]
            _value_axis(axes, table["mean"], is_share=measure.unit == "share")
            axes.set_yticks(range(len(rules)), rules)
            axes.set_ylim(-0.6, len(rules) - 0.4)
            axes.grid(visible=True, axis="x")
            axes.set_title(measure.words)
        alone = entry("0 % (people only)", INK, linewidth=1.3, linestyle=DOTS)
        dots = [entry(percent(rate), colour, marker="o", linestyle="") for rate, colour in colours.items()]
        legend_right(figure, [alone, *dots], "filled by\nthe model")
        size = count(last["n_seen"].max())  # type: ignore[arg-type]
        caption(figure, f"After {size} {domain.slots}. Dot: mean of the seeds; bar: its 95 % interval.")
        return figure


def _value_axis(axes: Axes, values: pl.Series, *, is_share: bool) -> None:
    """Make the x-axis one of values: logarithmic where they differ by orders of magnitude."""
    low, high = values.min(), values.max()
    if not is_share and low and high / low > 10:  # type: ignore[operator]
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(short_count))
        return
    axes.set_xlim(left=-0.03 * max(axes.get_xlim()[1], 1e-9))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    write = (lambda value, _: f"{round(100 * value, 6):g} %") if is_share else short_count
    axes.xaxis.set_major_formatter(FuncFormatter(write))
