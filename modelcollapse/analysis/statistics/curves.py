"""Per size and rate: mean, spread and a t interval over seeds; how a sweep ended, in one small table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from modelcollapse.analysis.statistics.arms import ARM, SETTING, main_measure, prepare
from modelcollapse.analysis.statistics.inference import CONFIDENCE, Floats


def t_half_width(sd: npt.ArrayLike, n: npt.ArrayLike, confidence: float | Floats = CONFIDENCE) -> Floats:
    """Half the width of Student's t intervals of means, from standard deviations and sizes; NaN if n < 2."""
    sizes = np.asarray(n, dtype=np.float64)
    enough = sizes >= 2
    quantile = stats.t.ppf(0.5 + confidence / 2, np.where(enough, sizes - 1, 1))
    half = quantile * np.asarray(sd, dtype=np.float64) / np.sqrt(np.where(enough, sizes, 1))
    return np.where(enough, half, np.nan)


def summarise(rows: pl.DataFrame, by: list[str], value: str, least_sd: float = 0.0) -> pl.DataFrame:
    """Mean, sd, t interval, extremes and number of values of a column in groups.

    The interval takes no standard deviation for less than `least_sd`: the step of values that are counts.

    The columns `by` and ``n_seeds, mean, sd, ci_low, ci_high, min, max``, sorted by `by`; groups without any
    value have ``n_seeds`` 0 and nulls, single values a null sd and interval.
    """
    column = pl.col(value)
    table = (
        rows.group_by(by)
        .agg(
            n_seeds=column.count().cast(pl.Int64),
            mean=column.mean(),
            sd=column.std(),
            min=column.min(),
            max=column.max(),
        )
        .sort(by)
    )
    spread = np.maximum(table["sd"].fill_null(np.nan).to_numpy(), least_sd)
    half = t_half_width(spread, table["n_seeds"].to_numpy())
    width = pl.Series(half).fill_nan(None)
    return table.with_columns(ci_low=pl.col("mean") - width, ci_high=pl.col("mean") + width).select(
        *by, "n_seeds", "mean", "sd", "ci_low", "ci_high", "min", "max"
    )


def curves(results: pl.DataFrame, metric: str = "accuracy") -> pl.DataFrame:
    """Average every arm over its seeds: learning curves.

    Returns
    -------
    DataFrame
        One row per arm and size: `ARM`, ``generation, n_seen, n_seeds, mean, sd, ci_low, ci_high, min, max`` and
        ``band_low, band_high``. The interval is pointwise: 95 % at each size alone. The band is for the whole curve:
        see `with_bands`.
    """
    rows = prepare(results)
    # Accuracies are counts of test documents: seeds that agree may still differ by less than one.
    step = 1 / max(int(rows["n_test"].min()), 1) if metric == "accuracy" else 0.0  # type: ignore[arg-type]
    return with_bands(summarise(rows, [*ARM, "generation", "n_seen"], metric, step), step)


def with_bands(table: pl.DataFrame, least_sd: float = 0.0) -> pl.DataFrame:
    """Add the band that holds the whole curve of an arm, all sizes at once, in 95 % of runs.

    Pointwise 95 % intervals are right at all of a curve's 19 sizes in 37–77 % of runs. The band is Bonferroni's: at
    each size a t interval at 1 − 0.05 / number of sizes, which holds whatever the correlation between sizes. In
    simulations of 19 sizes (independent, AR(1) with .8, random walk, seed effect plus noise) it covers .94–.98.
    The largest t of curves simulated with the estimated correlation would be narrower by up to a quarter, but covers
    .90–.95 with 3 to 10 seeds and .39–.55 with 2: so few seeds do not know the correlation.

    `table` has the columns of `ARM` and ``n_seeds, mean, sd``; no standard deviation is taken for less than `least_sd`.
    ``band_low, band_high`` are null where there are fewer than two values.
    """
    counted = table.with_columns(n_sizes=(pl.col("n_seeds") >= 2).sum().over(ARM))
    level = 1 - (1 - CONFIDENCE) / np.maximum(counted["n_sizes"].to_numpy(), 1)
    sd = np.maximum(counted["sd"].fill_null(np.nan).to_numpy(), least_sd)
    half = t_half_width(sd, counted["n_seeds"].to_numpy(), level)
    width = pl.Series(half).fill_nan(None)
    return table.with_columns(band_low=pl.col("mean") - width, band_high=pl.col("mean") + width)


def outcome(results: pl.DataFrame) -> pl.DataFrame:
    """Return where every arm began and ended.

    One row per arm: `ARM`, ``n_seeds`` at the last size that most seeds reached, ``n_seen`` and the primary measure
    there with the ``half_width`` of its 95 % t interval over seeds (null for one seed), ``roc_auc`` where there is one
    and ``predicted_positive_rate``; and ``first_…`` of each in the first generation: means over seeds.
    """
    rows = prepare(results)
    arm, main = list(ARM), main_measure(rows)
    names = [name for name in (main, "n_seen", "predicted_positive_rate", "roc_auc") if name in rows.columns]
    sizes = rows.group_by(*arm, "n_seen").agg(n=pl.len())
    most = sizes.filter(pl.col("n") == pl.col("n").max().over(arm)).group_by(arm).agg(n_seen=pl.col("n_seen").max())
    last = rows.join(most, on=[*arm, "n_seen"])
    ends = summarise(last, arm, main).select(*arm, "n_seeds", half_width=pl.col("ci_high") - pl.col("mean"))
    means = last.group_by(arm).agg(pl.col(names).mean())
    first = rows.filter(generation=0).group_by(arm).agg(pl.col(names).mean().name.prefix("first_"))
    return (
        ends.join(means, on=arm, nulls_equal=True)
        .join(first, on=arm, nulls_equal=True)
        .sort(*SETTING, "collapse_rate", "label_rule")
    )
