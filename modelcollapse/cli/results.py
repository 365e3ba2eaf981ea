"""``plot``, ``report``, ``export`` and ``compare``: what to do with results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelcollapse.cli.options import say_idle, typed

if TYPE_CHECKING:
    import polars as pl

Margin = Annotated[
    float, typer.Option(min=0.0001, max=0.5, help="Loss of accuracy that counts as none: 0.005 is half a point.")
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run's folder or URL, an exported file, or a result file of the original study (CSV)."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(plot)
    app.command()(report)
    app.command()(export)
    app.command()(compare)


def plot(context: typer.Context, location: RunArgument, margin: Margin = 0.005) -> None:
    """Draw all figures of a run, as PNG and SVG, and check the post's claims on it; of a search, print the tables too.

    Works while it is running.
    """
    from modelcollapse.analysis.figures.draw_all import plot_run
    from modelcollapse.analysis.statistics.arms import prepare, with_sound_pairing
    from modelcollapse.cli.search_output import open_search, show_search

    if search := open_search(location):
        if "margin" in typed(context):
            say_idle("--margin does nothing: a search compares no rates.")
        show_search(*search)
        return
    source = _open(location)
    for name in plot_run(source.rows, source.write, margin):
        typer.echo(source.path(name))
    for reason in with_sound_pairing(prepare(source.rows))[1].values():
        typer.echo(reason, err=True)


def report(
    location: RunArgument,
    margin: Margin = 0.005,
) -> None:
    """Write one HTML file with everything a run shows. Works while it is running."""
    from modelcollapse import open_run
    from modelcollapse.analysis.report.page import about_file, build_report, write_report

    if _is_file(location):
        source = _open(location)
        made = build_report(source.rows, about_file(source.rows, source.name), margin)
        source.write("report.html", made.html.encode())
        path, headlines = source.path("report.html"), made.headlines
    else:
        _refuse_search(location)
        written = write_report(open_run(location), margin)
        path, headlines = written.path, written.headlines
    for line in (*headlines, path):
        typer.echo(line)


def export(
    location: RunArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: a .csv or .parquet file.")],
) -> None:
    """Write all rows of a run to one CSV or Parquet file."""
    from modelcollapse.analysis.made import write_export

    rows = _open(location).rows
    write_export(rows, file)
    typer.echo(f"{rows.height:,} rows → {file}")


def compare(
    location: RunArgument,
    other: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A second run.  [the published curves]")] = None,
) -> None:
    """Compare a run with the published curves, or with another run."""
    first = _open(location)
    if other is None:
        _compare_with_published(first)
    else:
        _compare_runs(first, _open(other))


@dataclass(frozen=True)
class _Source:
    """Rows, where they came from, and where what is made of them goes."""

    name: str
    rows: pl.DataFrame
    corpus: Mapping[str, Any]
    write: Callable[[str, bytes], object]
    path: Callable[[str], str]


def _open(location: str) -> _Source:
    """Open a run's folder, an exported file or a result file of the original study.

    What is made of a file goes into a folder beside it that has its name.
    """
    from modelcollapse.atomic import readable

    _refuse_search(location)
    file = Path(location)
    if _is_file(location):
        from modelcollapse.analysis.made import MadeOfFile

        folder = MadeOfFile(file)
        return _Source(readable(file.stem), _read_file(file), {}, folder.write, folder.path)
    from modelcollapse import open_run

    run = open_run(location)
    name = readable(location.rstrip("/").rsplit("/", 1)[-1])
    return _Source(name, run.results(), run.corpus, run.folder.write, run.folder.path)


def _refuse_search(location: str) -> None:
    from modelcollapse.analysis.statistics.arms import AnalysisError
    from modelcollapse.cli.search_output import open_search

    if search := open_search(location):
        raise AnalysisError(
            f"{location} holds the results of a search ({search[0].name}), which has no curves. "
            f"Look at it with: modelcollapse plot {location}"
        )


def _is_file(location: str) -> bool:
    from modelcollapse.names import is_file

    file = Path(location)
    return file.suffix in (".csv", ".parquet") and is_file(file)


def _read_file(file: Path) -> pl.DataFrame:
    from modelcollapse.analysis.exported_rows import read_rows
    from modelcollapse.analysis.study.published import is_original_file, read_original

    return read_original(file) if is_original_file(file) else read_rows(file)


def _compare_with_published(source: _Source) -> None:
    import polars as pl

    from modelcollapse.analysis.figures.draw_all import Names
    from modelcollapse.analysis.figures.published import post_figure
    from modelcollapse.analysis.figures.style import render
    from modelcollapse.analysis.formats import OVER_SEEDS
    from modelcollapse.analysis.statistics.arms import prepare, study_loop
    from modelcollapse.analysis.study.compare import compare_published
    from modelcollapse.cli.tables import print_cautions, print_table

    table = compare_published(source.rows).sort("experiment", "kind", maintain_order=True)
    titles = ("experiment", "kind", "quantity", "rate", "from", "documents", "this run", "published", "difference", "")
    print_table(titles, (_published_cells(row) for row in table.iter_rows(named=True)))
    for name, other in table.select("experiment", "source").unique(maintain_order=True).iter_rows():
        if name != other:
            typer.echo(f"{name} is compared with the published {other}, which has start, rates and sizes in common.")
    typer.echo("Accuracies and relative changes in %, differences in percentage points.")
    typer.echo(OVER_SEEDS)
    models = study_loop(prepare(source.rows)).select("model", "model_params").unique(maintain_order=True).rows()
    here = " and ".join(f"{model} {params}".strip() for model, params in models)
    typer.echo(f"model: {here} in this run; a random forest of 1,000 trees, depth 20, in what was published.")
    for kind, words in (("shape", "should agree on any reviews"), ("level", "other reviews have other levels")):
        judged = table.filter((pl.col("kind") == kind) & (pl.col("verdict") != ""))["verdict"]
        n_agree, n_differ = (judged.to_list().count(verdict) for verdict in ("agrees", "differs"))
        typer.echo(
            f"{kind}: of {len(judged)} {n_agree} agree (equal within what ± 0.50 pp of accuracy makes), "
            f"{n_differ} differ (p < .05 after Holm), {len(judged) - n_agree - n_differ} are compatible: nothing is "
            f"shown ({words})."
        )
    print_cautions(source.rows, source.corpus)
    prepared = prepare(source.rows)
    names = Names(prepared)
    for (experiment,), rows in prepared.group_by(["experiment"], maintain_order=True):
        if found := post_figure(rows):
            kind, figure = found
            for name, content in render(figure, names.give(f"{experiment}-{kind}")).items():
                source.write(f"figures/{name}", content)
                typer.echo(source.path(f"figures/{name}"))


def _published_cells(row: dict[str, Any]) -> tuple[str, ...]:
    from modelcollapse.analysis.formats import count, percent
    from modelcollapse.analysis.study.compare import FRACTION

    scale, digits = (100, 2) if row["unit"] == FRACTION else (1, 3)

    def number(value: float | None, low: float | None = None, high: float | None = None) -> str:
        if value is None:
            return ""
        text = f"{scale * value:.{digits}f}"
        return text if low is None or high is None else f"{text} [{scale * low:.{digits}f}, {scale * high:.{digits}f}]"

    return (
        row["experiment"],
        row["kind"],
        row["quantity"],
        "" if row["collapse_rate"] is None else percent(row["collapse_rate"]),
        "" if row["initial_size"] is None else count(row["initial_size"]),
        count(row["n_seen"]),
        number(row["ours"], *((row["ours_low"], row["ours_high"]) if row["published"] is None else ())),
        number(row["published"]),
        number(row["difference"], row["ci_low"], row["ci_high"]),
        row["verdict"],
    )


def _compare_runs(first: _Source, second: _Source) -> None:
    from modelcollapse.analysis.figures.draw_all import Names
    from modelcollapse.analysis.figures.overview import two_runs_figures
    from modelcollapse.analysis.figures.style import render
    from modelcollapse.analysis.formats import interval_pp, p_text, percent, pp
    from modelcollapse.analysis.statistics.arms import prepare
    from modelcollapse.analysis.statistics.compare_runs import compare_runs
    from modelcollapse.cli.tables import print_cautions, print_table

    fingerprints = [source.corpus.get("fingerprint") for source in (first, second)]
    known = None not in fingerprints
    same = known and fingerprints[0] == fingerprints[1]
    table = compare_runs(first.rows, second.rows, same_corpus=same)
    axes = table.columns[: table.columns.index("collapse_rate")]
    rows = [
        (
            row["quantity"],
            *(row[axis] for axis in axes),
            percent(row["collapse_rate"]),
            f"{row['n_seen']:,}",
            f"{100 * row['first']:.2f}",
            f"{100 * row['second']:.2f}",
            pp(row["difference"]),
            "" if row["ci_low"] is None else interval_pp(row["ci_low"], row["ci_high"]),
            p_text(row["p"]),
            row["n_seeds"],
        )
        for row in table.iter_rows(named=True)
    ]
    names = (first.name, second.name)
    labels = names if names[0] != names[1] else ("first", "second")
    titles = ("quantity", *axes, "rate", "documents", *labels, "difference", "95 % interval", "p", "seeds")
    print_table(titles, rows)
    paired = "within seeds" if table["paired"].all() else "of independent seeds (Welch)"
    answer = "yes" if same else "no" if known else "not recorded in a file"
    typer.echo(f"Same corpus: {answer}; differences {paired}.")
    for source, label in zip((first, second), labels, strict=True):
        print_cautions(source.rows, source.corpus, label)
    figure_names = Names(prepare(first.rows))
    for experiment, figure in two_runs_figures(first.rows, second.rows, labels):
        wanted = f"{experiment}-compared-with-{second.name}"
        for name, content in render(figure, figure_names.give(wanted)).items():
            first.write(f"figures/{name}", content)
            typer.echo(first.path(f"figures/{name}"))
