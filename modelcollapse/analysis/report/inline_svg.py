"""Figures for a web page: SVG that takes its colours from the page, so that one picture is light and dark."""

from __future__ import annotations

import re
from functools import cache
from html import escape

from matplotlib.figure import Figure

from modelcollapse.analysis.figures.panels import MOST_COLOURS
from modelcollapse.analysis.figures.style import (
    CATEGORIES,
    CATEGORIES_DARK,
    GRID,
    INK,
    MUTED,
    SHADE,
    ordered_colours,
    render,
)

_INKS = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    SHADE: "var(--shade)",
    "#ffffff": "var(--paper)",
}


@cache
def _dark_colours() -> dict[str, str]:
    """Dark counterparts of every colour a line can have."""
    pairs = dict(zip(CATEGORIES, CATEGORIES_DARK, strict=True))
    for n in range(1, MOST_COLOURS + 1):
        pairs.update(zip(ordered_colours(n), ordered_colours(n, dark=True), strict=True))
    return pairs


class InlineFigures:
    """Turns figures into SVG elements, and collects in `light` and `dark` the colours that the page has to define."""

    def __init__(self) -> None:
        self.light: dict[str, str] = {}
        self.dark: dict[str, str] = {}
        self._counterparts = _dark_colours()
        self._names: set[str] = set()

    def inline(self, figure: Figure, name: str, description: str) -> str:
        """Return a figure as one ``<svg>`` element with ids of its own and its colours as custom properties.

        Name and description may be anything: what they become part of stays well-formed and free of markup.
        """
        own = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        while own in self._names:
            own += "_"
        self._names.add(own)
        svg = render(figure, own, ("svg",))[f"{own}.svg"].decode()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
        svg = re.sub(r'(?<= d=")[^"]*', _shorten, svg)
        svg = re.sub(r'\bid="', f'id="_{own}-', svg)  # no experiment, whose name is an id, begins so
        svg = re.sub(r'(href="#|url\(#)', rf"\g<1>_{own}-", svg)
        width = re.search(r'width="([\d.]+)pt"', svg)
        natural = f"{float(width[1]) * 4 / 3:.0f}px" if width else "100%"
        svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', rf'\1 style="max-width:{natural}"', svg, count=1)
        svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
        label = f'<svg role="img" aria-label="{escape(description)}"'
        return re.sub(r"#[0-9a-f]{6}\b", self._ink, svg).replace("<svg", label, 1)

    def _ink(self, match: re.Match[str]) -> str:
        colour = match[0]
        if colour in _INKS:
            return _INKS[colour]
        if colour not in self._counterparts:
            return colour
        name = f"--c{colour[1:]}"
        self.light[name], self.dark[name] = colour, self._counterparts[colour]
        return f"var({name})"


def _shorten(path: re.Match[str]) -> str:
    """Write the numbers of a path with two decimals: a hundredth of a point is invisible."""
    return re.sub(r"(\.\d\d)\d+", r"\1", path[0])
