"""``hyperparameters`` and ``generational``: the study's two searches among parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.execute import check_out
from modelcollapse.cli.options import Given, check_executor, expanded, typed
from modelcollapse.cli.run_options import ExecutorOptions
from modelcollapse.searches.settings_fields import GridFields, SearchFields

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


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
    from modelcollapse.cli.search_output import show_search
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.executors import find_executor
    from modelcollapse.execution.store.folder import RunFolder
    from modelcollapse.searches.hyperparameters import GridSettings
    from modelcollapse.searches.results import SearchResults
    from modelcollapse.searches.run_hyperparameters import RESULTS, run_grid

    check_executor(where)
    settings = GridSettings.of("hyperparameters", **given)
    check_out(out, "search.json")
    loaded = load_corpus(corpus)
    executor = find_executor(where.executor, where.address, where.workers)
    with _counting("combinations and folds", out) as tell:
        results, n_failed = run_grid(settings, loaded, out, executor, tell)
    if not results.is_empty():
        show_search(SearchResults("hyperparameters", results), RunFolder(out))
    typer.echo(f"Results: {out}/{RESULTS}")
    _leave_if_failed(n_failed, out)


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
    from modelcollapse.cli.search_output import show_search
    from modelcollapse.corpora import load_corpus
    from modelcollapse.corpora.sources.synthetic import PREFIX
    from modelcollapse.execution.executors import find_executor
    from modelcollapse.execution.store.folder import RunFolder
    from modelcollapse.searches.generational import SearchSettings
    from modelcollapse.searches.results import SearchResults
    from modelcollapse.searches.run_generational import RESULTS, run_search

    check_executor(where)
    settings = SearchSettings.of("generational", **given)
    check_out(out, "search.json")
    counted = corpus.startswith(f"{PREFIX}:") and "ngrams" not in typed(
        context
    )  # has no text that could be counted otherwise
    loaded = load_corpus(corpus) if counted else load_corpus(corpus, ngrams=ngrams)
    executor = find_executor(where.executor, where.address, where.workers)
    with _counting("broods", out) as tell:
        results, n_failed = run_search(settings, loaded, out, executor, tell.of_generation)
    if not results.is_empty():
        show_search(SearchResults("generational", results), RunFolder(out))
    typer.echo(f"Results: {out}/{RESULTS}")
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
        typer.echo(f"{n_failed} {units} failed; why: {RunFolder(out).path('failures')}", err=True)
        raise typer.Exit(EXIT_FAILED_CHAINS)
