"""What a reproduction of the study shows: the figures of its post, and a table of its claims with a verdict each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from modelcollapse.analysis.against_published import study_loop
from modelcollapse.analysis.arms import prepare, references
from modelcollapse.analysis.claims import Claim, check_claims
from modelcollapse.analysis.curves import summarise
from modelcollapse.analysis.figures import accuracy_limits, curves_figure
from modelcollapse.analysis.published import published
from modelcollapse.analysis.published_figures import overview_figure, published_figure
from modelcollapse.analysis.style import INK, MUTED, look, pad_limits, percent_axis, render, size_axis

_TITLES = ("experiment", "claim of the post", "measured", "verdict")


@dataclass(frozen=True)
class CheckedClaim:
    """A claim of the post, on the experiment that can speak to it."""

    experiment: str
    claim: Claim


def write_reproduction(
    results: pl.DataFrame, write: Callable[[str, bytes], object]
) -> tuple[list[str], list[CheckedClaim]]:
    """Draw the post's figures and write the table of claims.

    Parameters
    ----------
    results : DataFrame
        Rows of a run that holds the study's experiments, finished or not.
    write : callable
        Called with a name and the content of every file: `RunFolder.write`, say.

    Returns
    -------
    list of str, list of CheckedClaim
        Names of the files written, the table of claims first among them; the claims that the run has data for.
    """
    rows = prepare(results)
    checked = list(check_post(rows))
    write("claims.md", _markdown(checked).encode())
    names = ["claims.md"]
    for name, figure in post_figures(rows):
        for file, content in render(figure, name).items():
            write(f"figures/{file}", content)
            names.append(f"figures/{file}")
    return names, checked


def check_post(rows: pl.DataFrame) -> Iterator[CheckedClaim]:
    """Yield every claim of the post on every experiment that has data for it.

    Parameters
    ----------
    rows : DataFrame
        Prepared rows.
    """
    for (experiment,), group in rows.group_by(["experiment"], maintain_order=True):
        for claim in check_claims(study_loop(group)):
            if claim.verdict != "cannot be checked":
                yield CheckedClaim(str(experiment), claim)


def post_figures(rows: pl.DataFrame) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of the post with their names: each experiment's, and all of them on one page.

    The published curves stand faintly behind wherever sizes agree; a run at another scale is drawn alone.
    """
    for (experiment,), group in rows.group_by(["experiment"], maintain_order=True):
        loop = study_loop(group)
        if (loop["collapse_rate"] == 0).all():
            yield f"post-{experiment}", baseline_figure(loop)
        else:
            yield f"post-{experiment}", published_figure(loop) or curves_figure(loop)
    page = overview_figure(rows)
    if page is not None:
        yield "post", page


def baseline_figure(rows: pl.DataFrame) -> Figure:
    """Draw accuracy against sample size with human labels only: mean, smallest and largest of the seeds.

    Parameters
    ----------
    rows : DataFrame
        Prepared rows of one experiment at rate 0.
    """
    human = references(rows)
    ours = summarise(human, ["n_seen"], "accuracy").sort("n_seen")
    sizes = ours["n_seen"]
    theirs = published().filter(
        (pl.col("experiment") == "baseline") & pl.col("n_seen").is_between(sizes.min(), sizes.max())
    )
    if len(set(theirs["n_seen"]) & set(sizes)) < 2:
        theirs = theirs.clear()
    with look():
        figure = Figure(figsize=(6.6, 3.7), layout="constrained")
        axes = figure.subplots()
        low, high = accuracy_limits(human)
        handles: list[Line2D | Patch] = []
        for table, label, colour, width in ((theirs, "as published", MUTED, 1.2), (ours, "this run", INK, 1.9)):
            if table.is_empty():
                continue
            x, least, most = (table[name].to_numpy() for name in ("n_seen", "min", "max"))
            axes.fill_between(x, least, most, color=colour, alpha=0.13, linewidth=0)
            (line,) = axes.plot(x, table["mean"].to_numpy(), color=colour, linewidth=width, label=f"mean, {label}")
            if table is theirs:
                line.set_linestyle((0, (3.5, 1.6)))
            low, high = min(low, float(least.min())), max(high, float(most.max()))
            handles += [line, Patch(color=colour, alpha=0.25, linewidth=0, label=f"min … max, {label}")]
        axes.set_ylim(pad_limits(low, high))
        axes.set_title("Accuracy, people's labels only")
        percent_axis(axes)
        size_axis(axes, sizes.to_list())
        figure.legend(handles=handles[::-1], loc="outside right upper", handlelength=1.6)
        return figure


def _markdown(checked: list[CheckedClaim]) -> str:
    """Return the table of claims as Markdown."""
    lines = [_line(_TITLES), _line(["---"] * len(_TITLES))]
    lines += [_line((c.experiment, c.claim.claim, c.claim.measured, c.claim.verdict)) for c in checked]
    return "\n".join([*lines, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
