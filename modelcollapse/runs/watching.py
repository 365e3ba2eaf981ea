"""Who watches a call: a terminal, a notebook, or nobody; and what an interruption says."""

from __future__ import annotations

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
    reporters: dict[str, type[Reporter]] = {
        "notebook": NotebookProgress,
        "terminal": LiveProgress,
        "pipe": PlainProgress,
        "nobody": Reporter,
    }
    return reporters[notebook.audience(progress)]()


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
        rows = [self.cells(arm) for arm in self.by_arm()]
        said = "<br>".join(map(notebook.text, self._lines))
        bar = notebook.bar(self.work_done, self.work, self.summary())
        self._shown.show(f"<div>{said}{bar}{notebook.table(self.titles(), rows) if rows else ''}</div>")


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
        self._shown.show(notebook.bar(n_done, n_all, f"{self.what}: {n_done}/{n_all}"))

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
    who = notebook.audience(progress)
    if who == "nobody":
        yield Counter(what)
    elif who == "notebook":
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
