"""What ``run``, ``resume`` and ``reproduce`` share: carrying a sweep out, and printing its outcome."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from modelcollapse.cli.options import RunOptions, check_retry
from modelcollapse.execution.store.paths import PATHS

if TYPE_CHECKING:
    from modelcollapse.corpora.dense import AnyCorpus
    from modelcollapse.sweeps.sweep import Sweep


@contextmanager
def interruptible(location: str) -> Iterator[None]:
    """When interrupted, say that what was computed is kept, and leave.

    An interruption that comes while an object is taken apart is swallowed by Python: it is then made again.
    """
    from modelcollapse.cli import EXIT_INTERRUPTED

    def again(swallowed: Any) -> None:
        if swallowed.exc_type is KeyboardInterrupt:
            # SIGTERM, which `main` takes for Ctrl-C: SIGINT may be ignored
            threading.Timer(0.01, signal.raise_signal, [signal.SIGTERM]).start()
        else:
            usual(swallowed)

    usual = sys.unraisablehook
    sys.unraisablehook = again
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"Interrupted. What was computed is kept in {location}; the same command goes on from it.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    finally:
        sys.unraisablehook = usual


class Steps:
    """Carries out several sweeps of one folder; `announce` is told each one's number, from 1 up, and the sweep."""

    def __init__(self, how: RunOptions, announce: Callable[[int, Sweep], None] = lambda number, sweep: None) -> None:
        self._how, self._announce = how, announce
        self._finished: list[bool] = []

    def __call__(self, sweep: Sweep, corpus: AnyCorpus | None, out: str, given_corpus: Mapping[str, Any]) -> None:
        """Run what is missing of a sweep, and print the outcome."""
        if not self._finished:
            check_retry(self._how.retry_failed, out)
        self._announce(len(self._finished) + 1, sweep)
        self._finished.append(execute(sweep, corpus, out, self._how, given_corpus))

    def leave_if_failed(self) -> None:
        """Leave with the exit code for chains that failed, if any did."""
        from modelcollapse.cli import EXIT_FAILED_CHAINS

        if not all(self._finished):
            raise typer.Exit(EXIT_FAILED_CHAINS)


def execute(
    sweep: Sweep,
    corpus: AnyCorpus | None,
    location: str,
    how: RunOptions,
    given_corpus: Mapping[str, Any],
    until_ci: float | None = None,
    max_seeds: int = 0,
) -> bool:
    """Run what is missing of a sweep, print the outcome, and return whether all chains reached their end.

    With `until_ci`, seeds are added until the intervals are that narrow: see `adaptive_seeds.run_until_precise`.
    """
    from modelcollapse.analysis.outcomes import laws_table, outcome_table
    from modelcollapse.cli.tables import print_cautions, show
    from modelcollapse.execution.progress import JsonProgress
    from modelcollapse.runs.adaptive_seeds import describe_precision, run_until_precise
    from modelcollapse.runs.sweeping import run_sweep

    options = {name: value for name, value in vars(how).items() if name != "json"}
    options |= {"out": location, "given_corpus": given_corpus}
    options["progress"] = JsonProgress() if how.json else True
    reached, n_seeds = None, 0
    with interruptible(location):
        if until_ci is None:
            run = run_sweep(sweep, corpus, **options)
        else:
            assert corpus is not None  # only classifiers have such intervals
            run, reached, n_seeds = run_until_precise(sweep, corpus, until_ci, max_seeds, **options)
    mine = [other for other in run.sweeps if other.experiment == sweep.experiment]
    readable = [other for other in mine if run.is_readable(other)]
    is_classification = run.domain.name == "classification"
    if not how.json:
        # seeds that were added are of another sweep of this experiment
        results = run.results(readable if is_classification or reached is not None else [sweep])
        show(outcome_table(results))
        if is_classification:
            if len(readable) < len(mine):
                typer.echo(
                    "Not in the table: an earlier sweep whose learner would have to be imported; resume says how.",
                    err=True,
                )
            print_cautions(results, run.corpus)
        if run.domain.name == "closed_form":
            show(laws_table(run.laws([sweep], corpus)))
        if until_ci is not None and reached is not None:
            for words in describe_precision(results, reached, until_ci, n_seeds):
                typer.echo(words)
        typer.echo(f"Results: {location}. Next: modelcollapse plot {location}, or report, or export.")
    failed = run.failed(sweep)
    if failed:
        typer.echo(f"{len(failed)} chains failed; why: {run.folder.path(PATHS.failures.name)}", err=True)
    return not failed
