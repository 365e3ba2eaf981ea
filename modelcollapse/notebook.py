"""How things show themselves in a notebook: small HTML without scripts, in which strangers' text is escaped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Literal

from modelcollapse.names import printable


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook: nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def audience(progress: bool | None) -> Literal["notebook", "terminal", "pipe", "nobody"]:
    """Return who sees what is shown: False shows nothing, None where nobody looks, True writes even into a pipe."""
    if progress is False:
        return "nobody"
    if in_notebook():
        return "notebook"
    if sys.stderr.isatty():
        return "terminal"
    return "pipe" if progress else "nobody"


def text(value: object) -> str:
    """Return anything as HTML that shows it."""
    return escape(printable(str(value)))


def card(title: str, facts: Mapping[str, object], *below: str) -> str:
    """Return HTML with a title, a table of facts, empty ones left out, and HTML to stand below."""
    rows = (
        f'<tr><th style="text-align:left">{text(name)}</th><td style="text-align:left">{text(fact)}</td></tr>'
        for name, fact in facts.items()
        if fact not in ("", None)
    )
    return f"<div><b>{text(title)}</b><table>{''.join(rows)}</table>{''.join(below)}</div>"


def bar(done: float, of: float, words: str) -> str:
    """Return a bar with words behind it, as HTML."""
    return f'<div><progress value="{done:g}" max="{of or 1:g}" style="width:24em"></progress> {text(words)}</div>'


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows under titles as an HTML table."""
    head = "".join(f"<th>{text(title)}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


class Shown:
    """Something in a cell's output that changes while the cell runs."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, html: str) -> None:
        """Show this from now on."""
        from IPython import display

        content = display.HTML(html)  # type: ignore[no-untyped-call]
        if self._handle is None:
            self._handle = display.display(content, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(content)
