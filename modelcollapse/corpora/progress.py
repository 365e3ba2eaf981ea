"""Progress of a build: a bar on a terminal or in a notebook, nothing elsewhere."""

from __future__ import annotations

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

    Parameters
    ----------
    progress : bool or callable, optional
        True or False to show a bar or not, or a function to call instead. By default a bar on a terminal, or in a
        notebook.
    """
    if callable(progress):
        yield progress
    elif (who := notebook.audience(progress)) == "nobody":
        yield silent
    elif who == "notebook":
        yield _cell()
    else:
        with _bars() as bars:
            yield bars


def _cell() -> Progress:
    """Return what shows bars in the output of a cell, and redraws them with every per cent."""
    shown, done = notebook.Shown(), dict[str, int]()

    def update(stage: str, fraction: float) -> None:
        if done.get(stage) != (percent := int(100 * fraction)):
            done[stage] = percent
            shown.show("".join(notebook.bar(n, 100, stage) for stage, n in done.items()))

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
