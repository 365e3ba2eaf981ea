"""``hyperparameters`` and ``generational``: the study's two searches among parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelcollapse.cli.execute import interruptible
from modelcollapse.cli.options import Given, check_executor, expanded, typed
from modelcollapse.cli.run_options import ExecutorOptions
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.searches.settings_fields import GridFields, SearchFields

if TYPE_CHECKING:
    from modelcollapse.runs.searching import Search


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(hyperparameters)
    app.command()(generational)


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
    from modelcollapse.cli.search_output import show_search

    with interruptible(out):
        found = search(corpus, out, where.executor, where.address, where.workers, progress=True, **options)
    if not found.results().is_empty():
        show_search(found)
    typer.echo(f"Results: {out}/{PATHS.results}")
    if found.n_failed:
        units = "unit" if found.n_failed == 1 else "units"
        typer.echo(f"{found.n_failed} {units} failed; why: {found.folder.path(PATHS.failures.name)}", err=True)
        raise typer.Exit(EXIT_FAILED_CHAINS)
