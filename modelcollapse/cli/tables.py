"""Tables on standard output, aligned on a terminal, never cut when piped; and cautions about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from modelcollapse.analysis.report.cells import Table

#: Cautions below a table at most: the report has all of them.
_MOST_CAUTIONS = 3


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under titles; columns of numbers are aligned to the right, what a terminal would obey is escaped."""
    import sys

    from rich.console import Console
    from rich.table import Table

    from modelcollapse.names import printable

    texts = [[printable(str(cell)) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, title in enumerate(titles):
        numeric = all(row[column][:1] in "0123456789-+." for row in texts)
        table.add_column(printable(title), justify="right" if numeric else "left", overflow="fold")
    for row in texts:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else 400
    Console(highlight=False, markup=False, width=width, soft_wrap=False).print(table)


def print_frame(frame: pl.DataFrame, **titles: str) -> None:
    """Print a frame: counts in thousands, other numbers to three digits, a dash for what is unknown.

    `titles` are of columns that are not called so.
    """
    names = [titles.get(name, name.replace("_", " ")) for name in frame.columns]
    print_table(names, [[_cell(value) for value in row] for row in frame.iter_rows()])


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def show(table: Table | None) -> None:
    """Print a table of the analysis, and its note; nothing where there is none."""
    import typer

    if table is not None:
        print_table(table.columns, [[cell.text for cell in row] for row in table.rows])
        if table.note:
            typer.echo(table.note)


def print_cautions(results: pl.DataFrame, corpus: Mapping[str, Any], of: str = "") -> None:
    """Print the flaws of a table of results, the worst first; `of` names the run among several."""
    import typer

    from modelcollapse.analysis.report.caveats import flaws
    from modelcollapse.analysis.statistics.arms import prepare

    found = [] if results.is_empty() else flaws(prepare(results), corpus)
    for words in found[:_MOST_CAUTIONS]:
        typer.echo(f"Caution{f' ({of})' if of else ''}: {words}")
    if left := len(found[_MOST_CAUTIONS:]):
        typer.echo(f"The report has {left} more caution{'s' * (left > 1)}.")
