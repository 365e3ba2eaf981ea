"""``plot``, ``report``, ``export`` and ``compare``: what to do with results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.cli.options import say_idle, typed

Margin = Annotated[
    float, typer.Option(min=0.0001, max=0.5, help="Loss of accuracy that counts as none: 0.005 is half a point.")
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run's folder or URL, an exported file, or a result file of the original study (CSV)."
    ),
]


def plot(context: typer.Context, location: RunArgument, margin: Margin = 0.005) -> None:
    """Draw all figures of a run, as PNG and SVG, and check the post's claims on it; of a search, print the tables too.

    Works while it is running.
    """
    from modelcollapse.cli.searches import show_search
    from modelcollapse.runs.opening import open_results
    from modelcollapse.runs.searching import find_search

    if search := find_search(location):
        if "margin" in typed(context):
            say_idle("--margin does nothing: a search compares no rates.")
        show_search(search)
        return
    results = open_results(location)
    for path in results.write_figures(margin):
        typer.echo(path)
    for reason in results.unpaired().values():
        typer.echo(reason, err=True)


def report(location: RunArgument, margin: Margin = 0.005) -> None:
    """Write one HTML file with everything a run shows. Works while it is running."""
    from modelcollapse.runs.opening import open_results
    from modelcollapse.runs.results import write_report

    path, headlines = write_report(open_results(location), margin)
    for line in (*headlines, path):
        typer.echo(line)


def profile(location: RunArgument, margin: Margin = 0.005) -> None:
    """Judge every arm by eight definitions of model collapse: a profile, never a score."""
    from modelcollapse.analysis.report.mechanism_tables import profile_table
    from modelcollapse.analysis.statistics.arms import prepare, with_sound_pairing
    from modelcollapse.cli.tables import show
    from modelcollapse.runs.opening import open_results

    rows, unsound = with_sound_pairing(prepare(open_results(location).results()))
    table = profile_table(rows, margin)
    if table is None:
        typer.echo("The model labels nothing in these results (collapse rate 0): there is nothing to judge.")
        return
    show(table)
    for reason in unsound.values():
        typer.echo(reason, err=True)


def export(
    location: RunArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: a .csv or .parquet file.")],
) -> None:
    """Write all rows of a run to one CSV or Parquet file."""
    from modelcollapse.runs.opening import open_results

    typer.echo(f"{open_results(location).export(file):,} rows → {file}")


def compare(
    location: RunArgument,
    other: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A second run.  [the published curves]")] = None,
) -> None:
    """Compare a run with the published curves, or with another run."""
    import modelcollapse
    from modelcollapse.cli.tables import print_cautions, print_table

    comparison = modelcollapse.compare(location, other)
    print_table(comparison.titles(), comparison.cells())
    for note in comparison.notes:
        typer.echo(note)
    for side, rows, label in zip(comparison.sides, comparison.rows, comparison.labels, strict=True):
        print_cautions(rows, side.corpus, label)
    for path in comparison.write_figures():
        typer.echo(path)
