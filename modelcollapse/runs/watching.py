"""Who watches a call: a terminal, a notebook, or nobody; and what an interruption says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from modelcollapse import notebook
from modelcollapse.execution.progress import ARM_TITLES, LiveProgress, PlainProgress, Reporter

#: A notebook's display changes at most this often.
NOTEBOOK_SECONDS = 0.5


def find_reporter(progress: bool | Reporter | None) -> Reporter:
    """Return who is told of a sweep: a reporter as it is, nobody (False), or what suits who sees it.

    That is a live display on a terminal or in a notebook; elsewhere nobody (None), or plain lines on standard error
    (True).
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
        rows = [arm.cells() for arm in self.by_arm()]
        said = "<br>".join(map(notebook.text, self._lines))
        bar = notebook.bar(self.work_done, self.work, self.summary())
        self._shown.show(f"<div>{said}{bar}{notebook.table(ARM_TITLES, rows) if rows else ''}</div>")
