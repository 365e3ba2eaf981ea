"""Figures as calls return them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from modelcollapse.execution.store.paths import PATHS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from modelcollapse.execution.store.folder import RunFolder


def svg(figure: Figure, name: str) -> str:
    """Return a figure as an ``<svg>`` element."""
    from modelcollapse.analysis.figures.style import render

    drawn = render(figure, name, ("svg",))[f"{name}.svg"].decode()
    return f'<div style="max-width:60em">{drawn[drawn.index("<svg") :]}</div>'


class Figures(dict[str, "Figure"]):
    """Matplotlib figures by name, in the order in which they are read; a notebook shows them."""

    def _repr_html_(self) -> str:
        return "".join(svg(figure, name) for name, figure in self.items())

    def write(self, folder: RunFolder, others: Mapping[str, bytes] | None = None) -> list[str]:
        """Write `others` and then every figure, as PNG and SVG, into a folder; return where they are."""
        files = {**(others or {}), **dict(self.files())}
        for name, content in files.items():
            folder.write(name, content)
        return [folder.path(name) for name in files]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield every figure as a PNG and an SVG file: names in a run's folder, and contents."""
        from modelcollapse.analysis.figures.style import render

        for name, figure in self.items():
            for file, content in render(figure, name).items():
                yield PATHS.figure(file), content
