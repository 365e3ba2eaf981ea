"""How long predictors last: the documents after which a seed's predictor degenerates, and how many still stand."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from modelcollapse.analysis.statistics.arms import ARM, prepare
from modelcollapse.analysis.statistics.frames import groups, table
from modelcollapse.analysis.statistics.inference import share_interval
from modelcollapse.analysis.statistics.seed_groups import IS_DEGENERATE

#: What one chain of an arm is told from another by.
_CHAIN = ("n_test", "seed")
Whole = npt.NDArray[np.int64]


def fall_sizes(rows: pl.DataFrame) -> pl.DataFrame:
    """Find when each chain's predictor degenerates.

    A seed has fallen at the first size from which its predicted-positive rate *stays* outside `HEALTHY` up to the last
    generation there is: the same rule as in `degeneration.tipping`, so that both count the same seeds. One that comes
    back has not fallen. A chain that has not fallen is right-censored at its last size: all that is known is that it
    would fall later, if ever. Generations are the only moments looked at: a fall lies between the size before and this
    one. Rows without a predicted-positive rate are left out.

    One row per chain: `ARM`, ``n_test, seed, size`` (documents at the fall, or the last ones seen), ``fell``, and
    ``came_back``: it had been degenerate once and is not at its end.
    """
    known = rows.drop_nulls("predicted_positive_rate").with_columns(outside=IS_DEGENERATE).sort("n_seen")
    # Reading backwards, a chain stands degenerate as long as no healthy generation has been met.
    stays = pl.col("outside").reverse().cum_min().reverse()
    chain = list(dict.fromkeys((*ARM, *_CHAIN)))
    first = pl.col("n_seen").filter(stays).first()
    return (
        known.group_by(chain, maintain_order=True)
        .agg(
            size=pl.coalesce(first, pl.col("n_seen").last()),
            fell=pl.col("outside").last(),
            came_back=pl.col("outside").any() & ~pl.col("outside").last(),
        )
        .sort(chain)
    )


def standing(results: pl.DataFrame) -> pl.DataFrame:
    """Estimate the share of seeds whose predictor still stands at each size (Kaplan & Meier 1958).

    The interval is Clopper and Pearson's while no chain has ended early – the estimate is then a plain share, and the
    interval covers 95 % or more whatever the truth. After that it is the log-log one of `scipy.stats.ecdf`, which is
    not defined for shares of 0 and 1: there it is Clopper and Pearson's for the seeds still watched.

    One row per arm and size: `ARM`, ``n_seen, n_watched`` (standing before it and still observed), ``n_fallen``
    and ``n_censored`` (at this size), ``share`` standing with ``ci_low, ci_high`` (95 %, pointwise).
    """
    rows = prepare(results)
    records = [{**arm, **row} for arm, sizes, falls in _arms(rows) for row in _curve(sizes, falls)]
    return table(records, ARM, "n_seen n_watched n_fallen n_censored share ci_low ci_high")


def survival(results: pl.DataFrame) -> pl.DataFrame:
    """Summarise how many seeds of each arm fall, and when.

    One row per arm: `ARM`, ``n_seen`` (largest size), ``n_seeds, n_fallen``, ``n_unfinished`` (censored before
    that size), ``n_came_back``; ``share`` fallen by the largest size with ``ci_low, ci_high``; ``median_size``,
    at which half of the seeds have fallen, with the interval ``median_low, median_high`` (Brookmeyer & Crowley
    1982: where the interval of the share standing holds one half). What lies beyond the largest size is null.
    """
    records = []
    for arm, sizes, falls in _arms(prepare(results)):
        curve = pl.DataFrame(list(_curve(sizes, falls)))
        last = curve.row(-1, named=True)
        records.append(
            {
                **arm,
                "n_seen": last["n_seen"],
                "n_seeds": falls.height,
                "n_fallen": int(falls["fell"].sum()),
                "n_unfinished": falls.filter(~pl.col("fell") & (pl.col("size") < last["n_seen"])).height,
                "n_came_back": int(falls["came_back"].sum()),
                "share": 1 - last["share"],
                "ci_low": 1 - last["ci_high"],
                "ci_high": 1 - last["ci_low"],
                "median_size": curve.filter(pl.col("share") <= 0.5)["n_seen"].min(),
                "median_low": curve.filter(pl.col("ci_low") <= 0.5)["n_seen"].min(),
                "median_high": curve.filter(pl.col("ci_high") < 0.5)["n_seen"].min(),
            }
        )
    columns = "n_seen n_seeds n_fallen n_unfinished n_came_back share ci_low ci_high"
    return table(records, ARM, f"{columns} median_size median_low median_high")


def _arms(rows: pl.DataFrame) -> Iterator[tuple[dict[str, Any], Whole, pl.DataFrame]]:
    """Yield every arm with its sizes, ascending, and the falls of its chains."""
    known = rows.drop_nulls("predicted_positive_rate")
    if known.is_empty():
        return
    sizes = {tuple(arm.values()): group["n_seen"].unique().sort().to_numpy() for arm, group in groups(known, ARM)}
    for arm, falls in groups(fall_sizes(known), ARM):
        yield arm, sizes[tuple(arm.values())], falls


def _curve(sizes: Whole, falls: pl.DataFrame) -> Iterator[dict[str, Any]]:
    times, fell = falls["size"].to_numpy(), falls["fell"].to_numpy()
    sample = stats.CensoredData.right_censored(times.astype(np.float64), ~fell)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # undefined bounds: not used below
        function = stats.ecdf(sample).sf
        bounds = function.confidence_interval(0.95, method="log-log")
    shares, lows, highs = (one.evaluate(sizes.astype(np.float64)) for one in (function, bounds.low, bounds.high))
    last_fall = times[fell].max(initial=0)
    for size, share, low, high in zip(sizes.tolist(), shares.tolist(), lows.tolist(), highs.tolist(), strict=True):
        watched = int((times >= size).sum())
        if not (~fell & (times < size)).any():
            low, high = share_interval(int((~fell | (times > size)).sum()), len(times))
        elif share == 1:
            low, high = share_interval(watched, watched)
        elif share == 0:
            low, high = share_interval(0, int((times >= last_fall).sum()))
        yield {
            "n_seen": size,
            "n_watched": watched,
            "n_fallen": int((fell & (times == size)).sum()),
            "n_censored": int((~fell & (times == size)).sum()),
            "share": share,
            "ci_low": low,
            "ci_high": high,
        }
