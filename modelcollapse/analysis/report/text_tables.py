"""Tables of what language models write: what is counted of it, and samples of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from modelcollapse.analysis.formats import count, share
from modelcollapse.analysis.report.cells import Cell, Column, Table, Writer, axes_columns, make_table, number, text
from modelcollapse.analysis.statistics.arms import ARM, at_size
from modelcollapse.analysis.statistics.curves import summarise
from modelcollapse.domains.generation.samples import N_WORDS
from modelcollapse.simulation.domain import Domain, Measure

#: What is said where a report has no samples.
NO_SAMPLES = "Samples of text are not shown: they are in a run’s folder, with vocabulary.json and chains above rate 0."

_WRITTEN = ("perplexity", "n_types", "tail_share", "distinct_2", "unseen_trigrams", "repetition")
#: Rows of samples; nobody reads more.
_MOST_SAMPLES = 60


def written_table(rows: pl.DataFrame, domain: Domain) -> Table | None:
    """Show what the last models of every arm of prepared rows write: means over seeds."""
    last = at_size(rows)
    frame = last.group_by(ARM, maintain_order=True).agg(pl.col("seed").n_unique().alias("n_seeds"))
    for name in _WRITTEN:
        means = summarise(last, list(ARM), name).with_columns(pl.col("ci_high") - pl.col("mean"))
        named = means.select(*ARM, pl.col("mean").alias(name), pl.col("ci_high").alias(f"{name}_half"))
        frame = frame.join(named, on=list(ARM), how="left", maintain_order="left")
    people = float(last["unseen_trigrams_human"].to_numpy().mean())
    note = (
        "In as many blocks as the test set has, which the last models write as their rule says: at every rate, also at "
        "rate 0 and under human-only, frozen and shuffled, as the model itself would. Perplexity is of the human test "
        f"set, {share(people)} of whose own trigrams are unseen; what a model copies of its training set is seen. "
        "±: 95 % intervals over seeds, each alone. No one measure tells all: smoothing writes what nobody would say, "
        "and cutting tails what everybody says."
    )
    columns: list[Column] = [*axes_columns(rows), ("seeds", "n_seeds", count)]
    columns += [(domain.measures[name].words, _mean(name, domain.measures[name])) for name in _WRITTEN]
    return make_table("What the last models write", note, frame, columns)


def _mean(name: str, measure: Measure) -> Writer:
    def cell(row: dict[str, Any]) -> Cell:
        half = "" if row[f"{name}_half"] is None else f" ± {measure.text(row[f'{name}_half'])}"
        return number(row[name], lambda mean: f"{measure.text(mean)}{half}")

    return cell


def samples_table(samples: pl.DataFrame | None, rows: pl.DataFrame) -> Table | None:
    """Show samples of one experiment (see `runs.run.Run.samples`), of the highest rate of every setting and rule."""
    name = rows["experiment"][0]
    if samples is None or (own := samples.filter(experiment=name)).is_empty():
        return None
    axes = [axis for axis in ARM if axis in own.columns and axis != "collapse_rate"]
    own = own.filter(pl.col("collapse_rate") == pl.col("collapse_rate").max().over(axes)).head(_MOST_SAMPLES)
    note = (
        f"Nothing is chosen: of the first seed the first {N_WORDS} words and signs of the first block that each model "
        "wrote into its next training set, and of what people wrote in the same place, which begins anywhere in a "
        "review. ¶: end of a text; /: line break; <unk>: any word that the vocabulary lacks."
    )
    columns: list[Column] = [
        *axes_columns(rows),
        ("generation", "generation", count),
        ("people wrote", lambda row: replace(text(row["people"]), is_long=True)),
        ("machine text: the model wrote", lambda row: replace(text(row["machine"]), is_long=True)),
    ]
    varying = own.with_columns(pl.lit(0).alias(axis) for axis in ("min_df", "max_ngram", "max_terms"))
    return make_table("Samples, by generation", note, varying, columns)
