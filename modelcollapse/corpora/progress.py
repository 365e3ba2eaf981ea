"""How far a build, or any other long work, is: bars on a terminal or in a notebook, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeAlias

from modelcollapse import notebook

#: Whether bars are shown, or who is called instead: with what is being done, and the fraction of it that is done.
ShowProgress: TypeAlias = bool | Callable[[str, float], None] | None


class Progress(Protocol):
    """Called with what is being done, how much of it is done, and of how much."""

    def __call__(self, stage: str, done: float, of: float = 1, /) -> None:
        """Show that."""


def silent(_stage: str, _done: float, _of: float = 1, /) -> None:
    """Show nothing."""


@contextmanager
def show_progress(progress: ShowProgress) -> Iterator[Progress]:
    """Provide what shows how far something is: by default bars on a terminal, or in a notebook."""
    if callable(progress):
        yield lambda stage, done, of=1, /: progress(stage, done / of)
    elif (who := notebook.audience(progress)) == "nobody":
        yield silent
    elif who == "notebook":
        yield _cell()
    else:
        with _bars() as bars:
            yield bars


def _words(stage: str, done: float, of: float) -> str:
    return stage if of == 1 else f"{stage}: {done}/{of}"


def _cell() -> Progress:
    """Return what shows bars in the output of a cell, and redraws them with every per cent or unit."""
    shown, bars = notebook.Shown(), dict[str, tuple[float, float, str]]()

    def update(stage: str, done: float, of: float = 1, /) -> None:
        bar = (int(100 * done), 100, stage) if of == 1 else (done, of, _words(stage, done, of))
        if bars.get(stage) != bar:
            bars[stage] = bar
            shown.show("".join(notebook.bar(*bar) for bar in bars.values()))

    return update


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, TaskID] = {}

    def update(stage: str, done: float, of: float = 1, /) -> None:
        bars.start()  # with the first bar: an error before stays one line
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=of)
        bars.update(tasks[stage], completed=done, description=_words(stage, done, of))

    try:
        yield update
    finally:
        if bars.live.is_started:
            bars.stop()
