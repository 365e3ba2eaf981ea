"""All experiments of a run on one page; two runs over each other."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from modelcollapse.analysis.figures.learning_curves import accuracy_limits, describe_seeds
from modelcollapse.analysis.figures.panels import (
    Line,
    add_legend,
    colours_by_start,
    draw_lines,
    legend_title,
    panels,
    rate_lines,
    start_lines,
)
from modelcollapse.analysis.figures.published import DASHED, draw_over_published, published_beside
from modelcollapse.analysis.figures.style import MUTED, caption, figure_style, grid_shape, percent_axis, size_axis
from modelcollapse.analysis.statistics.arms import once_per_seed, prepare, references, study_loop, treated


def overview_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw the accuracy curves of all experiments on one page, the published ones dashed behind.

    None with fewer than two experiments that have the loop of the study.
    """
    groups = rows.group_by(["experiment"], maintain_order=True)
    loops = {str(name): loop for (name,), group in groups if not (loop := study_loop(group)).is_empty()}
    if len(loops) < 2:
        return None
    with figure_style():
        n_rows, n_columns = grid_shape(len(loops))
        figure = Figure(
            figsize=(4.6 * n_columns, 3.4 * n_rows), layout=ConstrainedLayoutEngine(hspace=0.05, wspace=0.04)
        )
        grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, (name, loop) in zip(grid, loops.items(), strict=False):
            part = panels(loop)[0]
            draw_over_published(axes, part, published_beside(loop), by_start=colours_by_start(loop))
            axes.set_title(f"{name} ({describe_seeds(loop)})")
            handles = [Line2D([], [], color=line.colour, linewidth=2, label=line.label) for line in _few(part.lines)]
            legend = axes.legend(
                handles=handles,
                fontsize=6.5,
                handlelength=1.2,
                labelspacing=0.25,
                loc="best",
                frameon=True,
                framealpha=0.85,
                edgecolor="none",
                title=legend_title(loop),
                title_fontsize=6.5,
                alignment="left",
                ncols=2 if len(handles) > 4 else 1,
            )
            legend.set_zorder(100)
        for axes in grid[len(loops) :]:
            axes.remove()
        words = "Accuracy, mean of the seeds. Dashed: as published, on its author's reviews, where levels differ."
        caption(figure, words)
        return figure


def two_runs_figures(first: pl.DataFrame, second: pl.DataFrame, names: tuple[str, str]) -> Iterator[tuple[str, Figure]]:
    """Draw the accuracy of two runs over each other: solid and dashed, one colour per rate or start.

    Yields
    ------
    str, Figure
        An experiment that both have – of runs of one experiment each the first's, whatever it is called – and its
        figure: the loop of the study (argmax, accumulate, the commonest model) of each run.
    """
    one, other = prepare(first), prepare(second)
    shared = [name for name in one["experiment"].unique(maintain_order=True) if name in other["experiment"]]
    if one["experiment"].n_unique() == other["experiment"].n_unique() == 1:
        shared, other = [one["experiment"][0]], other.with_columns(experiment=pl.lit(one["experiment"][0]))
    for name in shared:
        mine, theirs = (study_loop(rows.filter(pl.col("experiment") == name)) for rows in (one, other))
        if not mine.is_empty() and not theirs.is_empty():
            yield str(name), _two_runs_figure(mine, theirs, names)


def _two_runs_figure(one: pl.DataFrame, other: pl.DataFrame, names: tuple[str, str]) -> Figure:
    with figure_style():
        by_start = colours_by_start(pl.concat([one, other], how="diagonal_relaxed"))
        one, other = (_each_seed_once(rows, by_start=by_start) for rows in (one, other))
        both = pl.concat([one, other], how="diagonal_relaxed")
        make = start_lines if by_start else rate_lines
        mine, theirs = make(one, both), make(other, both)
        figure = Figure(figsize=(7.0, 3.9), layout="constrained")
        axes = figure.subplots()
        draw_lines(axes, mine, "accuracy", seeds_below=0)
        for line in theirs:
            curve = line.rows.group_by("n_seen").agg(pl.col("accuracy").mean()).sort("n_seen")
            axes.plot(curve["n_seen"], curve["accuracy"], color=line.colour, linewidth=1.4, linestyle=DASHED)
        axes.set_ylim(accuracy_limits(both))
        percent_axis(axes)
        size_axis(axes, both["n_seen"].unique().to_list())
        axes.set_title("Accuracy")
        styles = [
            Line2D([], [], color=MUTED, linewidth=1.6, label=names[0]),
            Line2D([], [], color=MUTED, linewidth=1.4, linestyle=DASHED, label=names[1]),
        ]
        add_legend(figure, make(both, both), legend_title(both), styles)
        return figure


def _each_seed_once(rows: pl.DataFrame, *, by_start: bool) -> pl.DataFrame:
    """Of several starts that a figure does not tell apart keep the earliest that passes a size."""
    if not by_start:
        return once_per_seed(rows, "collapse_rate")
    return pl.concat([once_per_seed(references(rows)), treated(rows)])


def _few(lines: tuple[Line, ...]) -> list[Line]:
    return list(lines) if len(lines) <= 8 else [lines[0], *lines[1 : -1 : -(-(len(lines) - 2) // 5)], lines[-1]]
