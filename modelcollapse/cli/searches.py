"""``hyperparameters`` and ``generational``: the study's two searches among parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from modelcollapse.cli.execute import Address, ExecutorOption, Workers


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(hyperparameters)


def hyperparameters(
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
    from modelcollapse.analysis.hyperparameter_figures import combinations, grid_figure, parameter_columns
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.hyperparameters import RESULTS, run_grid
    from modelcollapse.execution.run import find_executor
    from modelcollapse.simulation.hyperparameters import GridSettings

    given = {"documents": documents, "folds": folds, "folds_per_task": folds_per_task, "seed": seed}
    settings = GridSettings.of("hyperparameters", grid=grid or None, **given)
    loaded = load_corpus(corpus)
    with _counting("combinations and folds", out) as tell:
        results, n_failed = run_grid(settings, loaded, out, find_executor(executor, address, workers), tell)
    if not results.is_empty():
        table, names = combinations(results), parameter_columns(results)
        best = table.head(10)
        if not best["is_study"].any():
            best = best.vstack(table.filter("is_study"))
        rows = [
            (
                f"{row['rank']}{' (the study)' if row['is_study'] else ''}",
                *(row[name] for name in names),
                f"{row['mean']:.3f}",
                "–" if row["sd"] is None else f"{row['sd']:.3f}",
            )
            for row in best.iter_rows(named=True)
        ]
        print_table(("rank", *names, "accuracy", "sd"), rows)
        _draw(out, "hyperparameters", lambda: grid_figure(results))
    typer.echo(f"Results: {out}/{RESULTS}")
    _leave_if_failed(n_failed, out)


@contextmanager
def _counting(what: str, out: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many units are finished; an interruption says how to go on."""
    import signal

    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from modelcollapse.cli import EXIT_INTERRUPTED

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task(what, total=None)
            yield lambda n_done, n_all: progress.update(bar, completed=n_done, total=n_all)
    except KeyboardInterrupt:
        typer.echo(f"Interrupted. What was computed is kept in {out}; the same command goes on from it.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _draw(out: str, name: str, make: Callable[[], object]) -> None:
    from modelcollapse.analysis.style import render
    from modelcollapse.execution.folder import RunFolder

    folder = RunFolder(out)
    for file, content in render(make(), name).items():  # type: ignore[arg-type]
        folder.write(f"figures/{file}", content)
        typer.echo(folder.path(f"figures/{file}"))


def _leave_if_failed(n_failed: int, out: str) -> None:
    from modelcollapse.cli import EXIT_FAILED_CHAINS
    from modelcollapse.execution.folder import RunFolder

    if n_failed:
        typer.echo(f"{n_failed} units failed; why: {RunFolder(out).path('failures')}", err=True)
        raise typer.Exit(EXIT_FAILED_CHAINS)
