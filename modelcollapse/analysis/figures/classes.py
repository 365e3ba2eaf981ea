"""What becomes of every class: a panel for each, of more than ten classes the extremes."""

from __future__ import annotations

from textwrap import fill

import polars as pl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from modelcollapse.analysis.figures.learning_curves import describe_spread
from modelcollapse.analysis.figures.panels import add_legend, draw_lines, legend_title, panels
from modelcollapse.analysis.figures.style import DOTS, MUTED, caption, figure_style, percent_axis, size_axis
from modelcollapse.analysis.mechanism.classes import most_changed, names_of, with_classes
from modelcollapse.names import printable

#: Panels in a row.
_MOST_COLUMNS = 5
_TITLES = {"recalls": "recall", "predicted_shares": "share of predictions"}


def classes_figure(rows: pl.DataFrame, column: str) -> Figure:
    """Draw what a column says of each class – ``recalls`` or ``predicted_shares`` – as documents arrive.

    Parameters
    ----------
    rows : DataFrame
        Prepared, of one setting; of several label rules the loop's are drawn, or those of the first.
    column : {"recalls", "predicted_shares"}
        Of shares of predictions the true ones are dotted.
    """
    names = names_of(rows)
    shown = most_changed(rows, names)
    part = panels(with_classes(rows, column, names))[0]
    true = with_classes(part.rows, "true_shares", names)
    with figure_style():
        n_rows = -(-len(shown) // _MOST_COLUMNS)
        n_columns = -(-len(shown) // n_rows)
        figure = Figure(
            figsize=(1.9 + 2.1 * n_columns, 0.7 + 1.7 * n_rows),
            layout=ConstrainedLayoutEngine(hspace=0.05, wspace=0.03),
        )
        grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
        for place, axes in zip(shown, grid, strict=False):
            draw_lines(axes, part.lines, f"class_{place}")
            if column != "recalls":
                share = true[f"class_{place}"].mean()
                axes.axhline(share, color=MUTED, linewidth=1.2, linestyle=DOTS)
            size_axis(axes, part.rows["n_seen"].unique().to_list(), label=False)
            percent_axis(axes)
            axes.set_title(printable(names[place])[:24])
        for unused in grid[len(shown) :]:
            unused.remove()
        for axes in figure.axes[-n_columns:]:
            axes.set_xlabel("documents seen")
            axes.tick_params(labelbottom=True)
        for axes in figure.axes[::n_columns]:
            axes.set_ylabel(_TITLES[column])
        dotted = Line2D([], [], color=MUTED, linewidth=1.2, linestyle=DOTS, label="true share")
        add_legend(figure, part.lines, legend_title(rows), [] if column == "recalls" else [dotted])
        rule = f" Label rule: {part.title}." if part.title else ""
        chosen = "" if len(shown) == len(names) else f" Of {len(names)} classes those whose recall changed most."
        words = f"{describe_spread(rows)}{rule}{chosen}"
        caption(figure, fill(words, int(16 * figure.get_figwidth())))
        return figure
