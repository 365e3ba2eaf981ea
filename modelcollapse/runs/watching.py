"""Who watches a call: a terminal, a notebook, or nobody; and what an interruption says."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelcollapse import notebook
from modelcollapse.execution.progress import LiveProgress, PlainProgress, Reporter

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: A notebook's display changes at most this often.
NOTEBOOK_SECONDS = 0.5


def find_reporter(progress: bool | Reporter | None) -> Reporter:
    """Return who is told of a sweep.

    Parameters
    ----------
    progress : bool, Reporter or None
        A reporter is returned as it is. None: a live display on a terminal or in a notebook, else nobody. True: plain
        lines on standard error where neither is. False: nobody.
    """
    if isinstance(progress, Reporter):
        return progress
    if progress is False:
        return Reporter()
    if notebook.in_notebook():
        return NotebookProgress()
    if sys.stderr.isatty():
        return LiveProgress()
    return PlainProgress() if progress else Reporter()


@contextmanager
def kept(where: str) -> Iterator[None]:
    """Let an interruption say that what was computed is kept, and how to go on."""
    try:
        yield
    except KeyboardInterrupt as interruption:
        interruption.add_note(f"What was computed is kept in {where}; the same call goes on from it.")
        raise


class NotebookProgress(Reporter):
    """A bar and a table in the output of a cell."""

    def _open(self, line: str) -> None:
        self._shown, self._lines = notebook.Shown(), [line]
        self._draw()

    def _update(self) -> None:
        if time.monotonic() - self._drawn >= NOTEBOOK_SECONDS:
            self._draw()

    def _complain(self, line: str) -> None:
        self._lines.append(line)
        self._draw()

    def ended(self) -> None:
        """Take note that there is nothing more to do."""
        self._draw()

    def __exit__(self, *exception: object) -> None:
        if exception[0] is KeyboardInterrupt and hasattr(self, "_shown"):
            self._complain("Interrupted. What was computed is kept; the same call goes on from it.")

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        titles = ("collapse rate", "", "chains", "documents seen", "accuracy", "predicted positive")
        rows = [
            (f"{100 * arm.collapse_rate:g} %", arm.others, arm.n_chains, f"{arm.n_seen:,.0f}", f"{arm.accuracy:.3f}",
             f"{arm.predicted_positive_rate:.2f}")
            for arm in self.by_arm()
        ]  # fmt: skip
        bar = f'<progress value="{self.work_done}" max="{max(1, self.work)}" style="width:40em"></progress><br>'
        said = "<br>".join(map(notebook.text, (*self._lines, self.summary())))
        self._shown.show(f"<div>{bar if self.work else ''}{said}{notebook.table(titles, rows) if rows else ''}</div>")


class Counter:
    """Told how many units of a search are finished; shows nothing."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __call__(self, n_done: int, n_all: int) -> None:
        """Take note of units that are finished, and of how many there are."""

    def of_generation(self, generation: int) -> Counter:
        """Return what counts a generation of units."""
        return self


class _NotebookCounter(Counter):
    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._shown = notebook.Shown()

    def __call__(self, n_done: int, n_all: int) -> None:
        self._shown.show(f"<progress value='{n_done}' max='{max(1, n_all)}'></progress> {self.what}: {n_done}/{n_all}")

    def of_generation(self, generation: int) -> Counter:
        return _NotebookCounter(f"{self.what} of generation {generation}")


class _Bar(Counter):
    def __init__(self, progress: Progress, what: str) -> None:
        super().__init__(what)
        self._progress = progress
        self._bar: TaskID | None = None

    def __call__(self, n_done: int, n_all: int) -> None:
        if self._bar is None:
            self._progress.start()  # with the first bar: an error before stays one line
            self._bar = self._progress.add_task(self.what, total=n_all)
        self._progress.update(self._bar, completed=n_done)

    def of_generation(self, generation: int) -> Counter:
        return _Bar(self._progress, f"{self.what} of generation {generation}")


@contextmanager
def counting(progress: bool | None, what: str) -> Iterator[Counter]:
    """Show how many units are finished: `progress` is that of `find_reporter`."""
    if progress is False or (progress is None and not (notebook.in_notebook() or sys.stderr.isatty())):
        yield Counter(what)
    elif notebook.in_notebook():
        yield _NotebookCounter(what)
    else:
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
        bars = Progress(*columns, console=Console(stderr=True))
        try:
            yield _Bar(bars, what)
        finally:
            if bars.live.is_started:
                bars.stop()
