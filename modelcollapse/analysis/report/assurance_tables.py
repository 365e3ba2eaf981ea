"""The tables of what the conclusions stand on: seeds that fall, the margin, and where the spread comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from modelcollapse.analysis.formats import NO_VALUE, count, percent, percents, share, unsigned_pp
from modelcollapse.analysis.mechanism.survival import survival
from modelcollapse.analysis.report.cells import (
    NOTHING,
    Cell,
    Column,
    Table,
    axes_columns,
    estimate,
    make_table,
    tolerance_cell,
)
from modelcollapse.analysis.statistics.arms import RULE, at_size
from modelcollapse.analysis.statistics.power import variance_components
from modelcollapse.analysis.statistics.trends import EQUIVALENT, GAIN, LOSS, NEITHER, UNRELIABLE, margin_sensitivity

#: More rates than this in one cell are summed up.
MOST_RATES = 8
_VERDICTS = {
    LOSS: "lose more",
    EQUIVALENT: "equal",
    NEITHER: "neither shown",
    GAIN: "gain more",
    UNRELIABLE: "unreliable",
}


def survival_table(rows: pl.DataFrame) -> Table | None:
    """Show how many seeds' predictors degenerate and when; None where none does."""
    frame = survival(rows)
    if not frame["n_fallen"].sum():
        return None
    columns: list[Column] = [
        *axes_columns(rows),
        ("seeds", "n_seeds", count),
        ("fallen", "n_fallen", count),
        ("came back", "n_came_back", count),
        ("unfinished", "n_unfinished", count),
        ("share fallen at the end [95 %]", _fallen),
        ("half have fallen at [95 %], documents", _median),
    ]
    note = (
        "A seed has fallen at the first size from which its predictor calls less than 5 % or more than 95 % of the "
        "test set positive up to its last size; one that comes back has not. A seed falls at the size named or since "
        "the one looked at before. Share: Clopper and Pearson's interval; where chains are unfinished, Kaplan and "
        "Meier's share."
    )
    return make_table("Seeds that fall", note, frame, columns)


def _whole(fraction: float) -> str:
    return f"{100 * fraction:.0f} %"


def _fallen(row: dict[str, Any]) -> Cell:
    return Cell(f"{share(row['share'])} [{_whole(row['ci_low'])}, {_whole(row['ci_high'])}]", row["share"])


def _median(row: dict[str, Any]) -> Cell:
    beyond = f"> {count(row['n_seen'])}"
    middle, low, high = (
        beyond if row[name] is None else count(row[name]) for name in ("median_size", "median_low", "median_high")
    )
    if row["median_low"] is None:
        return Cell("not reached", 1e299)
    words = "not reached" if row["median_size"] is None else middle
    return Cell(f"{words} [{low}, {high}]", 1e298 if row["median_size"] is None else float(row["median_size"]))


def margins_table(rows: pl.DataFrame) -> Table | None:
    """Show at several margins which rates lose more than it, which lose none, and what rate it allows."""
    frame = margin_sensitivity(rows).drop_nulls("verdict")
    per_rule = frame.group_by(*RULE, "margin", maintain_order=True).agg(
        pl.col("n_seeds").min(),
        pl.col("tolerance", "tolerance_low", "tolerance_high").first(),
        pl.col("collapse_rate").max().alias("largest"),
        *(pl.col("collapse_rate").filter(pl.col("verdict") == verdict).alias(verdict) for verdict in _VERDICTS),
    )
    shown = [verdict for verdict in _VERDICTS if verdict in (LOSS, EQUIVALENT, NEITHER, *frame["verdict"])]
    columns: list[Column] = [
        *axes_columns(rows, rate=False),
        ("margin", "margin", _plus_minus),
        *((_VERDICTS[verdict], lambda row, verdict=verdict: _rates(row[verdict])) for verdict in shown),
        (
            "rate that costs the margin [95 %]",
            lambda row: tolerance_cell(row, "tolerance", "tolerance_low", "tolerance_high", row["largest"]),
        ),
        ("seeds", "n_seeds", count),
    ]
    note = (
        "Rates that lose (or gain) more than the margin, and that are equal to human labels only within it. Each of "
        "the two questions is corrected over the rates (Holm), so stricter than a test of one rate. The rate that "
        "costs the margin is interpolated between rates tested. A margin is to be chosen before looking."
    )
    return make_table("What hangs on the margin", note, per_rule, columns)


def _plus_minus(fraction: float) -> str:
    return f"± {unsigned_pp(fraction)}"


def _rates(rates: list[float]) -> Cell:
    few = len(rates) <= MOST_RATES
    words = percents(rates) if few else f"{len(rates)} rates from {percent(rates[0])} to {percent(rates[-1])}"
    return Cell(words if rates else NO_VALUE, float(len(rates)))


def describe_population(rows: pl.DataFrame, n_documents: int | None) -> str:
    """Say of what population an experiment's intervals speak; `n_documents` are those of its corpus."""
    if n_documents is None:
        return "Intervals speak of reshuffles of this corpus, not of other documents."
    final = at_size(rows)
    used = min(float((final["n_test"] + final["n_seen"]).max()) / n_documents, 1.0)  # type: ignore[arg-type]
    return (
        f"Intervals speak of reshuffles of this corpus, of which one seed uses {percent(round(used, 3))}, "
        "not of other documents."
    )


def _corpus(row: dict[str, Any]) -> Cell:
    if row["corpus_limit"] is None:
        return replace(NOTHING, text="not in the rows")
    limit = unsigned_pp(row["corpus_limit"])
    return Cell(f"not in the rows; its test documents up to {limit}", row["corpus_limit"])


def _spread(row: dict[str, Any], name: str) -> Cell:
    cell = estimate(f"{name}_sd", unsigned_pp, f"{name}_low", f"{name}_high")(row)
    return Cell(f"{cell.text} ◆", cell.key) if row["mixed"] else cell


def variance_table(rows: pl.DataFrame, n_documents: int | None) -> Table | None:
    """Show how much of the spread between seeds the test documents and the training make, and what no seed shows."""
    columns: list[Column] = [
        *axes_columns(rows),
        ("seeds", "n_seeds", count),
        ("sd over seeds [95 %]", lambda row: _spread(row, "total")),
        ("of test documents", "test_sd", unsigned_pp),
        ("of training [95 %]", lambda row: _spread(row, "training")),
        ("share of test documents", "test_share", _whole),
        ("of the corpus", _corpus),
        ("mean, other shuffles", "half_width", _plus_minus),
        ("mean, other such corpora", "population_half_width", _plus_minus),
    ]
    note = (
        f"{describe_population(rows, n_documents)} Accuracy at the final size; standard deviations, whose squares add "
        "up. Test documents: the error of a sample from the documents a chain has not seen"
        f"{'' if n_documents else ' (their number is not known: taken as endless)'}. Training: the rest – order of "
        "documents, the model's own randomness. Intervals are for a normal spread between seeds. Of the corpus: what "
        "all seeds share never varies between them, so rows of one corpus cannot say how another would do; "
        "known is a limit of what its test documents add, and the last column allows for that. To measure it, build a "
        "corpus of each half of the documents, run the same sweep on both, and compare the runs. ◆: some seeds have "
        "fallen and some have not: no standard deviation describes them. Differences within seeds share test documents "
        "and most of the corpus: their intervals suffer less."
    )
    frame = variance_components(rows, n_documents)
    return make_table("Where the spread between seeds comes from", note, frame, columns)
