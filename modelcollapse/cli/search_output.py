"""Tables and figures of a search among parameters: of one that ran here, or of results found in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from modelcollapse.runs.searching import Search


def show_search(search: Search) -> None:
    """Print the tables of a search, and draw its figure."""
    if search.name == "hyperparameters":
        _print_grid(search)
    else:
        _print_lineages(search)
    for line in (*search.notes, *search.write_figures()):
        typer.echo(line)


def _print_grid(search: Search) -> None:
    from modelcollapse.cli.tables import print_table

    table = search.best()
    names = table.columns[1 : table.columns.index("is_study")]
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
        (parameter, value, *map(_number, scores), n) for parameter, value, *scores, n in search.effects().iter_rows()
    ]
    print_table(("parameter", "value", "accuracy", "sd", "min", "max", "combinations"), of_values)


def _print_lineages(search: Search) -> None:
    from modelcollapse.cli.tables import print_table

    titles = ("rank", "generation/variant", "accuracy", "sd", "parent's labels", "wrong labels", "changed")
    print_table(titles, (_step(row) for row in search.best().iter_rows(named=True)))


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
