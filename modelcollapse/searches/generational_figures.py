"""The evolutionary search: scores by generation, collapse rates against scores, and the lineages of the best."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from modelcollapse.analysis.figures.style import INK, MUTED, figure_style, ordered_colours, percent_axis
from modelcollapse.searches.generational import GENES, Genome


def lineages(variants: pl.DataFrame) -> pl.DataFrame:
    """Return the best variants with their ancestors: one row for every step of a lineage.

    ``rank`` of the variant it leads to, ``steps_back`` (0 for that variant), ``variant`` (``generation/number``),
    ``score, sd, collapse_rate, inherited_rate, wrong_labels``, ``has_parent`` (is known), ``changed`` (from → to,
    against its parent or else the study's parameters) and its parameters. Best first, descendants before ancestors.
    """
    by_name = {(row["generation"], row["number"]): row for row in variants.iter_rows(named=True)}
    best = variants.filter("is_best").sort("score", descending=True, maintain_order=True)
    rows = []
    for rank, first in enumerate(best.iter_rows(named=True), start=1):
        row: dict[str, Any] | None = first
        steps = 0
        while row is not None:
            parent = by_name.get((row["parent_generation"], row["parent_number"]))
            rows.append(
                {
                    "rank": rank,
                    "steps_back": steps,
                    "variant": f"{row['generation']}/{row['number']}",
                    **{key: row[key] for key in ("score", "sd", "collapse_rate", "inherited_rate", "wrong_labels")},
                    "has_parent": parent is not None,
                    "changed": _changes(asdict(Genome()) if parent is None else parent, row),
                    **{gene: row[gene] for gene in GENES},
                }
            )
            row, steps = parent, steps + 1
    return pl.DataFrame(rows, infer_schema_length=None)


def search_figure(variants: pl.DataFrame) -> Figure:
    """Draw score by generation (every variant, the best so far, the mean), and by collapse rate (every child)."""
    last = int(variants["generation"].max())  # type: ignore[arg-type]
    colours = ordered_colours(last + 1)
    by_generation = variants.group_by("generation").agg(pl.col("score").mean(), best=pl.col("score").max())
    by_generation = by_generation.sort("generation").with_columns(pl.col("best").cum_max())
    with figure_style():
        figure = Figure(figsize=(9.4, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        sideways = np.random.default_rng(0).uniform(-0.25, 0.25, variants.height)
        for generation in range(last + 1):
            born = (variants["generation"] == generation).to_numpy()
            some = variants.filter(born)
            dots: dict[str, Any] = {"s": 9, "color": colours[generation], "alpha": 0.6, "linewidths": 0, "zorder": 4}
            left.scatter(generation + sideways[born], some["score"], **dots)
            if generation:
                right.scatter(some["collapse_rate"], some["score"], **dots, label=f"generation {generation}")
        x = by_generation["generation"].to_numpy()
        left.plot(x, by_generation["best"], color=INK, marker="o", markersize=3.5, label="best so far", zorder=6)
        left.plot(x, by_generation["score"], color=MUTED, linewidth=1, label="mean of the generation", zorder=5)
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.set_xlabel("generation")
        left.set_title("Accuracy by generation")
        percent_axis(left)
        right.set_title("Accuracy of children by collapse rate")
        right.set_xlabel("share of labels that are the parent's")
        right.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        figure.legend(loc="outside right upper")
        return figure


def _changes(parent: dict[str, Any], child: dict[str, Any]) -> str:
    return ", ".join(f"{gene} {parent[gene]} → {child[gene]}" for gene in GENES if parent[gene] != child[gene])
