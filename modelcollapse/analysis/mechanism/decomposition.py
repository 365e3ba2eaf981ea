"""Where a loss comes from: the arms of one rate ordered by what they take away from the loop, step by step."""

from __future__ import annotations

from typing import Any

import polars as pl

from modelcollapse.analysis.statistics.arms import NO_RULE, SETTING, at_size, prepare, rules_by_rate
from modelcollapse.analysis.statistics.frames import table, with_holm
from modelcollapse.analysis.statistics.inference import mean_over_seeds

#: From people labelling everything to the loop; each step adds the cause named with it.
STEPS = (
    (NO_RULE, ""),
    ("human-only", "missing human labels"),
    ("random-noise", "random error"),
    ("prior-matched", "structured error"),
    ("argmax", "prior drift"),
)
TOTAL = "total"


def decomposition(results: pl.DataFrame, metric: str = "accuracy") -> pl.DataFrame:
    """Split the loss of ``argmax`` to rate 0 into causes, by the controls of the same sweep, at the final size.

    Each step is a mean difference within seeds between two neighbouring arms:

    - rate 0 → ``human-only``: the selected documents are missing;
    - → ``random-noise``: they are there, with as many wrong labels as that arm's model makes, placed at random;
    - → ``prior-matched``: the wrong labels are the model's own (they follow the text), its label prior held;
    - → ``argmax``: the label prior drifts too.

    A negative loss is a gain. Every arm's error rate is its own model's, so "structured error" also holds what worse
    models err more. If a control is missing, its step is taken together with the next.

    Columns: the axes of a setting, ``collapse_rate, n_seen, n_seeds, cause, better, worse`` (label rules compared),
    ``loss`` (fraction of a metric of which more is better) with ``ci_low, ci_high``, ``p`` and ``p_holm``, corrected
    over all causes and rates of the setting (totals among themselves): of twelve causes that do nothing some raw p is
    below .05 in 45 % of runs. The causes of a rate add up to its row ``total``. Settings without ``argmax`` or without
    any control have no rows.
    """
    final = at_size(prepare(results)).drop_nulls(metric).filter(pl.col("generation") > 0)
    records: list[dict[str, Any]] = []
    for key, group, values in rules_by_rate(final, metric):
        steps = _steps(values.columns)
        wide = values.select("seed", "n_test", *(rule for rule, _ in STEPS if rule in values.columns)).drop_nulls()
        if wide.is_empty() or len(steps) < 2:
            continue
        for cause, better, worse in [*steps, (TOTAL, NO_RULE, "argmax")]:
            estimate = mean_over_seeds(wide.with_columns(loss=pl.col(better) - pl.col(worse)), "loss", metric)
            records.append(
                {
                    **key,
                    "n_seen": group["n_seen"][0],
                    "n_seeds": estimate.n,
                    "cause": cause,
                    "better": better,
                    "worse": worse,
                    **estimate.columns("loss"),
                }
            )
    columns = "n_seen n_seeds cause better worse loss ci_low ci_high p"
    frame = table(records, [*SETTING, "collapse_rate"], columns)
    return with_holm(frame, [*SETTING, (pl.col("cause") == TOTAL).alias("is_total")])


def _steps(rules: list[str]) -> list[tuple[str, str, str]]:
    """Causes between neighbouring arms that are there; none unless both ends are."""
    if NO_RULE not in rules or "argmax" not in rules:
        return []
    steps, better, waiting = [], NO_RULE, []
    for rule, cause in STEPS[1:]:
        waiting.append(cause)
        if rule in rules:
            steps.append((" and ".join(waiting), better, rule))
            better, waiting = rule, []
    return steps
