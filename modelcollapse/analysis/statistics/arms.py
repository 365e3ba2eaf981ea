"""Which rows belong together: settings, arms, and the pairing of every arm with its reference.

A *setting* is everything that two arms must share to be compared: all axes of a chain but seed, label rule and collapse
rate. An *arm* is a setting with a label rule and a collapse rate: it has every seed once. At rate 0 no label is ever
made by the model, so one chain (label rule ``none``) is the reference of all label rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from modelcollapse.analysis.statistics.frames import groups
from modelcollapse.domains.catalogue import DOMAINS
from modelcollapse.errors import ModelCollapseError
from modelcollapse.execution.store.record import SCHEMA
from modelcollapse.simulation.domain import Domain, primary
from modelcollapse.simulation.rows import ADDED, AXES
from modelcollapse.sweeps.experiments import STUDY
from modelcollapse.sweeps.sweep_fields import EXPERIMENT_NAME

SETTING = ("experiment", *(axis for axis in AXES if axis not in ("seed", "label_rule", "collapse_rate")))
RULE = (*SETTING, "label_rule")
ARM = (*RULE, "collapse_rate")
#: What settings share that differ in nothing but where they start.
STARTS = tuple(axis for axis in SETTING if axis != "initial_size")
#: What two rows of two arms of a setting share when they saw the same documents at the same moment. The size follows
#: from the generation, but for a last step cut short by another final size.
PAIR = (*SETTING, "seed", "generation", "n_seen")
#: Growth up a ladder of sizes, as rows write it.
LADDER = re.compile(r"[0-9]{1,15}(,[0-9]{1,15})*")
#: Label rule of the chains in which people label everything.
NO_RULE = "none"

_NEEDED = (*(axis for axis in ARM if axis not in ADDED), "seed", "generation", "n_seen", "n_train")


class AnalysisError(ModelCollapseError):
    """Rows cannot be analysed as asked."""


class PairingError(AnalysisError):
    """Arms that must be identical are not: the rows are no paired design."""


def prepare(results: pl.DataFrame) -> pl.DataFrame:
    """Check, deduplicate and sort the rows of one or more runs.

    Without the column ``experiment`` they are one experiment named ``run``. Rows are sorted by arm, seed and
    generation; experiments of the study come first, in its order. No axis is null: 0 is "no limit" of ``max_terms``
    and, like an empty ``growth``, what older versions did not record. All starts of one ladder have the same
    ``growth``. AnalysisError says what rows lack, or that a seed has two chains in one arm.
    """
    if "experiment" not in results.columns:
        results = results.with_columns(experiment=pl.lit("run"))
    domain = domain_shown(results)
    main = primary(domain)[0]
    if domain.name != "classification":  # others may have neither
        lacking = {"n_test": pl.lit(0, pl.Int64), "predicted_positive_rate": pl.lit(None, pl.Float64)}
        results = results.with_columns(value.alias(name) for name, value in lacking.items() if name not in results)
    missing = [name for name in (*_NEEDED, main) if name not in results.columns]
    if missing:
        raise AnalysisError(f"The results lack {', '.join(missing)}. Use rows written by modelcollapse run.")
    if results.is_empty():
        raise AnalysisError("There are no results yet: no generation is finished. Start the run, or wait for it.")
    _check_names(results["experiment"])
    places = {name: place for place, name in enumerate(STUDY)}
    place = pl.col("experiment").replace_strict(places, default=len(STUDY), return_dtype=pl.Int64)
    rows = (
        _one_growth_per_ladder(_without_nulls(results))
        .with_columns(label_rule=pl.when(pl.col("collapse_rate") == 0).then(pl.lit(NO_RULE)).otherwise("label_rule"))
        .unique([*ARM, "seed", "generation", "n_seen", main], keep="first", maintain_order=True)
        .sort(place, *ARM, "seed", "generation")
    )
    _check_seeds(rows)
    return rows


def domain_shown(rows: pl.DataFrame) -> Domain:
    """Return the domain whose measures rows have, the primary one and most others; classification if there is none."""
    columns = {*rows.columns}
    domains = [domain for domain in DOMAINS.values() if primary(domain)[0] in columns]
    return max(domains, key=lambda domain: len(columns & domain.measures.keys()), default=DOMAINS["classification"])


def main_measure(rows: pl.DataFrame) -> str:
    """Return the primary measure of the domain whose rows these are."""
    return primary(domain_shown(rows))[0]


def _without_nulls(results: pl.DataFrame) -> pl.DataFrame:
    """Fill the axes: nulls would form groups of their own, and match nothing in a join."""
    missing = [pl.lit(None, SCHEMA[axis]).alias(axis) for axis in ADDED if axis not in results.columns]
    filled = [pl.col(axis).fill_null("" if SCHEMA[axis] == pl.String() else 0) for axis in ADDED]
    return results.with_columns(missing).with_columns(filled)


def _one_growth_per_ladder(rows: pl.DataFrame) -> pl.DataFrame:
    """Name a ladder alike for all its starts: each chain's own text holds the sizes above its initial one alone.

    A text becomes the longest of its experiment that has the same sizes above the initial size. So two chains with one
    initial size get one text only if they had one before.
    """
    kinds = rows.select("experiment", "initial_size", "growth").unique().sort("experiment", "initial_size", "growth")
    ladders = kinds.filter(~pl.col("growth").str.starts_with("+"))
    if ladders.group_by("experiment").agg(pl.col("growth").n_unique()).filter(pl.col("growth") > 1).is_empty():
        return rows
    names = {}
    for experiment, start, text in ladders.iter_rows():
        known = ladders.filter(experiment=experiment)["growth"].unique()
        alike = (other for other in known if growth_above(other, start) == growth_above(text, start))
        names[experiment, start, text] = max(alike, key=lambda other: (other.count(","), other))
    growth = [names.get(key, key[-1]) for key in rows.select("experiment", "initial_size", "growth").iter_rows()]
    return rows.with_columns(growth=pl.Series(growth, dtype=pl.String))


def growth_above(growth: str, initial_size: int) -> str:
    """Return what a chain's growth is by itself: of a ladder only the sizes above its initial one."""
    if not LADDER.fullmatch(growth):
        return growth
    return ",".join(size for size in growth.split(",") if int(size) > initial_size)


def with_own_growth(arms: pl.DataFrame) -> pl.DataFrame:
    """Name growth as chains do, not as the ladder of all starts."""
    own = [growth_above(growth, start) for growth, start in arms.select("growth", "initial_size").iter_rows()]
    return arms.with_columns(growth=pl.Series(own, dtype=pl.String))


def _check_seeds(rows: pl.DataFrame) -> None:
    """Raise AnalysisError if a seed has two rows of one size in an arm: it would count twice."""
    twice = rows.filter(pl.len().over(*ARM, "seed", "n_seen") > 1)
    if not twice.is_empty():
        first = twice.row(0, named=True)
        raise AnalysisError(
            f"In '{first['experiment']}' seed {first['seed']} has more than one chain at rate "
            f"{first['collapse_rate']:g} ({first['model']}, {first['label_rule']}, {first['n_seen']:,} documents), "
            "and no column tells them apart: the rows mix runs or versions, or were exported by a version that did not "
            "record how chains grow. Export each run anew, and look at one at a time."
        )


def _check_names(experiments: pl.Series) -> None:
    """Refuse names that a `Sweep` could not have: figures' files, ids and captions are made of them."""
    for name in experiments.unique(maintain_order=True):
        if not (isinstance(name, str) and re.fullmatch(EXPERIMENT_NAME, name) and name.isprintable()):
            raise AnalysisError(
                f"experiment: found {str(name)[:100]!r}, expected a name of at most 100 letters, digits, '.', '_', '-'."
            )


def once_per_seed(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Of several starts that pass the same size, keep the earliest of each seed: else the seed would count twice."""
    return rows.sort("initial_size", maintain_order=True).unique(
        [*by, "n_seen", "seed"], keep="first", maintain_order=True
    )


def references(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in which people label everything (collapse rate 0)."""
    return rows.filter(pl.col("collapse_rate") == 0)


def treated(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of arms in which the model labels a part (collapse rate above 0)."""
    return rows.filter(pl.col("collapse_rate") > 0)


def with_reference(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the rate-0 rows repeated under every label rule of their setting, for one panel or table per rule.

    A setting that has nothing but rate 0 keeps it under the rule ``none``.
    """
    rules = treated(rows).select(*SETTING, rule="label_rule").unique()
    copies = references(rows).join(rules, on=list(SETTING), how="left")
    copies = copies.with_columns(label_rule=pl.coalesce("rule", "label_rule")).drop("rule")
    return pl.concat([copies, treated(rows)]).sort(*ARM, "seed", "generation")


def at_size(rows: pl.DataFrame, n_seen: int | None = None) -> pl.DataFrame:
    """Rows at one size: `n_seen` (AnalysisError if no chain has it), or the largest size of each setting."""
    if n_seen is None:
        return rows.filter(pl.col("n_seen") == pl.col("n_seen").max().over(SETTING))
    found = rows.filter(pl.col("n_seen") == n_seen)
    if found.is_empty():
        sizes = rows["n_seen"].unique().sort().to_list()
        listed = ", ".join(f"{s:,}" for s in (sizes if len(sizes) <= 8 else [*sizes[:4], *sizes[-4:]]))
        raise AnalysisError(f"There is no generation with {n_seen:,} documents. Sizes in the results: {listed}.")
    return found


def comparable(rows: pl.DataFrame) -> pl.DataFrame:
    """Cut unfinished rows, setting by setting, at the largest size where the arms can be compared.

    That is the largest size, after the first, that two seeds have reached in every arm begun; or one seed; or, if no
    seed has, the largest there is.
    """
    return pl.concat([_cut(group) for _, group in rows.group_by(SETTING, maintain_order=True)])


def _cut(setting: pl.DataFrame) -> pl.DataFrame:
    n_arms = setting.select("label_rule", "collapse_rate").n_unique()
    grown = setting.filter(pl.col("generation") > 0).group_by("n_seen", "seed").agg(arms=pl.len())
    seeds = grown.filter(pl.col("arms") == n_arms).group_by("n_seen").len()
    for enough in (2, 1):
        sizes = seeds.filter(pl.col("len") >= enough)["n_seen"]
        if not sizes.is_empty():
            return setting.filter(pl.col("n_seen") <= sizes.max())
    return setting


def loop_or_all(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what an experiment is first about: the loop of the study, or all rows where it is not among them."""
    loop = study_loop(rows)
    return rows if loop.is_empty() else loop


def widest(rows: pl.DataFrame) -> pl.DataFrame:
    """Of several settings return the one with most rates and sizes; no rows of none."""
    settings = (setting for _, setting in rows.group_by(SETTING, maintain_order=True))
    return max(settings, key=lambda one: (one["collapse_rate"].n_unique(), one["n_seen"].n_unique()), default=rows)


def study_loop(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the study's loop: argmax and accumulate, and of everything else what most rows have.

    That is one model in all experiments, and in each of them one regime, growth rule, test size and choice of terms.
    """
    loop = rows.filter(pl.col("label_rule").is_in(["argmax", "none"]))
    if "accumulate" in loop["regime"]:
        loop = loop.filter(pl.col("regime") == "accumulate")
    model = _commonest(loop, [], ["model", "model_params"])
    return _commonest(model, ["experiment"], [axis for axis in STARTS if axis != "experiment"])


def _commonest(rows: pl.DataFrame, within: list[str], axes: list[str]) -> pl.DataFrame:
    """Rows with those values on some axes that most rows have."""
    keys = [*within, *axes]
    counted = rows.group_by(keys).len().sort("len", *keys, descending=[True, *(False for _ in keys)])
    most = counted.unique(within, keep="first", maintain_order=True) if within else counted.head(1)
    return rows.join(most, on=keys, how="semi", maintain_order="left")


def pair_with_reference(rows: pl.DataFrame, metric: str = "accuracy") -> pl.DataFrame:
    """Every row of a treated arm beside the rate-0 row of the same seed, setting and generation.

    Columns: `ARM`, ``seed, generation, n_seen, n_test, value, reference, difference`` (value − reference). Rows
    whose reference is missing, or where either value is null, are left out.
    """
    reference = references(rows).select(*PAIR, reference=metric)
    return (
        treated(rows)
        .select(*PAIR, "label_rule", "collapse_rate", value=metric)
        .join(reference, on=list(PAIR), how="inner")
        .with_columns(difference=pl.col("value") - pl.col("reference"))
        .drop_nulls("difference")
        .sort(*ARM, "seed", "generation")
    )


def rules_by_rate(rows: pl.DataFrame, metric: str) -> Iterator[tuple[dict[str, Any], pl.DataFrame, pl.DataFrame]]:
    """Yield the setting and collapse rate of treated arms, their rows, and a column of values for each label rule.

    A row of these for each seed and test size; the chains of rate 0 are the rule ``none``.
    """
    for key, group in groups(treated(rows), [*SETTING, "collapse_rate"]):
        human = references(rows).filter(pl.col(axis).eq_missing(key[axis]) for axis in SETTING)
        yield key, group, pl.concat([human, group]).pivot("label_rule", index=["seed", "n_test"], values=metric)


def check_pairing(rows: pl.DataFrame, metric: str = "accuracy") -> int:
    """Raise PairingError unless all arms of a seed are the same before the first self-label (an exact A/A test).

    Returns how many pairs of rows were compared in generation 0 (0 if no seeds are shared: nothing is paired).
    """
    start = pair_with_reference(rows.filter(pl.col("generation") == 0), metric)
    broken = start.filter(pl.col("difference") != 0)
    if not broken.is_empty():
        first = broken.row(0, named=True)
        raise PairingError(
            f"Generation 0 must be identical for all rates of a seed, but at rate {first['collapse_rate']:g} seed "
            f"{first['seed']} differs from rate 0 by {first['difference']:.3g} in {metric} "
            f"({broken.height} of {start.height} pairs). "
            "Either the learner draws random numbers without a parameter random_state, so that no two trainings are "
            "alike: give it one; or the rows come from different documents or versions: run them again in one folder."
        )
    return start.height


def with_sound_pairing(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str]]:
    """Take apart the seeds of experiments whose pairing is broken, so that what is left can be shown.

    Returns the rows, every chain of such an experiment with a seed of its own, as in results without shared documents:
    its arms are then compared as independent samples. And why, for each such experiment.
    """
    parts, reasons = [], {}
    for (name,), group in rows.group_by(["experiment"], maintain_order=True):
        try:
            check_pairing(group, main_measure(group))
            parts.append(group)
        except PairingError as error:
            reasons[str(name)] = f"{error} Until then rates are compared as independent samples."
            own_seed = pl.struct(*ARM, "seed").rank("dense").cast(pl.Int64) - 1
            parts.append(group.with_columns(seed=own_seed))
    return pl.concat(parts), reasons


def varying_axes(rows: pl.DataFrame) -> list[str]:
    """List the axes of prepared rows but seed and rate that take more than one value, ``none`` of rate 0 aside."""
    considered = rows.filter(pl.col("label_rule") != NO_RULE) if (rows["label_rule"] != NO_RULE).any() else rows
    return [
        axis for axis in (*SETTING, "label_rule") if (considered if axis == "label_rule" else rows)[axis].n_unique() > 1
    ]
