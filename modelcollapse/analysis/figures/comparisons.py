"""Curves over other curves: a run's and the published ones, all experiments of a run on one page, two runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import polars as pl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from modelcollapse.analysis.figures.learning_curves import (
    accuracy_limits,
    describe_seeds,
    describe_size,
    describe_spread,
)
from modelcollapse.analysis.figures.panels import (
    Line,
    Panel,
    add_legend,
    colours_by_start,
    draw_lines,
    legend_title,
    lines_by,
    panels,
)
from modelcollapse.analysis.figures.style import (
    INK,
    MUTED,
    caption,
    entry,
    grid_of,
    grid_shape,
    pad_limits,
    percent_axis,
    size_axis,
    styled_figure,
)
from modelcollapse.analysis.statistics.arms import once_per_seed, prepare, references, study_loop, treated
from modelcollapse.analysis.statistics.curves import summarise
from modelcollapse.analysis.study.compare import published_like
from modelcollapse.analysis.study.published import published

#: Line style of curves to compare with.
DASHED = (0, (3.5, 1.6))
_BEHIND: dict[str, Any] = {"linewidth": 1.2, "alpha": 0.55, "zorder": 10}


def published_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw one experiment's accuracy with the published curves of the same rates and starts dashed behind it.

    None if nothing published has sizes and rates in common.
    """
    loop = study_loop(rows)
    theirs = published_beside(loop)
    if theirs.is_empty():
        return None
    part = panels(loop)[0]
    with styled_figure(6.6, 3.7) as figure:
        draw_over_published(figure.subplots(), part, theirs)
        dashed = entry("as published", linewidth=1.2, linestyle=DASHED)
        add_legend(figure, part.lines, legend_title(loop), [dashed])
        only = "" if len(_banded(part)) == len(part.lines) else "Bands of the first and the last rate alone. "
        caption(figure, f"{describe_spread(loop, seeds_shown=False)}\n{only}{_describe_published(theirs)}")
        return figure


def post_figure(rows: pl.DataFrame) -> tuple[str, Figure] | None:
    """Draw one experiment as the post shows it, and name the kind: "range" with people's labels only, or "published".

    None if nothing published has sizes and rates in common.
    """
    if (rows["collapse_rate"] == 0).all():
        return "range", baseline_figure(rows)
    figure = published_figure(rows)
    return None if figure is None else ("published", figure)


def baseline_figure(rows: pl.DataFrame) -> Figure:
    """Draw one experiment's accuracy with human labels only against sample size: mean and range of the seeds.

    The published range is faintly behind wherever sizes agree.
    """
    human = once_per_seed(study_loop(references(rows)))
    ours = summarise(human, ["n_seen"], "accuracy").sort("n_seen")
    sizes = ours["n_seen"]
    theirs = published().filter(
        (pl.col("experiment") == "baseline") & pl.col("n_seen").is_between(sizes.min(), sizes.max())
    )
    if len(set(theirs["n_seen"]) & set(sizes)) < 2:
        theirs = theirs.clear()
    with styled_figure(6.6, 3.7) as figure:
        axes = figure.subplots()
        low, high = accuracy_limits(human)
        handles: list[Artist] = []
        for table, label, colour, width in ((theirs, "as published", MUTED, 1.2), (ours, "this run", INK, 1.9)):
            if table.is_empty():
                continue
            x, least, most = (table[name].to_numpy() for name in ("n_seen", "min", "max"))
            axes.fill_between(x, least, most, color=colour, alpha=0.13, linewidth=0)
            (line,) = axes.plot(x, table["mean"].to_numpy(), color=colour, linewidth=width, label=f"mean, {label}")
            if table is theirs:
                line.set_linestyle(DASHED)
            low, high = min(low, float(least.min())), max(high, float(most.max()))
            handles += [line, Patch(color=colour, alpha=0.25, linewidth=0, label=f"min … max, {label}")]
        _accuracy_axes(axes, sizes, pad_limits(low, high), "Accuracy, people's labels only")
        figure.legend(handles=handles[::-1], loc="outside right upper", handlelength=1.6)
        caption(figure, describe_size(human) + ("" if theirs.is_empty() else f"\n{_describe_published(theirs)}"))
        return figure


def _accuracy_axes(axes: Axes, sizes: pl.Series, limits: tuple[float, float], title: str = "Accuracy") -> None:
    axes.set_ylim(limits)
    axes.set_title(title)
    percent_axis(axes)
    size_axis(axes, sizes)


def draw_over_published(axes: Axes, part: Panel, theirs: pl.DataFrame) -> None:
    """Draw a panel's accuracy with published curves dashed behind it."""
    draw_lines(axes, part.lines, "accuracy", seeds_below=0, banded=_banded(part))
    low, high = accuracy_limits(part.rows)
    for line in part.lines:
        for curve in _published_of(line, theirs, by_start=part.by_start):
            axes.plot(curve["n_seen"], curve["mean"], color=line.colour, linestyle=DASHED, **_BEHIND)
            low, high = min(low, float(curve["mean"].min())), max(high, float(curve["mean"].max()))  # type: ignore[arg-type]
    _accuracy_axes(axes, part.rows["n_seen"], (low - 0.004, high + 0.004))
    axes.margins(x=0.02)


def _banded(part: Panel) -> Sequence[Line]:
    """Of many rates, whose bands lie over each other, the first and the last."""
    return part.lines if part.by_start or len(part.lines) <= 6 else (part.lines[0], part.lines[-1])


def _published_of(line: Line, theirs: pl.DataFrame, *, by_start: bool) -> list[pl.DataFrame]:
    if by_start and line.is_reference:
        mine = pl.col("initial_size") == pl.col("n_seen")
    else:
        mine = pl.col("collapse_rate").round(4) == round(float(line.rows["collapse_rate"][0]), 4)
        mine &= pl.lit(not by_start) | (pl.col("initial_size") == line.rows["initial_size"][0])
    curve = theirs.filter(mine).sort("n_seen")
    return [curve] if curve.height > 1 else []


def _describe_published(theirs: pl.DataFrame) -> str:
    seeds = " / ".join(map(str, theirs["n_seeds"].unique().sort()))
    return f"Dashed: as published, mean of {seeds} seeds on its author's reviews, where levels differ."


def published_beside(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the published points within the sizes of a run's loop, if at least two of them are sizes of it."""
    theirs, sizes = published_like(rows), rows["n_seen"].unique()
    if theirs["n_seen"].is_in(sizes.to_list()).sum() < 2:
        return theirs.clear()
    return theirs.filter(pl.col("n_seen").is_between(sizes.min(), sizes.max()))


def overview_figure(rows: pl.DataFrame) -> Figure | None:
    """Draw the accuracy curves of all experiments on one page, the published ones dashed behind.

    None with fewer than two experiments that have the loop of the study.
    """
    groups = rows.group_by(["experiment"], maintain_order=True)
    loops = {str(name): loop for (name,), group in groups if not (loop := study_loop(group)).is_empty()}
    if len(loops) < 2:
        return None
    n_rows, n_columns = grid_shape(len(loops))
    with styled_figure(4.6 * n_columns, 3.4 * n_rows, hspace=0.05, wspace=0.04) as figure:
        for axes, (name, loop) in zip(grid_of(figure, len(loops), n_rows, n_columns), loops.items(), strict=True):
            part = panels(loop)[0]
            draw_over_published(axes, part, published_beside(loop))
            axes.set_title(f"{name} ({describe_seeds(loop)})")
            handles = [entry(line.label, line.colour, linewidth=2) for line in _few(part.lines)]
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
        caption(
            figure, "Accuracy, mean of the seeds. Dashed: as published, on its author's reviews, where levels differ."
        )
        return figure


def two_runs_figures(first: pl.DataFrame, second: pl.DataFrame, names: tuple[str, str]) -> Iterator[tuple[str, Figure]]:
    """Draw the accuracy of two runs over each other: solid and dashed, one colour per rate or start.

    Yields an experiment that both have – of runs of one experiment each the first's, whatever it is called – and its
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
    by_start = colours_by_start(pl.concat([one, other], how="diagonal_relaxed"))
    one, other = (_each_seed_once(rows, by_start=by_start) for rows in (one, other))
    both = pl.concat([one, other], how="diagonal_relaxed")
    make = partial(lines_by, "initial_size" if by_start else "collapse_rate")
    mine, theirs = make(one, both), make(other, both)
    with styled_figure(7.0, 3.9) as figure:
        axes = figure.subplots()
        draw_lines(axes, mine, "accuracy", seeds_below=0)
        for line in theirs:
            curve = line.rows.group_by("n_seen").agg(pl.col("accuracy").mean()).sort("n_seen")
            axes.plot(curve["n_seen"], curve["accuracy"], color=line.colour, linewidth=1.4, linestyle=DASHED)
        _accuracy_axes(axes, both["n_seen"], accuracy_limits(both))
        styles = [entry(names[0], linewidth=1.6), entry(names[1], linewidth=1.4, linestyle=DASHED)]
        add_legend(figure, make(both, both), legend_title(both), styles)
        return figure


def _each_seed_once(rows: pl.DataFrame, *, by_start: bool) -> pl.DataFrame:
    """Of several starts that a figure does not tell apart keep the earliest that passes a size."""
    if not by_start:
        return once_per_seed(rows, "collapse_rate")
    return pl.concat([once_per_seed(references(rows)), treated(rows)])


def _few(lines: tuple[Line, ...]) -> list[Line]:
    return list(lines) if len(lines) <= 8 else [lines[0], *lines[1 : -1 : -(-(len(lines) - 2) // 5)], lines[-1]]
