"""The report of any domain: its measures against people's own slots, and what the laws say where there are laws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from modelcollapse.analysis.figures.draw_all import drawings
from modelcollapse.analysis.figures.measures import law_of
from modelcollapse.analysis.formats import (
    axis_words,
    count,
    p_text,
    percent,
    percents,
    pp,
    rule_order,
    share_of_seeds,
    with_bounds,
)
from modelcollapse.analysis.mechanism.effective_size import effective_human_size
from modelcollapse.analysis.report.cells import (
    Cell,
    Column,
    Table,
    axes_columns,
    estimate,
    make_table,
    reliable_cell,
    text,
    worth_cell,
)
from modelcollapse.analysis.report.class_tables import class_caveats, classes_table
from modelcollapse.analysis.report.curation_tables import curation_tables
from modelcollapse.analysis.report.inline_svg import InlineFigures
from modelcollapse.analysis.report.mechanism_tables import profile_table
from modelcollapse.analysis.report.page import (
    CAPTIONS,
    LEAD,
    About,
    Report,
    Section,
    pictures_of,
    render_page,
    rows_shown,
)
from modelcollapse.analysis.report.text_tables import NO_SAMPLES, samples_table, written_table
from modelcollapse.analysis.statistics.arms import ARM, SETTING, varying_axes
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.power import power
from modelcollapse.analysis.statistics.trends import trend
from modelcollapse.domains.generation.domain import Generation
from modelcollapse.domains.multiclass.domain import Multiclass
from modelcollapse.simulation.domain import Domain, Measure, primary

_LEAD = (
    "A model is trained on what people made. New slots arrive; a share of them – the collapse rate – is filled by the "
    "model itself; it is retrained on everything; and so on. What does the loop do to the model, and how sure is that?"
)
_OVER_SEEDS = "Intervals: 95 %, over seeds. Each holds alone, not all of them jointly, unless it says so."
_VERDICTS = {True: "holds", False: "is broken", None: "not shown"}


def build_measures_report(
    results: pl.DataFrame,
    about: About,
    domain: Domain,
    judged: pl.DataFrame | None = None,
    margin: float = 0.005,
    samples: pl.DataFrame | None = None,
) -> Report:
    """Compute a report from the rows of a run of any domain; `judged` is what `runs.laws.judge` says of them.

    `margin` is the harm that the profile counts as none; `samples` are texts as `runs.run.Run.samples` returns them.
    """
    rows, unsound = rows_shown(results, about)
    images = InlineFigures()
    curves = f"What happens as {domain.slots} arrive." + ("" if judged is None else " Dashed: what the law says.")
    pictures = pictures_of(drawings(rows, margin, judged), images, CAPTIONS | {"curves": curves})
    sections = []
    for (key,), group in rows.group_by(["experiment"], maintain_order=True):
        name = str(key)
        tables = {
            "laws": _laws_table(group, judged),
            "differences": _differences_table(group, domain),
            "rules": _trend_table(group, domain),
            "profile": profile_table(group, margin),
        }
        said = [*([unsound[name]] if name in unsound else []), *domain.caveats]
        if domain.name == Generation.name:
            tables |= {"written": written_table(group, domain), "samples": samples_table(samples, group)}
            said += [NO_SAMPLES] if tables["samples"] is None else []
        if domain.name == Multiclass.name:
            tables |= {"classes": classes_table(group), **curation_tables(group, margin)}
            said = [*class_caveats(group), *said]
        sections.append(
            Section(
                name,
                measured_headline(group, domain, judged),
                _setup(group, domain),
                claims=(),
                caveats=said,
                pictures=pictures[name],
                tables={kind: table for kind, table in tables.items() if table},
            )
        )
    is_labelled = domain.name == Multiclass.name
    cost = "What self-labels cost" if is_labelled else f"What {domain.slots} of the model cost"
    return render_page(about, sections, images, lead=LEAD if is_labelled else _LEAD, note=_OVER_SEEDS, cost=cost)


def measured_headline(rows: pl.DataFrame, domain: Domain, judged: pl.DataFrame | None = None) -> str:
    """Say in a sentence what prepared rows of one experiment show: of their laws, or of the highest rate.

    All intervals of a world's laws hold together (95 %).
    """
    if judged is not None and not (laws := _laws(rows, judged)).is_empty():
        n = laws.height
        held, broken = laws.filter("holds").height, laws.filter(~pl.col("holds")).height
        rest = f"; {broken} of them {'is' if broken == 1 else 'are'} broken" if broken else ""
        unknown = f"; of {n - held - broken} more seeds are needed to tell" if n > held + broken else ""
        curves = f"{n} curve{'s' * (n > 1)}"
        return f"{held} of {curves} shown to obey the law in every generation (95 %, jointly){rest}{unknown}."
    name, measure = primary(domain)
    compared = _compared(rows, name)
    if compared.is_empty():
        return f"There are no chains at rate 0 with other rates beside them: no effect on {measure.words} can be shown."
    highest = compared.filter(pl.col("collapse_rate") == pl.col("collapse_rate").max())
    top = min(highest.iter_rows(named=True), key=lambda row: rule_order(row["label_rule"]))
    filled, found = percents([top["collapse_rate"]]), measure.text(top["mean"])
    axes = [axis for axis in varying_axes(rows) if axis != "experiment"]
    words = (
        f"{filled} {domain.verb} by the model, {measure.words} is {found} after {count(top['n_seen'])} {domain.slots}, "
        f"of people alone {measure.text(top['reference'])}: a difference of "
        f"{with_bounds(top['difference'], top['ci_low'], top['ci_high'], _signed(measure))}."
    )
    if top["n_degenerate"] and not top["reliable"]:
        seeds = share_of_seeds(top["n_degenerate"], top["n_seeds"])
        words += f" But {seeds} call nearly everything one class: no mean describes that, and no interval of it holds."
    if not axes:
        return f"With {words}"
    setting = ", ".join(axis_words(axis, top[axis]) for axis in axes).replace("documents", domain.slots)
    return f"{setting}, one of several settings: with {words}"


def _compared(rows: pl.DataFrame, metric: str) -> pl.DataFrame:
    return compare_rates(rows, metric).filter(pl.col("generation") > 0)


def _laws(rows: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each arm and quantity that has a law: what holds in all generations, and the last of them.

    A curve holds if it is shown to in every generation, and is broken if it is in one.
    """
    by = ["model", "model_params", "initial_size", "growth", "regime", "collapse_rate", "quantity"]
    all_hold = pl.when((~pl.col("holds")).any()).then(False).when(pl.col("holds").is_not_null().all()).then(True)
    last = ("n_seen", "due", "least", "most", "found", "ci_low", "ci_high")
    return (
        law_of(rows, judged)
        .sort("n_seen")
        .group_by(by, maintain_order=True)
        .agg(pl.len().alias("generations"), pl.col("n").min(), all_hold.alias("holds"), pl.col(*last).last())
    )


def _laws_table(rows: pl.DataFrame, judged: pl.DataFrame | None) -> Table | None:
    if judged is None:
        return None
    return make_table(
        "The laws",
        "Values of the last generation that a law speaks of. Intervals: all of a world together, 95 %. A law holds "
        "where every generation's interval lies within its margin, is broken where one lies outside, and is not shown "
        "where an interval is too wide to tell.",
        _laws(rows, judged),
        [
            ("world", "model"),
            ("regime", "regime"),
            ("rate", "collapse_rate", percent),
            ("quantity", lambda row: text(row["quantity"].replace("_", " "))),
            ("seeds", "n", count),
            ("generations", "generations", count),
            ("due", _due),
            ("found", estimate("found", "{:.4g}".format)),
            ("law", lambda row: text(_VERDICTS[row["holds"]])),
        ],
    )


def _differences_table(rows: pl.DataFrame, domain: Domain) -> Table | None:
    """Show every arm beside people alone; a size of theirs is worth as much where the measure is as good."""
    name, measure = primary(domain)
    frame = _compared(rows, name)
    kept = rows.filter(regime="accumulate")  # in other regimes more from people does no better
    if measure.better != "neither" and not kept.is_empty():
        upward = kept.with_columns(pl.col(name) * (1 if measure.better == "more" else -1))
        worth = effective_human_size(upward, name).select(
            *ARM, "human_size", "beyond", human_low="ci_low", human_high="ci_high"
        )
        frame = frame.join(worth, on=list(ARM), how="left", maintain_order="left")
    frame = frame.join(
        power(rows, metric=name).select(*ARM, "detectable"), on=list(ARM), how="left", maintain_order="left"
    )
    columns: list[Column] = [
        *axes_columns(rows),
        ("seeds", "n_seeds", count),
        (measure.words, "mean", measure.text),
        ("people alone", "reference", measure.text),
        ("difference [95 %]", estimate("difference", _signed(measure))),
        ("p (Holm)", "p_holm", p_text),
        ("detectable", "detectable", measure.text),
    ]
    note = "Differences to people alone, within seeds. Detectable: what a paired t test at 5 % finds in 80 % of runs. "
    if frame["n_degenerate"].sum():
        columns.append(("degenerate", lambda row: text(share_of_seeds(row["n_degenerate"], row["n_seeds"]))))
        columns.append((f"{measure.words} of the others", "mean_others", measure.text))
        columns.append(("mean reliable", reliable_cell))
    if "human_size" in frame.columns:
        columns.append((f"worth, human {domain.slots} [95 %]", worth_cell))
        note += "Worth, where everything is kept: how much of what people alone make does as well. "
    return make_table(f"{measure.words.capitalize()} at the end", note + _OVER_SEEDS, frame, columns)


def _trend_table(rows: pl.DataFrame, domain: Domain) -> Table | None:
    name, measure = primary(domain)
    slopes = trend(rows, name).with_columns(pl.col("slope_pp", "ci_low_pp", "ci_high_pp") / 100)
    return make_table(
        f"{measure.words.capitalize()} by rate",
        f"A straight line over all rates, within seeds where they are shared. {_OVER_SEEDS}",
        slopes,
        [
            *axes_columns(rows, rate=False),
            ("seeds", "n_seeds", count),
            ("rates", "n_rates", count),
            ("per 1 % [95 %]", estimate("slope_pp", _signed(measure), "ci_low_pp", "ci_high_pp")),
            ("p", "p", p_text),
        ],
    )


def _due(row: dict[str, Any]) -> Cell:
    if row["due"] is None:
        return Cell(f"{row['least']:.4g} … {row['most']:.4g}", row["least"])
    return Cell(f"{row['due']:.4g}", row["due"])


def _signed(measure: Measure) -> Callable[[float], str]:
    """Return how a difference of a measure is written."""
    return pp if measure.unit == "share" else lambda value: f"{value:+.4g}".replace("-", "−")


def _setup(rows: pl.DataFrame, domain: Domain) -> str:
    settings = rows.select(SETTING).n_unique()
    seeds, rates = rows["seed"].n_unique(), rows["collapse_rate"].unique().sort().to_list()
    models = ", ".join(
        f"{model} ({params})" if params else str(model)
        for model, params in rows.select("model", "model_params").unique(maintain_order=True).iter_rows()
    )
    return (
        f"Domain {domain.name}. Models: {models}; {settings} setting{'s' * (settings > 1)}; from "
        f"{count(rows['n_seen'].min())} to {count(rows['n_seen'].max())} {domain.slots}; "  # type: ignore[arg-type]
        f"rates {percents(rates)}; {seeds} seed{'s' * (seeds > 1)}."
    )
