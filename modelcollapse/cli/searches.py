"""``hyperparameters`` and ``generational``: the study's two searches among parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.execute import Address, ExecutorOption, Workers, check_out
from modelcollapse.cli.options import check_executor, typed
from modelcollapse.execution.store.paths import PATHS

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


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
    from modelcollapse.cli.search_output import show_search
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.executors import find_executor
    from modelcollapse.execution.store.folder import RunFolder
    from modelcollapse.searches.hyperparameters import GridSettings
    from modelcollapse.searches.results import SearchResults
    from modelcollapse.searches.run_hyperparameters import run_grid

    check_executor(typed(context))
    given = {"documents": documents, "folds": folds, "folds_per_task": folds_per_task, "seed": seed}
    settings = GridSettings.of("hyperparameters", grid=grid or None, **given)
    check_out(out, is_search=True)
    loaded = load_corpus(corpus)
    with _counting("combinations and folds", out) as tell:
        results, n_failed = run_grid(settings, loaded, out, find_executor(executor, address, workers), tell)
    if not results.is_empty():
        show_search(SearchResults("hyperparameters", results), RunFolder(out))
    typer.echo(f"Results: {out}/{PATHS.results}")
    _leave_if_failed(n_failed, out)


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
    from modelcollapse.cli.search_output import show_search
    from modelcollapse.corpora import load_corpus
    from modelcollapse.corpora.sources.synthetic import PREFIX
    from modelcollapse.execution.executors import find_executor
    from modelcollapse.execution.store.folder import RunFolder
    from modelcollapse.searches.generational import SearchSettings
    from modelcollapse.searches.results import SearchResults
    from modelcollapse.searches.run_generational import run_search

    given = typed(context)
    check_executor(given)
    settings = SearchSettings.of(
        "generational",
        variants=variants,
        parents=parents,
        children=children,
        train_size=train_size,
        test_size=test_size,
        seeds=seeds,
        max_generations=max_generations,
        trees=trees,
    )
    check_out(out, is_search=True)
    counted = corpus.startswith(f"{PREFIX}:") and "ngrams" not in given  # has no text that could be counted otherwise
    loaded = load_corpus(corpus) if counted else load_corpus(corpus, ngrams=ngrams)
    where = find_executor(executor, address, workers)
    with _counting("broods", out) as tell:
        results, n_failed = run_search(settings, loaded, out, where, tell.of_generation)
    if not results.is_empty():
        show_search(SearchResults("generational", results), RunFolder(out))
    typer.echo(f"Results: {out}/{PATHS.results}")
    _leave_if_failed(n_failed, out)


class _Counter:
    """Shows how many units are finished: one bar, or one for each generation."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress, self._what = progress, what
        self._bar: TaskID | None = None

    def __call__(self, n_done: int, n_all: int) -> None:
        if self._bar is None:
            self._progress.start()
            self._bar = self._progress.add_task(self._what, total=n_all)
        self._progress.update(self._bar, completed=n_done)

    def of_generation(self, generation: int) -> _Counter:
        """Return what counts a generation."""
        return _Counter(self._progress, f"{self._what} of generation {generation}")


@contextmanager
def _counting(what: str, out: str) -> Iterator[_Counter]:
    """Show how many units are finished; an interruption says how to go on."""
    import signal

    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from modelcollapse.cli import EXIT_INTERRUPTED

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True))  # started with the first bar: an error stays one line
    try:
        yield _Counter(progress, what)
    except KeyboardInterrupt:
        typer.echo(f"Interrupted. What was computed is kept in {out}; the same command goes on from it.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        if progress.live.is_started:
            progress.stop()


def _leave_if_failed(n_failed: int, out: str) -> None:
    from modelcollapse.cli import EXIT_FAILED_CHAINS
    from modelcollapse.execution.store.folder import RunFolder

    if n_failed:
        units = "unit" if n_failed == 1 else "units"
        typer.echo(f"{n_failed} {units} failed; why: {RunFolder(out).path(PATHS.failures.name)}", err=True)
        raise typer.Exit(EXIT_FAILED_CHAINS)
