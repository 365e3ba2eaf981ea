"""One look for all figures: fonts, inks, colour-blind-safe colours, number formats, and the way to PNG and SVG."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from modelcollapse.analysis.made import MAKER

INK = "#16191d"
MUTED = "#616870"
GRID = "#e3e6ea"
SHADE = "#f2f3f5"
#: Okabe and Ito's colours, dark enough for thin lines: for things without an order (label rules, models).
CATEGORIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a6761d", "#56b4e9", "#7b52a1", "#8c9a00", "#444a51")
CATEGORIES_DARK = ("#4ba8e0", "#ff8a3d", "#2fc79b", "#e79cc4", "#d9a64a", "#8fd0f5", "#b393d9", "#c3d04a", "#aab2bb")
_RATES = ("#1f4fa3", "#6b3fa6", "#b8357c", "#e5603d", "#f7a823")
_RATES_DARK = ("#4787ea", "#9a7bf0", "#e767ad", "#ff8d5f", "#ffd257")
#: How what people made is drawn beside what models make.
DOTS = (0, (1, 1.6))
#: How the true share of positives is drawn.
TRULY: dict[str, Any] = {"color": MUTED, "linewidth": 0.9, "linestyle": (0, (1, 2))}
#: Up to this many rates get a legend entry each; of more only some are named.
MAX_LEGEND = 12

#: Pixels of a figure's longer side at most, well below matplotlib's limit of 65,536.
_MOST_PIXELS = 30_000

_SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "figure.dpi": 100,
    "savefig.dpi": 220,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Use the project's matplotlib settings for the time of one figure."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)  # type: ignore[arg-type]
        yield


def ordered_colours(n: int, dark: bool = False) -> list[str]:
    """Return `n` colours from blue over magenta to amber, steadily lighter.

    The order survives colour blindness and grey print. `dark` gives the same hues for a dark page.
    """
    scale = LinearSegmentedColormap.from_list("rates", _RATES_DARK if dark else _RATES)
    return [to_hex(scale(float(x))) for x in ([0.5] if n == 1 else np.linspace(0, 1, n))]


def short_count(number: float, _position: object = None) -> str:
    """``12500`` as ``12.5k``: for axes."""
    return f"{number / 1000:g}k" if number >= 1000 else f"{number:g}"


def points(value: float, _position: object = None) -> str:
    """Percentage points with a sign, for axes: ``−0.5 pp``."""
    return f"{value:+g} pp".replace("-", "−") if round(value, 9) else "0 pp"


def is_ladder(sizes: Sequence[int]) -> bool:
    """Whether sizes grow by factors rather than by steps: their axis should then be logarithmic."""
    ordered = sorted(set(sizes))
    if len(ordered) < 3 or ordered[-1] < 8 * ordered[0]:
        return False
    steps = np.diff(ordered)
    largest = steps[1:-1].max(initial=steps[0])  # a last step cut short does not count
    return bool(largest > 2.5 * steps[0])


def size_axis(axes: Axes, sizes: Iterable[int], *, label: bool = True) -> None:
    """Make the x-axis one of training sizes: logarithmic for ladders, few round ticks either way."""
    ordered = sorted(set(sizes))
    if is_ladder(ordered):
        axes.set_xscale("log")
        is_wide = ordered[-1] > 100 * ordered[0]
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1.0,) if is_wide else (1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_locator(LogLocator(10, subs=range(2, 10)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(short_count))
    if label:
        axes.set_xlabel("documents seen")


def percent_axis(axes: Axes, *, whole: bool = False) -> None:
    """Show fractions on the y-axis as percentages; `whole` fixes it to 0 … 100 %."""
    if whole:
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(100 * value, 6):g} %"))


def pad_limits(low: float, high: float, least: float = 0.01) -> tuple[float, float]:
    """Limits of an axis that leave 6 % of room around data, and never zoom into less than `least`."""
    middle, half = (low + high) / 2, max((high - low) / 2 * 1.12, least / 2)
    return middle - half, middle + half


def new_figure(width: float, height: float, **space: Any) -> Figure:
    """Make an empty figure of so many inches; `space` is what a constrained layout leaves between panels."""
    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(**space))


@contextmanager
def styled_figure(width: float, height: float, **space: Any) -> Iterator[Figure]:
    """Use the project's settings while a figure is drawn; see `new_figure`."""
    with figure_style():
        yield new_figure(width, height, **space)


def grid_of(figure: Figure, n: int, n_rows: int, n_columns: int, **shared: Any) -> list[Axes]:
    """Return the axes of `n` panels, row by row; places that are left over stay empty."""
    grid = figure.subplots(n_rows, n_columns, squeeze=False, **shared).ravel()
    for unused in grid[n:]:
        unused.remove()
    return list(grid[:n])


def name_below(figure: Figure, n_columns: int, words: str) -> None:
    """Name the x-axis under the lowest panel of every column."""
    for axes in figure.axes[-n_columns:]:
        axes.set_xlabel(words)
        axes.tick_params(labelbottom=True)


def entry(label: str, color: str = MUTED, **look: Any) -> Line2D:
    """Make an entry of a legend."""
    return Line2D([], [], color=color, label=label, **look)


def legend_right(figure: Figure, handles: Sequence[Artist], title: str, **look: Any) -> None:
    """Put a legend to the right of all panels."""
    figure.legend(handles=list(handles), title=title, loc="outside right upper", alignment="left", **look)


def caption(figure: Figure, words: str, *, wrapped: bool = False) -> None:
    """Write small print under a figure."""
    lines = fill(words, int(16 * figure.get_figwidth())) if wrapped else words
    figure.supxlabel(lines, fontsize=7.2, color=MUTED, x=0.01, ha="left")


def render(figure: Figure, name: str, kinds: Sequence[str] = ("png", "svg")) -> dict[str, bytes]:
    """Return a finished figure as ``name.png`` and ``name.svg``; the same figure gives the same bytes.

    Figures of very many panels are written with fewer pixels: matplotlib has a limit.
    """
    files = {}
    for kind in kinds:
        metadata: dict[str, Any] = {"Software": MAKER} if kind == "png" else {"Date": None, "Creator": MAKER}
        buffer = io.BytesIO()
        with figure_style(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # names may be of any script
            mpl.rcParams["svg.hashsalt"] = name
            mpl.rcParams["savefig.dpi"] = min(mpl.rcParams["savefig.dpi"], _MOST_PIXELS / max(figure.get_size_inches()))
            figure.savefig(buffer, format=kind, metadata=metadata, bbox_inches="tight", pad_inches=0.08)
        files[f"{name}.{kind}"] = buffer.getvalue()
    return files


def grid_shape(n: int) -> tuple[int, int]:
    """Rows and columns for `n` panels: three or four columns, whichever leaves fewer places empty."""
    columns = min((3, 4), key=lambda c: (-n % c, c)) if n > 4 else min(n, 2)
    return math.ceil(n / columns), columns
