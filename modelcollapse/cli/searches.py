"""``hyperparameters`` and ``generational``: the study's two searches among parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelcollapse.cli.execute import interruptible
from modelcollapse.cli.options import ExecutorOptions, Given, check_executor, expanded, typed
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.searches.settings_fields import GridFields, SearchFields

if TYPE_CHECKING:
    from modelcollapse.runs.searching import Search


@expanded
def hyperparameters(
    *,
    corpus: Annotated[str, typer.Option(help="A corpus' name, or a file with reviews.")] = "movies",
    given: Annotated[Given, GridFields],
    out: Annotated[str, typer.Option(help="The folder or URL.")] = "runs/hyperparameters",
    where: ExecutorOptions,
) -> None:
    """Score a grid of forest parameters by cross-validation. The same command goes on where it was stopped."""
    from modelcollapse.runs.searching import search_hyperparameters

    check_executor(where)
    _carry_out(search_hyperparameters, corpus, out, where, **given)


@expanded
def generational(
    context: typer.Context,
    *,
    corpus: Annotated[str, typer.Option(help="A corpus' name, or a file with reviews.")] = "movies",
    ngrams: Annotated[str, typer.Option(help="N-gram orders to count, up to 3 at least.")] = "1-3",
    given: Annotated[Given, SearchFields],
    out: Annotated[str, typer.Option(help="The folder or URL.")] = "runs/generational",
    where: ExecutorOptions,
) -> None:
    """Breed variants of vectoriser and forest that learn from their parents.

    The same command goes on where it was stopped.
    """
    from modelcollapse.runs.searching import search_generational

    check_executor(where)
    _carry_out(search_generational, corpus, out, where, ngrams=typed(context).get("ngrams"), **given)


def _carry_out(search: Callable[..., Search], corpus: str, out: str, where: ExecutorOptions, **options: Any) -> None:
    """Run a search, show it, and leave with the exit code that tells how it went."""
    from modelcollapse.cli import EXIT_FAILED_CHAINS

    with interruptible(out):
        found = search(corpus, out, where.executor, where.address, where.workers, progress=True, **options)
    if not found.results().is_empty():
        show_search(found)
    typer.echo(f"Results: {out}/{PATHS.results}")
    if found.n_failed:
        units = "unit" if found.n_failed == 1 else "units"
        typer.echo(f"{found.n_failed} {units} failed; why: {found.folder.path(PATHS.failures.name)}", err=True)
        raise typer.Exit(EXIT_FAILED_CHAINS)


def show_search(search: Search) -> None:
    """Print the tables of a search, and draw its figure."""
    if search.name == "hyperparameters":
        _print_grid(search)
    else:
        _print_lineages(search)
    for line in (*search.notes, *search.write_figures()):
        typer.echo(line)


def _print_grid(search: Search) -> None:
    import polars as pl

    from modelcollapse.cli.tables import print_frame

    ranking = search.best()
    best = ranking.head(10)
    if not best["is_study"].any():
        best = best.vstack(ranking.filter("is_study"))
    mark = pl.when("is_study").then(pl.lit(" (the study)")).otherwise(pl.lit(""))
    ranked = best.with_columns(rank=pl.format("{}{}", "rank", mark))
    print_frame(ranked.drop("is_study", "n_folds", "seconds"), mean="accuracy")
    typer.echo("\nEffect of each parameter: mean accuracies of all combinations that share its value")
    print_frame(search.effects(), mean="accuracy", n_combinations="combinations")


def _print_lineages(search: Search) -> None:
    from modelcollapse.cli.tables import print_table

    titles = ("rank", "generation/variant", "accuracy", "sd", "parent's labels", "wrong labels", "changed")
    rows = [
        (
            "" if row["steps_back"] else row["rank"],
            f"{'← ' if row['steps_back'] else ''}{row['variant']}",
            f"{100 * row['score']:.2f} %",
            "–" if row["sd"] is None else f"{100 * row['sd']:.2f}",
            f"{100 * row['collapse_rate']:.1f} %",
            "–" if row["wrong_labels"] is None else f"{100 * row['wrong_labels']:.1f} %",
            ("" if row["has_parent"] else "against the study's: ") + (row["changed"] or "nothing"),
        )
        for row in search.best().iter_rows(named=True)
    ]
    print_table(titles, rows)
