#!/usr/bin/env python
"""Compare the histories that our forest and scikit-learn's give.

Runs one sweep with both as learners – same documents, same self-labelled positions, different trees – and compares them
within seeds at every collapse rate and size. Equal distributions give differences around zero: the script fails if any,
Holm-corrected over all of them, is significant at 5 % (so it fails by chance once in twenty runs).

    python scripts/compare_forests.py --corpus movies --seeds 10 --out runs/compare-forests
"""

from __future__ import annotations

import argparse
import sys

import polars as pl
from matplotlib.figure import Figure

from modelcollapse import Sweep, load_corpus, run_sweep
from modelcollapse.analysis.figures.style import CATEGORIES, figure_style, render, size_axis
from modelcollapse.analysis.formats import percent
from modelcollapse.analysis.statistics.inference import holm, mean_of
from modelcollapse.cli.tables import print_table

MODELS = ("forest", "forest-sklearn")
METRICS = ("accuracy", "roc_auc", "predicted_positive_rate")


def paired_differences(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per metric, rate and size: mean difference (ours − scikit-learn's), interval, corrected p."""
    key = ["collapse_rate", "n_seen", "seed"]
    ours, theirs = (rows.filter(model=model).select(*key, *METRICS) for model in MODELS)
    pairs = ours.join(theirs, on=key, suffix="_theirs")
    records = []
    for (rate, size), group in pairs.sort(key).group_by(["collapse_rate", "n_seen"], maintain_order=True):
        for metric in METRICS:
            estimate = mean_of((group[metric] - group[f"{metric}_theirs"]).to_numpy())
            low, high = estimate.interval()
            records.append(
                {
                    "metric": metric,
                    "collapse_rate": rate,
                    "n_seen": size,
                    "ours": group[metric].mean(),
                    "theirs": group[f"{metric}_theirs"].mean(),
                    "difference": estimate.value,
                    "low": low,
                    "high": high,
                    "p": estimate.p_value(),
                }
            )
    table = pl.DataFrame(records).sort("metric", "collapse_rate", "n_seen")
    return table.with_columns(p_holm=pl.Series(holm(table["p"].to_list())))


def draw(rows: pl.DataFrame) -> Figure:
    """Draw both forests' curves with the spread of their seeds, one panel per rate."""
    rates = rows["collapse_rate"].unique().sort().to_list()
    with figure_style():
        figure = Figure(figsize=(3.1 * len(rates), 2.9), layout="constrained")
        for axes, rate in zip(figure.subplots(1, len(rates), sharey=True), rates, strict=True):
            for model, colour in zip(MODELS, CATEGORIES, strict=False):
                here = rows.filter((pl.col("model") == model) & (pl.col("collapse_rate") == rate))
                curve = (
                    here.group_by("n_seen")
                    .agg(mean=pl.col("accuracy").mean(), low=pl.col("accuracy").min(), high=pl.col("accuracy").max())
                    .sort("n_seen")
                )
                axes.plot(curve["n_seen"], curve["mean"], color=colour, marker="o", markersize=3, label=model)
                axes.fill_between(curve["n_seen"], curve["low"], curve["high"], color=colour, alpha=0.12, linewidth=0)
            axes.set_title(f"{percent(rate)} self-labelled")
            size_axis(axes, rows["n_seen"].unique().sort().to_list())
        figure.axes[0].set_ylabel("accuracy (mean and range of the seeds)")
        figure.axes[0].legend(frameon=False)
    return figure


def main() -> None:
    """Run, compare, draw, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default="movies")
    parser.add_argument("--seeds", default="10")
    parser.add_argument("--trees", type=int, default=1000)
    parser.add_argument("--out", default="runs/compare-forests")
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    sweep = Sweep(
        experiment="compare-forests",
        model=MODELS,
        rates=[0, 0.3, 1],
        seeds=given.seeds,
        initial_size=1000,
        final_size=3000,
        increment=500,
        test_size=5000,
        trees=given.trees,
    )
    run = run_sweep(sweep, load_corpus(given.corpus), given.out, workers=given.workers, progress=True)
    rows = run.results().filter(pl.col("experiment") == sweep.experiment)
    table = paired_differences(rows)
    print_table(
        ("metric", "rate", "documents", "ours", "scikit-learn", "difference", "95 % interval", "p (Holm)"),
        [
            (
                row["metric"],
                percent(row["collapse_rate"]),
                f"{row['n_seen']:,}",
                f"{row['ours']:.4f}",
                f"{row['theirs']:.4f}",
                f"{row['difference']:+.4f}",
                f"{row['low']:+.4f} … {row['high']:+.4f}",
                f"{row['p_holm']:.2f}",
            )
            for row in table.iter_rows(named=True)
        ],
    )
    covering = table.filter((pl.col("low") <= 0) & (pl.col("high") >= 0)).height
    smallest = min(table["p_holm"].to_list())
    print(f"{covering} of {table.height} intervals cover 0; smallest corrected p: {smallest:.3f}")
    for name, content in render(draw(rows), "figures/compare-forests").items():
        run.folder.write(name, content)
        print(run.folder.path(name))
    seconds = rows.group_by("model").agg(pl.col("fit_seconds").sum()).sort("model")
    print("seconds of training: " + ", ".join(f"{name} {total:.0f}" for name, total in seconds.rows()))
    if smallest < 0.05:
        sys.exit("The forests differ.")


if __name__ == "__main__":
    main()
