"""Tables and figures of a search among parameters: of one that ran here, or of results found in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelcollapse.execution.store.paths import PATHS

if TYPE_CHECKING:
    from modelcollapse.execution.store.folder import RunFolder
    from modelcollapse.searches.results import SearchResults


def open_search(location: str) -> tuple[SearchResults, RunFolder] | None:
    """Open the results of a search: of a search's folder, or in a CSV file, which gets a folder beside it.

    Returns
    -------
    tuple of SearchResults and RunFolder, or None
        None if there is something else.
    """
    from modelcollapse.analysis.made import MadeOfFile
    from modelcollapse.analysis.statistics.arms import AnalysisError
    from modelcollapse.execution.store.folder import RunFolder
    from modelcollapse.names import is_file
    from modelcollapse.searches.results import read_search

    file = Path(location)
    if file.suffix == ".csv" and is_file(file):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise AnalysisError(f"Cannot read {file}: {error.strerror}.") from None
        results = read_search(content, location)
        return None if results is None else (results, MadeOfFile(file))
    folder = RunFolder(location)
    if folder.read(PATHS.spec) is not None or folder.search.read() is None:
        return None  # a run, whatever else lies in its folder
    found = folder.read(PATHS.results)
    if found is None:
        raise AnalysisError(f"{folder} has no {PATHS.results} yet: run its command again, or wait for it.")
    results = read_search(found, location)
    if results is None:
        raise AnalysisError(
            f"{folder.path(PATHS.results)} holds no results of a search: rename it, and run the search's command again."
        )
    return results, folder


def show_search(results: SearchResults, folder: RunFolder) -> None:
    """Print the tables of a search, and draw its figure."""
    from modelcollapse.analysis.figures.style import render
    from modelcollapse.searches.generational_figures import search_figure
    from modelcollapse.searches.hyperparameter_figures import grid_figure

    if results.name == "hyperparameters":
        _print_grid(results)
        figure = grid_figure(results.rows)
    else:
        _print_lineages(results, folder)
        figure = search_figure(results.rows)
    for note in results.notes:
        typer.echo(note)
    for file, content in render(figure, results.name).items():
        folder.write(PATHS.figure(file), content)
        typer.echo(folder.path(PATHS.figure(file)))


def _print_grid(results: SearchResults) -> None:
    from modelcollapse.cli.tables import print_table
    from modelcollapse.searches.hyperparameter_figures import combinations, effects, parameter_columns

    table, names = combinations(results.rows), parameter_columns(results.rows)
    best = table.head(10)
    if not best["is_study"].any():
        best = best.vstack(table.filter("is_study"))
    rows = [
        (
            f"{row['rank']}{' (the study)' if row['is_study'] else ''}",
            *(row[name] for name in names),
            *(_number(row[key]) for key in ("mean", "sd", "min", "max")),
        )
        for row in best.iter_rows(named=True)
    ]
    print_table(("rank", *names, "accuracy", "sd", "min", "max"), rows)
    typer.echo("\nEffect of each parameter: mean accuracies of all combinations that share its value")
    of_values = [
        (parameter, value, *map(_number, scores), n)
        for parameter, value, *scores, n in effects(results.rows).iter_rows()
    ]
    print_table(("parameter", "value", "accuracy", "sd", "min", "max", "combinations"), of_values)


def _print_lineages(results: SearchResults, folder: RunFolder) -> None:
    from modelcollapse.cli.tables import print_table
    from modelcollapse.searches.generational_figures import lineages

    table = lineages(results.rows)
    folder.write(PATHS.lineages, table.write_csv().encode())
    titles = ("rank", "generation/variant", "accuracy", "sd", "parent's labels", "wrong labels", "changed")
    print_table(titles, (_step(row) for row in table.iter_rows(named=True)))
    typer.echo(folder.path(PATHS.lineages))


def _step(row: dict[str, Any]) -> tuple[str, ...]:
    changed = row["changed"] or "nothing"
    return (
        "" if row["steps_back"] else str(row["rank"]),
        f"{'← ' if row['steps_back'] else ''}{row['variant']}",
        f"{100 * row['score']:.2f} %",
        "–" if row["sd"] is None else f"{100 * row['sd']:.2f}",
        f"{100 * row['collapse_rate']:.1f} %",
        "–" if row["wrong_labels"] is None else f"{100 * row['wrong_labels']:.1f} %",
        changed if row["has_parent"] else f"against the study's: {changed}",
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
