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

#: Axes whose values are no words or numbers that speak for themselves.
_IN_WORDS = ("growth", "max_terms")


@contextmanager
def interruptible(location: str) -> Iterator[None]:
    """Take SIGTERM for Ctrl-C; when interrupted, say that what was computed is kept, and leave.

    An interruption that comes while an object is taken apart is swallowed by Python: it is then made again.
    """
    from modelcollapse.cli import EXIT_INTERRUPTED

    def again(swallowed: Any) -> None:
        if swallowed.exc_type is KeyboardInterrupt:
            # SIGTERM, whose handler is ours: SIGINT may be ignored
            threading.Timer(0.01, signal.raise_signal, [signal.SIGTERM]).start()
        else:
            usual(swallowed)

    usual = sys.unraisablehook
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.unraisablehook = again
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"Interrupted. What was computed is kept in {location}; the same command goes on from it.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
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
    from modelcollapse.cli.other_domains import print_laws, print_measures
    from modelcollapse.cli.tables import print_cautions
    from modelcollapse.execution.progress import JsonProgress
    from modelcollapse.runs.adaptive_seeds import run_until_precise
    from modelcollapse.runs.sweeping import run_sweep

    options = {name: value for name, value in vars(how).items() if name != "json"}
    options |= {"out": location, "given_corpus": given_corpus}
    options["progress"] = JsonProgress() if how.json else True
    reached, n_seeds = None, 0
    with interruptible(location):
        if until_ci is None:
            run = run_sweep(sweep, corpus, **options)
        else:
            assert corpus is not None  # see `options.check_run`
            run, reached, n_seeds = run_until_precise(sweep, corpus, until_ci, max_seeds, **options)
    mine = [other for other in run.sweeps if other.experiment == sweep.experiment]
    readable = [other for other in mine if run.is_readable(other)]
    is_classification = run.domain.name == "classification"
    if not how.json:
        # seeds that were added are of another sweep of this experiment
        results = run.results(readable if is_classification or reached is not None else [sweep])
        if is_classification:
            _print_outcome(results)
            if len(readable) < len(mine):
                typer.echo(
                    "Not in the table: an earlier sweep whose learner would have to be imported; resume says how.",
                    err=True,
                )
            print_cautions(results, run.corpus)
        else:
            print_measures(results, run.domain)
        if run.domain.name == "closed_form":
            print_laws(run.laws([sweep], corpus))
        if reached is not None:
            _print_reached(reached, until_ci, n_seeds, results)
        typer.echo(f"Results: {location}. Next: modelcollapse plot {location}, or report, or export.")
    failed = run.failed(sweep)
    if failed:
        typer.echo(f"{len(failed)} chains failed; why: {run.folder.path(PATHS.failures.name)}", err=True)
    return not failed


def _print_reached(reached: float, wanted: float | None, n_seeds: int, results: Any) -> None:
    """Print the width of the interval that was asked for, and when it is not to be believed."""
    from modelcollapse.analysis.statistics.arms import at_size, prepare
    from modelcollapse.analysis.statistics.inference import share_interval
    from modelcollapse.analysis.statistics.seed_groups import seed_groups
    from modelcollapse.runs.adaptive_seeds import RELIES_ON

    if results.is_empty():
        return
    typer.echo(
        f"Widest paired 95 % interval at the end: ± {reached:.4f} with {n_seeds} seeds, from the spread of the first "
        f"ones (Stein's two stages){'' if reached <= (wanted or 0) else f', not ± {wanted:g}'}."
    )
    typer.echo(RELIES_ON)
    fallen = seed_groups(at_size(prepare(results)))
    if ((fallen["n_degenerate"] > 0) & (fallen["n_degenerate"] < fallen["all_seeds"])).any():
        typer.echo("Some seeds have degenerated and some have not: no interval of a mean holds there; see the report.")
    elif not fallen.is_empty() and fallen["n_degenerate"].sum() == 0:
        may = share_interval(0, n_seeds)[1]
        typer.echo(f"No seed has degenerated: of {n_seeds} seeds, up to {may:.0%} of all others still may (95 %).")


def _print_outcome(results: Any) -> None:
    """Print where every arm of a sweep began and ended: means over seeds."""
    from modelcollapse.analysis.formats import axis_words
    from modelcollapse.analysis.statistics.arms import prepare, varying_axes
    from modelcollapse.analysis.statistics.curves import outcome
    from modelcollapse.cli.tables import print_table

    if results.is_empty():
        return
    rows = prepare(results)
    axes = [axis for axis in varying_axes(rows) if axis != "model_params"]
    if rows.filter(rows["model_params"] != "")["model_params"].n_unique() > 1:
        axes.append("model_params")
    cells = [
        (
            f"{100 * row['collapse_rate']:g} %",
            *(axis_words(axis, row[axis]) if axis in _IN_WORDS else row[axis] for axis in axes),
            row["n_seeds"],
            f"{row['first_n_seen']:,} → {row['n_seen']:,}",
            f"{row['first_accuracy']:.3f} → {row['accuracy']:.3f}",
            "–" if row["half_width"] is None else f"{row['half_width']:.3f}",
            "–" if row["roc_auc"] is None else f"{row['roc_auc']:.3f}",
            f"{row['first_predicted_positive_rate']:.2f} → {row['predicted_positive_rate']:.2f}",
        )
        for row in outcome(rows).iter_rows(named=True)
    ]
    names = [axis.replace("_", " ") for axis in axes]
    titles = ("rate", *names, "seeds", "documents", "accuracy", "± 95 %", "ROC AUC", "called positive")
    print_table(titles, cells)
