"""What people's checking buys back: strategies of curation beside the loop and beside rate 0, within seeds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from modelcollapse.analysis.statistics.arms import ARM, NO_RULE, SETTING, at_size, prepare, rules_by_rate
from modelcollapse.analysis.statistics.frames import groups, mean, table, with_holm
from modelcollapse.analysis.statistics.inference import CONFIDENCE, Floats, mean_over_seeds
from modelcollapse.analysis.statistics.seed_groups import suspects
from modelcollapse.analysis.statistics.trends import first_crossing

LOOP = "argmax"
#: Strategies that are told a share of the self-labelled documents, as label rules name them.
BUDGETED = ("checked", "checked-uncertain", "checked-disagreed", "dropped-uncertain")
#: Strategies without a share: what only some of them do costs people's time, and none of it is counted.
OTHERS = ("verified", "provenance", "soft", "weighted")
#: Label rules that are shown beside strategies, where there are any: controls, and repairs that cost nothing.
BESIDE = (LOOP, "prior-matched", "sampled", "confident", "human-only")
TOLD_APART, NOT_TOLD_APART = "told apart", "cannot be told apart"
_RATE = (*SETTING, "collapse_rate")


def strategy_of(rule: str) -> tuple[str, float | None]:
    """Return a rule's strategy and, where it has one, its budget; of other rules the whole name.

    Exported rows may come from anywhere: what is no share is no budget.
    """
    name, _, share = rule.partition(":")
    is_budget = name in BUDGETED and re.fullmatch(r"[01]|[01]?\.[0-9]{1,9}", share) is not None
    return (name, float(share)) if is_budget else (rule, None)


def curation(results: pl.DataFrame, metric: str = "accuracy", margin: float = 0.005) -> pl.DataFrame:
    """Say what each strategy buys back of what the loop loses, at the final size.

    Everything is a mean over seeds of differences within seeds.

    Parameters
    ----------
    metric : str
        A metric of which more is better.
    margin : float
        Loss that counts as none.

    Returns
    -------
    DataFrame
        One row per collapse rate and strategy, and one of the loop itself (``argmax``), where that and rate 0 are there
        too: the columns of `ARM` and

        - ``strategy, budget`` (share of the self-labelled documents; null of strategies without one), ``n_checked``
          (labels that people have checked, mean), ``n_seen, n_seeds``;
        - ``loss`` of the loop; ``bought`` back of it, with ``ci_low, ci_high`` (95 %), ``p`` and ``p_holm`` over all
          strategies and rates of a setting; both fractions; ``per_thousand`` checked labels;
        - ``frontier``: no strategy of the rate buys back more, by the mean, for as many checks or fewer;
        - ``restored``: bought / loss, with Fieller's (1954) interval ``restored_low, restored_high``; null where the
          loss itself is not above 0 by its interval;
        - ``left``: what is still lost, with ``left_low, left_high``; ``within``: one-sided at 5 %, less than `margin`;
        - ``reliable``, and ``why`` not: see `seed_groups.seed_groups`; nothing is ``within`` where seeds fall.
    """
    final = at_size(prepare(results)).drop_nulls(metric).filter(pl.col("generation") > 0)
    reasons = suspects(final, metric)
    records = []
    for key, group, wide in _by_rate(final, metric):
        rules = [rule for rule in wide.columns if rule.partition(":")[0] in (*BUDGETED, *OTHERS, *BESIDE)]
        arms = {rule: {axis: {**key, "label_rule": rule}[axis] for axis in ARM} for rule in rules}
        why = {rule: reasons.get(tuple(arm.values()), "") for rule, arm in arms.items()}
        records += [_strategy(arm, group, wide, metric, margin, why[rule] or why[LOOP]) for rule, arm in arms.items()]
    columns = (
        "strategy budget n_checked n_seen n_seeds loss bought ci_low ci_high p per_thousand restored restored_low "
        "restored_high left left_low left_high within reliable why"
    )
    return _with_frontier(with_holm(table(records, ARM, columns), SETTING))


def _with_frontier(frame: pl.DataFrame) -> pl.DataFrame:
    """Mark strategies of a rate than which none buys back more, by the mean, for as many checks or fewer."""
    order = frame.with_row_index("place").sort("n_checked", -pl.col("bought"), nulls_last=True)
    before = pl.col("bought").cum_max().shift().over(_RATE)
    marked = order.with_columns(
        frontier=(pl.col("bought") > before).fill_null(value=True) & pl.col("bought").is_not_null()
    )
    return marked.sort("place").drop("place")


def _by_rate(final: pl.DataFrame, metric: str) -> Iterator[tuple[dict[str, Any], pl.DataFrame, pl.DataFrame]]:
    """Yield what `rules_by_rate` does for each rate with the loop beside strategies."""
    for key, group, wide in rules_by_rate(final, metric):
        kinds = {rule.partition(":")[0] for rule in group["label_rule"]}
        if {NO_RULE, LOOP} <= set(wide.columns) and kinds & {*BUDGETED, *OTHERS}:
            yield key, group, wide


def _strategy(
    arm: dict[str, Any], group: pl.DataFrame, wide: pl.DataFrame, metric: str, margin: float, why: str
) -> dict[str, Any]:
    rule = arm["label_rule"]
    strategy, budget = strategy_of(rule)
    values = wide.select("n_test", rule=rule, loop=LOOP, human=NO_RULE).drop_nulls()
    values = values.with_columns(
        bought=pl.col("rule") - pl.col("loop"),
        loss=pl.col("human") - pl.col("loop"),
        left=pl.col("human") - pl.col("rule"),
    )
    record = {**arm, "strategy": strategy, "budget": budget, "n_seen": group["n_seen"][0], "n_seeds": values.height}
    if values.is_empty():
        return record
    bought, left = (mean_over_seeds(values, name, metric) for name in ("bought", "left"))
    checked = mean(group.filter(label_rule=rule)["n_checked"].fill_null(0))
    restored, restored_low, restored_high = _fieller(values["bought"].to_numpy(), values["loss"].to_numpy())
    p_within = replace(left, value=left.value - margin).p_not_below()
    return {
        **record,
        "n_checked": round(checked),
        "loss": mean(values["loss"]),
        **bought.columns("bought"),
        **({"p": None} if rule == LOOP else {}),
        "per_thousand": 1000 * bought.value / checked if checked else None,
        "restored": restored,
        "restored_low": restored_low,
        "restored_high": restored_high,
        **left.bounds("left"),
        "within": None if p_within is None or why else p_within < 0.05,
        "reliable": not why,
        "why": why,
    }


def _fieller(parts: Floats, wholes: Floats) -> tuple[float | None, ...]:
    """Return the ratio of two means of pairs, and Fieller's (1954) 95 % interval of it.

    The bounds are the ratios θ at which the mean of ``parts − θ · wholes`` is just as far from 0 as t allows. Nothing
    is known if the mean of `wholes` is not above 0 by its own interval.
    """
    n = len(parts)
    if n < 2 or wholes.mean() <= 0:
        return None, None, None
    (vp, cov), (_, vw) = np.cov(parts, wholes) / n
    t2 = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1)) ** 2
    a, b, c = wholes.mean() ** 2 - t2 * vw, parts.mean() * wholes.mean() - t2 * cov, parts.mean() ** 2 - t2 * vp
    if a <= 0:
        return None, None, None
    half = math.sqrt(max(0.0, b * b - a * c))
    return float(parts.mean() / wholes.mean()), float((b - half) / a), float((b + half) / a)


def compare_strategies(results: pl.DataFrame, metric: str = "accuracy") -> pl.DataFrame:
    """Compare strategies of equal budget with each other, within seeds, at the final size.

    One row per collapse rate, budget and pair: the axes of a setting, ``collapse_rate, budget, better, worse`` (by the
    mean), ``n_seeds, difference`` with ``ci_low, ci_high, p`` and ``p_holm`` over all pairs, budgets and rates of a
    setting; ``verdict``: "told apart" where that is below 5 %, else "cannot be told apart".
    """
    final = at_size(prepare(results)).drop_nulls(metric).filter(pl.col("generation") > 0)
    records = []
    for key, _, wide in _by_rate(final, metric):
        known = [(*strategy_of(rule), rule) for rule in wide.columns]
        budgeted = [one for one in known if one[1] is not None]
        for (name, budget, rule), (other_name, other_budget, other) in combinations(sorted(budgeted), 2):
            both = wide.select("n_test", rule, other).drop_nulls()
            if budget != other_budget or both.is_empty():
                continue
            pair, difference = (name, other_name), both[rule] - both[other]
            if mean(difference) < 0:
                pair, difference = (other_name, name), -difference
            estimate = mean_over_seeds(both.with_columns(difference=difference), "difference", metric)
            records.append(
                {**key, "budget": budget, "better": pair[0], "worse": pair[1], "n_seeds": estimate.n,
                 **estimate.columns("difference")}
            )  # fmt: skip
    frame = with_holm(table(records, _RATE, "budget better worse n_seeds difference ci_low ci_high p"), SETTING)
    apart = pl.when(pl.col("p_holm") < 0.05).then(pl.lit(TOLD_APART)).otherwise(pl.lit(NOT_TOLD_APART))
    return frame.with_columns(verdict=apart)


def budget_needed(bought: pl.DataFrame, margin: float = 0.005) -> pl.DataFrame:
    """Find the smallest budget of each strategy that keeps the loss within a margin, from what `curation` says.

    What is still lost is interpolated between the budgets tested, from the loop's at 0. The estimate is where its mean
    first falls below the margin; the bounds are where its lower and its upper confidence limit (95 %, two-sided) do.

    Columns: the axes of a setting, ``collapse_rate, strategy, n_seeds, margin, largest`` (budget tested), ``needed,
    ci_low, ci_high`` as shares; null: beyond the largest budget tested. ``reliable`` as in `curation`, of all budgets.
    """
    known = bought.drop_nulls("left_low")
    loops = known.filter(strategy=LOOP).select(*_RATE, "left", "left_low", "left_high")
    records = []
    for key, group in groups(known.drop_nulls("budget").sort("budget"), [*_RATE, "strategy"]):
        loop = loops.filter(pl.col(axis).eq_missing(key[axis]) for axis in _RATE)
        if loop.is_empty():
            continue
        budgets = np.array([0.0, *group["budget"]])
        crossings = [
            first_crossing(budgets, -np.array([*loop[name], *group[name]]), -margin)
            for name in ("left", "left_low", "left_high")
        ]
        records.append(
            {
                **key,
                "n_seeds": group["n_seeds"].min(),
                "margin": margin,
                "largest": budgets[-1],
                **dict(zip(("needed", "ci_low", "ci_high"), crossings, strict=True)),
                "reliable": bool(group["reliable"].all()),
            }
        )
    return table(records, [*_RATE, "strategy"], "n_seeds margin largest needed ci_low ci_high reliable")
