"""How things show themselves in a notebook: small HTML without scripts, in which strangers' text is escaped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from modelcollapse.names import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook: nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def text(value: object) -> str:
    """Return anything as HTML that shows it."""
    return escape(printable(str(value)))


def card(title: str, facts: Mapping[str, object], *below: str) -> str:
    """Return HTML with a title and a table of facts; empty facts are left out.

    Parameters
    ----------
    title : str
        What it is.
    facts : mapping
        What there is to say of it, by name.
    *below : str
        HTML to stand below.
    """
    rows = (
        f'<tr><th style="text-align:left">{text(name)}</th><td style="text-align:left">{text(fact)}</td></tr>'
        for name, fact in facts.items()
        if fact not in ("", None)
    )
    return f"<div><b>{text(title)}</b><table>{''.join(rows)}</table>{''.join(below)}</div>"


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows under titles as an HTML table."""
    head = "".join(f"<th>{text(title)}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def svg(figure: Figure, name: str) -> str:
    """Return a figure as an ``<svg>`` element."""
    from modelcollapse.analysis.figures.style import render

    drawn = render(figure, name, ("svg",))[f"{name}.svg"].decode()
    return f'<div style="max-width:60em">{drawn[drawn.index("<svg") :]}</div>'


class Figures(dict[str, "Figure"]):
    """Matplotlib figures by name, in the order in which they are read; a notebook shows them."""

    def _repr_html_(self) -> str:
        return "".join(svg(figure, name) for name, figure in self.items())

    def files(self) -> Iterable[tuple[str, bytes]]:
        """Yield every figure as a PNG and an SVG file: names in a run's folder, and contents."""
        from modelcollapse.analysis.figures.style import render

        for name, figure in self.items():
            for file, content in render(figure, name).items():
                yield f"figures/{file}", content


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
