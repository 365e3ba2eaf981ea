"""The tables of the report: what stands in them and how it is written."""

from __future__ import annotations

from typing import Any

import polars as pl

from modelcollapse.analysis.formats import (
    NO_VALUE,
    OVER_SEEDS,
    count,
    p_text,
    percent,
    pp,
    share,
    share_of_seeds,
    signed,
    unsigned_pp,
)
from modelcollapse.analysis.mechanism.degeneration import tipping, tipping_rates
from modelcollapse.analysis.mechanism.effective_size import effective_human_size
from modelcollapse.analysis.report.assurance_tables import margins_table, survival_table, variance_table
from modelcollapse.analysis.report.cells import (
    NOTHING,
    Cell,
    Column,
    Table,
    axes_columns,
    estimate,
    make_table,
    number,
    reliable_cell,
    rough,
    text,
    tolerance_cell,
    worth_cell,
)
from modelcollapse.analysis.report.curation_tables import curation_tables
from modelcollapse.analysis.report.mechanism_tables import (
    bound_table,
    decomposition_table,
    peaks_table,
    predictor_table,
    profile_table,
)
from modelcollapse.analysis.statistics.arms import ARM, RULE, AnalysisError
from modelcollapse.analysis.statistics.compare_rates import compare_rates, pairing_gain
from modelcollapse.analysis.statistics.curves import curves
from modelcollapse.analysis.statistics.power import power
from modelcollapse.analysis.statistics.seed_groups import ENOUGH_SEEDS
from modelcollapse.analysis.statistics.trends import tolerance, trend
from modelcollapse.analysis.study.compare import FRACTION, SLOPE, compare_published

#: Rates up to this one also get a trend of their own.
LOW_RATES = 0.1


def experiment_tables(rows: pl.DataFrame, margin: float, n_documents: int | None = None) -> dict[str, Table]:
    """Make every table that one experiment's prepared rows have data for, by kind.

    `n_documents` is the size of the corpus, where it is known.
    """
    made = {
        "differences": differences_table(rows, margin),
        "rules": rules_table(rows, margin),
        "profile": profile_table(rows, margin),
        "decomposition": decomposition_table(rows),
        **curation_tables(rows, margin),
        "peaks": peaks_table(rows),
        "predictor": predictor_table(rows),
        "bound": bound_table(rows),
        "survival": survival_table(rows),
        "margins": margins_table(rows),
        "precision": precision_table(rows, margin),
        "variance": variance_table(rows, n_documents),
        "curves": curves_table(rows),
        "published": published_table(rows, margin),
    }
    return {kind: table for kind, table in made.items() if table is not None}


def differences_table(rows: pl.DataFrame, margin: float) -> Table | None:
    """Show every rate against rate 0 at the final size, with what became of the predictor."""
    on = list(ARM)
    counted = tipping(rows).select(*on, "n_degenerate", all_seeds="n_seeds")
    human = effective_human_size(rows).select(
        *on, "human_size", "beyond", "calibrated", human_low="ci_low", human_high="ci_high"
    )
    frame = compare_rates(rows, margin=margin).filter(pl.col("generation") > 0).drop("n_degenerate")
    for other in (counted, human):
        frame = frame.join(other, on=on, how="left", maintain_order="left")
    columns: list[Column] = [
        *axes_columns(rows),
        ("seeds", "n_seeds", count),
        ("degenerate [95 %]", _degenerate),
        ("accuracy of the others", lambda row: number(row["mean_others"] if row["falls"] else None, share)),
        ("accuracy", "mean", share),
        ("human only", "reference", share),
        ("difference [95 %]", estimate("difference", pp)),
        ("p (Holm)", "p_holm", p_text),
        (f"equal ± {unsigned_pp(margin)}", "equivalent"),
        ("mean reliable", lambda row: text(None) if row["note"] else reliable_cell(row)),
        ("worth, human documents", worth_cell),
        ("of a calibrated sampler", _calibrated),
    ]
    note = (
        "Within seeds, at the final size. Equal: two one-sided tests at 5 %, each rate alone, and never where seeds "
        "fall or the mean is not reliable. Degenerate: seeds whose predictor calls less than 5 % or more than 95 % of "
        "the test set positive; ◆ marks seeds that fall into two groups. Where seeds fall or not, read that share and "
        f"the accuracy of the others: below {ENOUGH_SEEDS} seeds the interval of a mean is too narrow, often by far "
        "(mean reliable: no). Worth: the number of documents that, all labelled by people, give the same accuracy. "
        "Of a calibrated sampler: what the same mixture is worth to an ideal model that labels by draws from its own "
        "estimate (about 1 − 2 × rate of the documents); a benchmark of its parameters' error, no bound on accuracy. "
        f"{OVER_SEEDS}"
    )
    return make_table("Differences to human labels only", note, frame, columns)


def _degenerate(row: dict[str, Any]) -> Cell:
    mark = " ◆" if row["state"] == "mixed" else ""
    if row["n_degenerate"] is None:
        return Cell(NO_VALUE + mark, -1.0)
    k, n = row["n_degenerate"], row["all_seeds"]
    return Cell(share_of_seeds(k, n, "") + mark, k / n)


def _calibrated(row: dict[str, Any]) -> Cell:
    return number(row["calibrated"], lambda worth: count(rough(worth * row["n_seen"])))


def rules_table(rows: pl.DataFrame, margin: float) -> Table | None:
    """Show what each label rule costs per 1 %, what it tolerates, when it tips."""
    on = list(RULE)
    slopes = trend(rows).select(*on, slope="slope_pp", low="ci_low_pp", high="ci_high_pp")
    near = trend(rows, max_rate=LOW_RATES).select(*on, near="slope_pp", near_low="ci_low_pp", near_high="ci_high_pp")
    tips = tipping_rates(rows).select(*on, "tipping_rate", "first_rate")
    frame = tolerance(rows, margin)
    for other in (slopes, near, tips):
        frame = frame.join(other, on=on, how="left", maintain_order="left")
    columns: list[Column] = [
        *axes_columns(rows, rate=False),
        ("pp per 1 % [95 %]", estimate("slope", signed, "low", "high")),
        (f"the same up to {percent(LOW_RATES)}", estimate("near", signed, "near_low", "near_high")),
        (f"rate that costs {unsigned_pp(margin)} [95 %]", _tolerance),
        ("first degenerate seed", "first_rate", lambda rate: f"at {percent(rate)}"),
        ("half of the seeds", "tipping_rate", lambda rate: f"at {percent(rate)}"),
    ]
    note = (
        "Slopes within seeds, then over seeds. The rate that costs the margin lies between the rates tested that are "
        "named; the number is right if the loss is straight between them, and so are its bounds, where the limits of "
        f"the loss (97.5 % at each rate) reach the margin. {OVER_SEEDS}"
    )
    return make_table("Per label rule", note, frame, columns)


def _tolerance(row: dict[str, Any]) -> Cell:
    cell = tolerance_cell(row, "tolerance", "ci_low", "ci_high", row["largest_rate"])
    if row["tolerance"] is None:
        return cell
    return Cell(f"between {percent(row['below'])} and {percent(row['above'])}, about {cell.text}", cell.key)


def precision_table(rows: pl.DataFrame, margin: float) -> Table | None:
    """Show what the run can see, and what it would take to see more."""
    on = list(ARM)
    gain = pairing_gain(rows).select(*on, "variance_ratio")
    frame = power(rows, difference=margin).join(gain, on=on, how="left", maintain_order="left")
    columns: list[Column] = [
        *axes_columns(rows),
        ("seeds", "n_seeds", count),
        ("sd of differences", "sd", unsigned_pp),
        ("detectable", "detectable", unsigned_pp),
        ("after Holm", "detectable_holm", unsigned_pp),
        (f"seeds for {unsigned_pp(margin)} [95 %]", _seeds_needed),
        ("pairing worth", "variance_ratio", "× {:.1f} seeds".format),
    ]
    note = (
        "Detectable: the difference a paired t test at 5 % finds in four of five such runs, of one rate alone; after "
        "Holm: where it must pass the first step of the correction over all rates. Seeds: for one rate, uncorrected, "
        "from a spread that is itself known only within the factor that the bracket shows. Pairing worth: how many "
        "times as many seeds the same precision takes if every rate gets documents of its own."
    )
    return make_table("What this run can see", note, frame, columns)


def _seeds_needed(row: dict[str, Any]) -> Cell:
    """Seeds to two digits: no one knows more of them."""
    needed, low, high = (count(float(f"{row[name]:.2g}")) for name in ("seeds_needed", "seeds_low", "seeds_high"))
    return Cell(f"about {needed} [{low}, {high}]", float(row["seeds_needed"]))


def curves_table(rows: pl.DataFrame) -> Table | None:
    """Show mean, spread and interval at a few sizes."""
    table = curves(rows)
    sizes = table["n_seen"].unique().sort().to_list()
    wanted = {sizes[round(i * (len(sizes) - 1) / 4)] for i in range(5)}
    columns: list[Column] = [
        *axes_columns(rows),
        ("documents", "n_seen", count),
        ("seeds", "n_seeds", count),
        ("mean", "mean", _precise),
        ("sd", "sd", unsigned_pp),
        ("95 %, pointwise", lambda row: _mean_interval(row, "ci_low", "ci_high")),
        ("95 %, whole curve", lambda row: _mean_interval(row, "band_low", "band_high")),
        ("min", "min", _precise),
        ("max", "max", _precise),
    ]
    note = (
        "Accuracy over seeds, at a few of the sizes; the export has all of them. Pointwise: right in 95 % of runs at "
        "this size. Whole curve: right at all sizes of the curve at once in 95 % of runs (Bonferroni). "
        "Like all t intervals they are for a nearly normal spread of seeds: with a long tail (lognormal) they hold the "
        f"mean in 82–90 % of runs, and where seeds fall or not in fewer. {OVER_SEEDS}"
    )
    return make_table("Accuracy along the way", note, table.filter(pl.col("n_seen").is_in(list(wanted))), columns)


def _precise(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"


def _mean_interval(row: dict[str, Any], low: str, high: str) -> Cell:
    if row[low] is None:
        return NOTHING
    lower, upper = (100 * min(max(row[name], 0.0), 1.0) for name in (low, high))  # an accuracy is a share
    return Cell(f"[{lower:.2f}, {upper:.2f}]", row[low])


def published_table(rows: pl.DataFrame, margin: float) -> Table | None:
    """Show the run beside the published curves, where sizes and rates agree."""
    try:
        frame = compare_published(rows, margin).filter(pl.col("verdict") != "")
    except AnalysisError:
        return None

    columns: list[Column] = [
        ("kind", "kind"),
        ("quantity", "quantity"),
        ("from", "initial_size", count),
        ("rate", "collapse_rate", percent),
        ("documents", "n_seen", count),
        ("this run", lambda row: _quantity(row, "ours")),
        ("published", lambda row: _quantity(row, "published")),
        ("difference [95 %]", lambda row: estimate("difference", signed if row["unit"] == SLOPE else pp)(row)),
        ("verdict", "verdict"),
    ]
    note = (
        "Shapes should agree on any reviews; levels differ with the reviews. Published: means over independent seeds. "
        f"Agrees: equal within what ± {unsigned_pp(margin)} of accuracy makes of the quantity (two one-sided "
        "tests at 5 %). Differs: p < .05 after Holm's correction over all levels, or all shapes. Else compatible: "
        f"nothing is shown either way. {OVER_SEEDS}"
    )
    return make_table("Level and shape", note, frame.sort("kind", descending=True, maintain_order=True), columns)


def _quantity(row: dict[str, Any], name: str) -> Cell:
    form = "{:.2%}" if row["unit"] == FRACTION else "{:.3f}"
    return number(row[name], lambda found: form.format(found).replace("%", " %").replace("-", "−"))
