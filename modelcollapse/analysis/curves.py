"""Per size and rate: mean, spread and a t interval over seeds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from modelcollapse.analysis.arms import ARM, prepare

Floats = npt.NDArray[np.float64]


def t_half_width(sd: npt.ArrayLike, n: npt.ArrayLike, confidence: float = 0.95) -> Floats:
    """Half the width of Student's t interval of a mean.

    Parameters
    ----------
    sd : array of float, shape (k,)
        Standard deviations of the samples (with n − 1).
    n : array of int, shape (k,)
        Sizes of the samples.
    confidence : float
        Coverage of the two-sided interval.

    Returns
    -------
    ndarray of float64, shape (k,)
        NaN where there are fewer than two values.
    """
    sizes = np.asarray(n, dtype=np.float64)
    enough = sizes >= 2
    quantile = stats.t.ppf(0.5 + confidence / 2, np.where(enough, sizes - 1, 1))
    half = quantile * np.asarray(sd, dtype=np.float64) / np.sqrt(np.where(enough, sizes, 1))
    return np.where(enough, half, np.nan)


def summarise(rows: pl.DataFrame, by: list[str], value: str, confidence: float = 0.95) -> pl.DataFrame:
    """Mean, sd, t interval, extremes and number of values of a column in groups.

    Returns
    -------
    DataFrame
        The columns `by` and ``n_seeds, mean, sd, ci_low, ci_high, min, max``, sorted by `by`; groups without any value
        have ``n_seeds`` 0 and nulls, single values a null sd and interval.
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
    half = t_half_width(table["sd"].fill_null(np.nan).to_numpy(), table["n_seeds"].to_numpy(), confidence)
    width = pl.Series(half).fill_nan(None)
    return table.with_columns(ci_low=pl.col("mean") - width, ci_high=pl.col("mean") + width).select(
        *by, "n_seeds", "mean", "sd", "ci_low", "ci_high", "min", "max"
    )


def curves(results: pl.DataFrame, metric: str = "accuracy", confidence: float = 0.95) -> pl.DataFrame:
    """Average every arm over its seeds: learning curves.

    Parameters
    ----------
    results : DataFrame
        Rows, one per generation of a chain.
    metric : str
        The column to average over seeds.
    confidence : float
        Coverage of the t interval over seeds.

    Returns
    -------
    DataFrame
        One row per arm and size: `ARM`, ``generation, n_seen, n_seeds, mean, sd, ci_low, ci_high, min, max``.
    """
    return summarise(prepare(results), [*ARM, "generation", "n_seen"], metric, confidence)
