"""Progress of a build: a bar on a terminal or in a notebook, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modelcollapse import notebook

#: Called with what is being done and the fraction of it that is done, in [0, 1].
Progress = Callable[[str, float], None]


def silent(_stage: str, _fraction: float) -> None:
    """Show nothing."""


@contextmanager
def show_progress(progress: bool | Progress | None) -> Iterator[Progress]:
    """Provide a function that shows how far a build is.

    True shows bars and False none; a function is called instead. None, the default, shows bars where somebody sees
    them: on the standard error of a terminal, or in a notebook.
    """
    if callable(progress):
        yield progress
    elif progress is False or (progress is None and not (notebook.in_notebook() or sys.stderr.isatty())):
        yield silent
    elif notebook.in_notebook():
        yield _cell()
    else:
        with _bars() as bars:
            yield bars


def _cell() -> Progress:
    shown, bars = notebook.Shown(), dict[str, str]()

    def update(stage: str, fraction: float) -> None:
        bars[stage] = f"<progress value='{fraction:.3f}' max='1'></progress> {notebook.text(stage)}"
        shown.show("<br>".join(bars.values()))

    return update


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def update(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield update
