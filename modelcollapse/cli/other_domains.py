"""What is printed of runs whose slots are no labels: where every arm began and ended, and laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import polars as pl

    from modelcollapse.simulation.domain import Domain

#: Axes of arms beside the rate, named where they differ.
_AXES = ("model", "model_params", "regime", "label_rule", "initial_size", "growth")


def print_measures(results: pl.DataFrame, domain: Domain) -> None:
    """Print the primary measure of every arm in its first and its last generation: means over seeds."""
    import polars as pl

    from modelcollapse.cli.tables import print_table
    from modelcollapse.simulation.domain import primary

    name, measure = primary(domain)
    axes = ["collapse_rate", *(axis for axis in _AXES if results[axis].n_unique() > 1)]
    by_size = results.group_by(*axes, "n_seen").agg(pl.len().alias("n_seeds"), pl.col(name).mean()).sort("n_seen")
    cells = [
        (
            f"{100 * arm[0]:g} %",
            *arm[1:],
            rows["n_seeds"][-1],
            f"{rows['n_seen'][0]:,} → {rows['n_seen'][-1]:,}",
            f"{measure.text(rows[name][0])} → {measure.text(rows[name][-1])}",
        )
        for arm, rows in sorted(by_size.group_by(axes), key=lambda group: group[0])
    ]
    titles = ("rate", *(axis.replace("_", " ") for axis in axes[1:]), "seeds", domain.slots, measure.words)
    print_table(titles, cells)


def print_laws(laws: pl.DataFrame) -> None:
    """Print how many values of each law are as they are due; nothing where no law applies."""
    import polars as pl

    from modelcollapse.cli.tables import print_table

    if laws.is_empty():
        return
    by_law = laws.group_by("world", "quantity", "regime", "rate", maintain_order=True).agg(
        pl.len(),
        pl.col("holds").sum().alias("hold"),
        (~pl.col("holds")).sum().alias("fail"),
        pl.col("holds").is_null().sum().alias("open"),
        (pl.col("found") / pl.col("due") - 1).abs().max().alias("off"),
    )
    cells = [
        (row["world"], row["quantity"], row["regime"], f"{100 * row['rate']:g} %", row["len"], row["hold"], row["fail"],
         row["open"], "–" if row["off"] is None else f"{row['off']:.1%}")
        for row in by_law.iter_rows(named=True)
    ]  # fmt: skip
    titles = ("law of", "quantity", "regime", "rate", "values", "hold", "fail", "undecided", "most off by")
    print_table(titles, cells)
    typer.echo("Intervals of all values of a world hold together in 95 % of runs; undecided ones need more seeds.")
