"""Whether the seeds of an arm are one group that a mean describes: the one place where that is decided.

With one seed in five falling to a constant prediction, a third of all arms of five seeds show none, and a t interval
of the mean holds the truth in half of them, whatever is done to it (bootstrap too). Where seeds fall or not, what an
arm shows is a share of seeds and the mean of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from modelcollapse.analysis.statistics.arms import ARM, SETTING
from modelcollapse.analysis.statistics.frames import groups, table
from modelcollapse.analysis.statistics.inference import share_interval

State = Literal["regular", "mixed", "degenerate seeds"]

#: Predicted-positive rates of a predictor that still tells classes apart; outside it is called degenerate. Of more than
#: two classes one is that calls as many documents as the upper bound one class.
HEALTHY = (0.05, 0.95)
IS_DEGENERATE = ~pl.col("predicted_positive_rate").cast(pl.Float64).is_between(*HEALTHY)
#: Seeds whose accuracies span less than this are not worth calling two groups.
LEAST_SPAN = 0.02
#: From this many seeds on the t interval of a mean is believed although some seeds fall: its coverage is .88 to .93
#: there when one seed in ten or in five falls, .40 to .67 with five.
ENOUGH_SEEDS = 20


def seed_groups(here: pl.DataFrame, metric: str = "accuracy") -> pl.DataFrame:
    """Classify every arm at one size of each setting: one group of seeds, two groups, or seeds that fall or not.

    Columns: `ARM` and

    - ``state``: "mixed" (the seeds fall into two groups, see `split_in_two`), "degenerate seeds" (a seed of this arm,
      or of any arm of its setting, has degenerated), else "regular";
    - ``falls``: the arm itself is mixed or has degenerate seeds, so its mean describes no typical seed;
    - ``reliable``: a t interval of the mean and what is concluded from it may be believed: the arm is regular, or has
      `ENOUGH_SEEDS`; ``why``: the reason if not, else "";
    - ``all_seeds, n_degenerate, share`` with Clopper and Pearson's 95 % interval ``share_low, share_high`` (nulls
      without predicted-positive rates), and ``mean_others``, the metric's mean over seeds not degenerate.
    """
    is_of_many = "largest_share" in here.columns
    degenerate = pl.col("largest_share") >= HEALTHY[1] if is_of_many else IS_DEGENERATE
    marked = here.drop_nulls(metric).with_columns(degenerate=degenerate)
    marked = marked.with_columns(elsewhere=pl.col("degenerate").any().over(SETTING))
    records = ({**arm, **_classify(group, metric)} for arm, group in groups(marked, ARM))
    columns = "state falls reliable why all_seeds n_degenerate share share_low share_high mean_others"
    return table(records, ARM, columns)


def suspects(here: pl.DataFrame, metric: str) -> dict[tuple[Any, ...], str]:
    """Return why an interval of the mean is too narrow, for each arm where that is so, or may be as its seeds fall."""
    known = seed_groups(here, metric).filter(pl.col("falls") | ~pl.col("reliable"))
    return {tuple(row[axis] for axis in ARM): row["why"] or row["state"] for row in known.iter_rows(named=True)}


def _classify(group: pl.DataFrame, metric: str) -> dict[str, Any]:
    known = group.drop_nulls("degenerate")
    k, n = known.filter("degenerate").height, known.height
    low, high = share_interval(k, n) if n else (None, None)
    others = group.filter(~pl.col("degenerate").fill_null(value=False))[metric]
    is_mixed = split_in_two(group[metric].to_numpy()).is_two
    state: State = "mixed" if is_mixed else "degenerate seeds" if group["elsewhere"][0] else "regular"
    reliable = state == "regular" or group.height >= ENOUGH_SEEDS
    without = "two groups of seeds" if is_mixed else "seeds degenerate at other rates"
    reason = f"{k} of {n} seeds degenerate" if k else without
    return {
        "state": state,
        "falls": is_mixed or k > 0,
        "reliable": reliable,
        "why": "" if reliable else reason,
        "all_seeds": n,
        "n_degenerate": k if n else None,
        "share": k / n if n else None,
        "share_low": low,
        "share_high": high,
        "mean_others": float(others.mean()) if len(others) else None,  # type: ignore[arg-type]
    }


@dataclass(frozen=True)
class Split:
    """The best split of values into two groups, both sorted, and whether they are two.

    ``high`` is empty for a single value; ``p`` is that of `split_test`. They are two if it is below .05, the gap
    between the groups is wider than either of them, and all values together span at least `LEAST_SPAN`.
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    p: float
    is_two: bool


def split_in_two(values: npt.ArrayLike) -> Split:
    """Split values into two groups where that explains most, and tell whether they are two.

    One group is called two in 3 to 5 % of normal samples of 4 to 10 and in none of 20; in 13 to 31 % of lognormal ones
    (σ = 1), which have a long tail. With one seed in five 12 standard deviations below the rest, two groups are seen in
    39, 60, 90 and 98 % of samples of 4, 5, 10 and 20. Fewer than four values are never called two.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    p, n_low = split_test(ordered)
    low, high = ordered[:n_low], ordered[n_low:]
    is_apart = p < 0.05 and high[0] - low[-1] >= max(np.ptp(low), np.ptp(high))
    return Split(low, high, p, bool(is_apart and ordered[-1] - ordered[0] >= LEAST_SPAN))


def split_test(values: npt.ArrayLike, samples: int = 4000) -> tuple[float, int]:
    """Test "one normal group" against "two groups" by the variance the best split of sorted values explains.

    Returns the share of normal samples of the same size (simulated, always the same ones) whose best split explains at
    least as much – 1 for fewer than four values or if all are equal – and the size of the lower group of the best
    split.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))[None, :]
    n = ordered.shape[1]
    if n < 2:
        return 1.0, n
    explained, n_low = _best_split(ordered)
    if n < 4 or ordered[0, 0] == ordered[0, -1]:
        return 1.0, int(n_low[0])
    null = _explained_by_chance(n, samples)
    as_good = int((null >= explained[0]).sum())
    return (as_good + 1) / (samples + 1), int(n_low[0])


@cache
def _explained_by_chance(n: int, samples: int) -> npt.NDArray[np.float64]:
    null = np.sort(np.random.default_rng(n).standard_normal((samples, n)), axis=1)
    return _best_split(null)[0]


def _best_split(ordered: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Share of variance explained by the best split of each sorted row, and the size of its lower group."""
    n = ordered.shape[1]
    centred = ordered - ordered.mean(axis=1, keepdims=True)
    lower = np.cumsum(centred, axis=1)[:, :-1]
    k = np.arange(1, n)
    between = lower**2 * (1 / k + 1 / (n - k))
    total = (centred**2).sum(axis=1)
    best = between.argmax(axis=1)
    explained = between[np.arange(len(best)), best] / np.where(total > 0, total, 1)
    return explained, best + 1
