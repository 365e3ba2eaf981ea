"""How a sweep ended, in one small table."""

from __future__ import annotations

import polars as pl

from modelcollapse.analysis.statistics.arms import ARM, SETTING, prepare
from modelcollapse.analysis.statistics.curves import summarise


def outcome(results: pl.DataFrame) -> pl.DataFrame:
    """Return where every arm began and ended.

    Returns
    -------
    DataFrame
        One row per arm: `ARM`, ``n_seeds`` at the last size that most seeds reached, ``first_n_seen, first_accuracy,
        first_predicted_positive_rate`` and, at the last size, ``n_seen, accuracy, half_width`` (of the 95 % t interval
        over seeds; null for one seed), ``roc_auc, predicted_positive_rate``: means over seeds.
    """
    rows = prepare(results)
    arm = list(ARM)
    sizes = rows.group_by(*arm, "n_seen").agg(n=pl.len())
    most = sizes.filter(pl.col("n") == pl.col("n").max().over(arm)).group_by(arm).agg(n_seen=pl.col("n_seen").max())
    last = rows.join(most, on=[*arm, "n_seen"])
    ends = summarise(last, [*arm, "n_seen"], "accuracy").select(
        *arm, "n_seeds", "n_seen", accuracy="mean", half_width=pl.col("ci_high") - pl.col("mean")
    )
    means = last.group_by(arm).agg(pl.col("roc_auc", "predicted_positive_rate").mean())
    first = (
        rows.filter(generation=0)
        .group_by(arm)
        .agg(
            first_n_seen=pl.col("n_seen").first(),
            first_accuracy=pl.col("accuracy").mean(),
            first_predicted_positive_rate=pl.col("predicted_positive_rate").mean(),
        )
    )
    return (
        ends.join(means, on=arm, nulls_equal=True)
        .join(first, on=arm, nulls_equal=True)
        .sort(*SETTING, "collapse_rate", "label_rule")
    )
