"""Tables on standard output: aligned on a terminal, never cut when piped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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
