"""``hyperparameters`` and ``generational``: the study's two searches among parameters."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelcollapse.cli.execute import Address, ExecutorOption, Workers
from modelcollapse.cli.options import check_executor, typed

if TYPE_CHECKING:
    from modelcollapse.runs.searching import Search


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(hyperparameters)
    app.command()(generational)


def hyperparameters(
    context: typer.Context,
    corpus: Annotated[str, typer.Option(help="A corpus' name, or a file with reviews.")] = "movies",
    grid: Annotated[
        list[str] | None, typer.Option(help="A parameter and its values: max_depth=5,20,None. May be repeated.  [all]")
    ] = None,
    documents: Annotated[int | None, typer.Option(help="Documents to cross-validate on.  [800]")] = None,
    folds: Annotated[int | None, typer.Option(help="Parts that are the test set in turn.  [5]")] = None,
    folds_per_task: Annotated[int | None, typer.Option(help="Folds that one task carries out.  [5]")] = None,
    seed: Annotated[int | None, typer.Option(help="Draws the documents.  [0]")] = None,
    out: Annotated[str, typer.Option(help="The folder or URL.")] = "runs/hyperparameters",
    executor: ExecutorOption = "ray",
    address: Address = None,
    workers: Workers = None,
) -> None:
    """Score a grid of forest parameters by cross-validation. The same command goes on where it was stopped."""
    from modelcollapse.runs.searching import search_hyperparameters

    check_executor(typed(context))
    settings = {"documents": documents, "folds": folds, "folds_per_task": folds_per_task, "seed": seed}
    where = {"executor": executor, "address": address, "workers": workers}
    _carry_out(search_hyperparameters, corpus, out, grid=grid or None, **settings, **where)


def generational(
    context: typer.Context,
    corpus: Annotated[str, typer.Option(help="A corpus' name, or a file with reviews.")] = "movies",
    ngrams: Annotated[str, typer.Option(help="N-gram orders to count, up to 3 at least.")] = "1-3",
    variants: Annotated[int | None, typer.Option(help="Variants to begin with.  [100]")] = None,
    parents: Annotated[int | None, typer.Option(help="The best, which bear children.  [10]")] = None,
    children: Annotated[int | None, typer.Option(help="Children of each parent.  [10]")] = None,
    train_size: Annotated[int | None, typer.Option(help="Documents to train on.  [10000]")] = None,
    test_size: Annotated[int | None, typer.Option(help="Documents of the test set.  [10000]")] = None,
    seeds: Annotated[int | None, typer.Option(help="Trainings of each variant, averaged.  [5]")] = None,
    max_generations: Annotated[int | None, typer.Option(help="Generations of children at most.  [10]")] = None,
    trees: Annotated[int | None, typer.Option(help="Trees that mutation begins with.  [1000]")] = None,
    out: Annotated[str, typer.Option(help="The folder or URL.")] = "runs/generational",
    executor: ExecutorOption = "ray",
    address: Address = None,
    workers: Workers = None,
) -> None:
    """Breed variants of vectoriser and forest that learn from their parents.

    The same command goes on where it was stopped.
    """
    from modelcollapse.runs.searching import search_generational

    given = typed(context)
    check_executor(given)
    _carry_out(
        search_generational,
        corpus,
        out,
        variants=variants,
        parents=parents,
        children=children,
        train_size=train_size,
        test_size=test_size,
        seeds=seeds,
        max_generations=max_generations,
        trees=trees,
        ngrams=given.get("ngrams"),
        executor=executor,
        address=address,
        workers=workers,
    )


def _carry_out(search: Callable[..., Search], corpus: str, out: str, **options: Any) -> None:
    """Run a search, show it, and leave with the exit code that tells how it went."""
    from modelcollapse.cli import EXIT_FAILED_CHAINS, EXIT_INTERRUPTED
    from modelcollapse.cli.search_output import show_search

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        found = search(corpus, out, progress=True, **options)
    except KeyboardInterrupt:
        typer.echo(f"Interrupted. What was computed is kept in {out}; the same command goes on from it.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if not found.results().is_empty():
        show_search(found)
    typer.echo(f"Results: {out}/results.csv")
    if found.n_failed:
        units = "unit" if found.n_failed == 1 else "units"
        typer.echo(f"{found.n_failed} {units} failed; why: {found.folder.path('failures')}", err=True)
        raise typer.Exit(EXIT_FAILED_CHAINS)
