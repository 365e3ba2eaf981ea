"""How much each per cent of self-labels costs, how many a stated loss allows, and what hangs on that margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from modelcollapse.analysis.statistics.arms import ARM, NO_RULE, RULE, at_size, prepare, treated, with_reference
from modelcollapse.analysis.statistics.compare_rates import Difference, compare_rates, differences
from modelcollapse.analysis.statistics.frames import groups, table, with_holm
from modelcollapse.analysis.statistics.inference import (
    Estimate,
    mean_over_seeds,
    resolution,
    slope_of_means,
    slope_over_seeds,
)


def trend(results: pl.DataFrame, metric: str = "accuracy", max_rate: float = 1.0) -> pl.DataFrame:
    """Estimate the change of a metric per 1 % of collapse rate.

    A straight line over the rates within each seed, then the mean slope over seeds with its t interval: in a balanced
    design the fixed slope of a mixed model with random intercepts and slopes. Results without shared seeds get one line
    through the rates' means, each with its own spread (Satterthwaite's degrees of freedom).

    Rates above `max_rate` are left out: over a wide range losses are rarely straight lines.

    Columns: the axes of a label rule, ``n_seen, n_seeds, n_rates, max_rate, paired``, ``slope_pp`` with ``ci_low_pp,
    ci_high_pp`` (percentage points per 1 %) and ``p``. Label rules with fewer than three rates are left out.
    """
    rows = prepare(results)
    here = with_reference(at_size(rows)).filter(
        (pl.col("collapse_rate") <= max_rate) & (pl.col("label_rule") != NO_RULE) & (pl.col("generation") > 0)
    )
    records = []
    for rule, group in groups(here.drop_nulls(metric), RULE):
        rates = group["collapse_rate"].unique().sort()
        if len(rates) < 3:
            continue
        estimate, is_paired = _slope(group, metric, len(rates))
        low, high = estimate.interval()
        records.append(
            {
                **rule,
                "n_seen": group["n_seen"][0],
                "n_seeds": estimate.n,
                "n_rates": len(rates),
                "max_rate": rates[-1],
                "paired": is_paired,
                "slope_pp": 100 * estimate.value,
                "ci_low_pp": None if low is None else 100 * low,
                "ci_high_pp": None if high is None else 100 * high,
                "p": estimate.p_value(),
            }
        )
    return table(records, RULE, "n_seen n_seeds n_rates max_rate paired slope_pp ci_low_pp ci_high_pp p")


def _slope(group: pl.DataFrame, metric: str, n_rates: int) -> tuple[Estimate, bool]:
    """Slope per 1 % and whether it was taken within seeds."""
    by_rate = ["seed", "collapse_rate"]
    complete = group.filter(pl.len().over("seed") == n_rates).sort(by_rate)
    rates = 100 * group["collapse_rate"].unique().sort().to_numpy()
    if not complete.is_empty():
        values = complete[metric].to_numpy().reshape(-1, n_rates)
        return slope_over_seeds(values, rates, resolution(complete["n_test"], metric)), True
    means = [mean_over_seeds(of_rate, metric) for _, of_rate in groups(group.sort(by_rate[1]), by_rate[1:])]
    return slope_of_means(means, rates), False


def tolerance(
    results: pl.DataFrame, margin: float = 0.005, metric: str = "accuracy", n_seen: int | None = None
) -> pl.DataFrame:
    """Find the largest collapse rate whose loss stays within a margin, with confidence bounds.

    The loss (reference − value, larger is worse) is interpolated between the rates tested, from 0 at rate 0. The
    estimate is where it first exceeds the margin; the lower bound is where the upper confidence limit of the loss first
    does, the upper bound where the lower limit first does. Each bound is one-sided at 97.5 %.

    Returns
    -------
    DataFrame
        The axes of a label rule, ``n_seen, n_seeds, margin``, ``tolerance, ci_low, ci_high`` as rates,
        ``smallest_rate`` (above 0) and ``largest_rate`` tested: below the smallest all is interpolation. A null
        ``tolerance`` or ``ci_high`` lies beyond it; a null ``ci_low`` with one seed is unknown. ``below, above``: the
        rates tested between which the mean loss first exceeds the margin. That it is straight between them is assumed,
        and not in the interval: of a loss that sets in at once between two of them it may hold nothing.
    """
    rows = prepare(results)
    found = [one for one in differences(at_size(rows, n_seen), metric) if one.generation > 0]
    records: list[dict[str, Any]] = []
    for rule in treated(rows).select(RULE).unique(maintain_order=True).iter_rows(named=True):
        mine = [one for one in found if all(one.arm[axis] == rule[axis] for axis in RULE)]
        if mine:
            records.append({**rule, **_tolerance(mine, margin)})
    columns = "n_seen n_seeds margin tolerance ci_low ci_high smallest_rate largest_rate below above"
    return table(records, RULE, columns)


def _tolerance(mine: Sequence[Difference], margin: float) -> dict[str, Any]:
    rates = np.array([0.0, *(one.arm["collapse_rate"] for one in mine)])
    losses = np.array([0.0, *(-one.estimate.value for one in mine)])
    halves = np.array([0.0, *(one.estimate.half_width() for one in mine)])
    known = not bool(np.isnan(halves).any())
    low = first_crossing(rates, losses + halves, margin) if known else None
    if known and low is None:
        low = float(rates[-1])
    beyond = np.flatnonzero(losses > margin)
    return {
        "n_seen": mine[0].n_seen,
        "n_seeds": min(one.estimate.n for one in mine),
        "margin": margin,
        "tolerance": first_crossing(rates, losses, margin),
        "ci_low": low,
        "ci_high": first_crossing(rates, losses - halves, margin) if known else None,
        "smallest_rate": float(rates[1]),
        "largest_rate": float(rates[-1]),
        "below": float(rates[beyond[0] - 1]) if len(beyond) else None,
        "above": float(rates[beyond[0]]) if len(beyond) else None,
    }


def first_crossing(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], level: float) -> float | None:
    """Return where the polyline (x, y) first rises above `level`; None if it never does."""
    above = np.flatnonzero(y > level)
    if len(above) == 0:
        return None
    i = int(above[0])
    if i == 0:
        return float(x[0])
    share = (level - y[i - 1]) / (y[i] - y[i - 1])
    return float(x[i - 1] + share * (x[i] - x[i - 1]))


#: Losses that somebody may call none: a quarter, a half and one percentage point.
MARGINS = (0.0025, 0.005, 0.01)
ALPHA = 0.05
LOSS, GAIN, EQUIVALENT, NEITHER, UNRELIABLE = "loss", "gain", "equivalent", "neither", "unreliable"


def margin_sensitivity(results: pl.DataFrame, margins: Sequence[float] = MARGINS) -> pl.DataFrame:
    """Judge every rate against several margins.

    At each margin two questions are asked of every rate: does it differ from rate 0 by *more* than the margin (a
    two-sided t test of the distance from the nearer edge), and by *less* (two one-sided tests, Schuirmann 1987)? Each
    question is corrected by Holm over the rates of a label rule, so that at each margin either of them is answered
    wrongly for any rate in at most 5 % of runs. Choosing the margin after looking spoils that.

    One row per arm with a collapse rate above 0 and margin: `ARM`, ``n_seen, n_seeds, margin, difference``;
    ``p_beyond`` and ``p_equivalent``, both corrected; ``verdict``: "loss" or "gain" (beyond the margin), "equivalent",
    "neither" – and "unreliable" where `compare_rates` says that t tests do not hold (null with one seed); and of the
    whole label rule ``tolerance`` with ``tolerance_low, tolerance_high``: see `tolerance`.
    """
    rows = prepare(results)
    found = [one for one in differences(at_size(rows)) if one.generation > 0]
    records = [
        {
            **one.arm,
            "n_seen": one.n_seen,
            "n_seeds": one.estimate.n,
            "margin": margin,
            "difference": one.estimate.value,
            "p_beyond": _p_beyond(one.estimate, margin),
            "p_equivalent": one.estimate.p_equivalent(margin),
        }
        for margin in margins
        for one in found
    ]
    frame = table(records, ARM, "n_seen n_seeds margin difference p_beyond p_equivalent")
    for name in ("p_beyond", "p_equivalent"):
        frame = with_holm(frame, [*RULE, "margin"], name, name)
    known = compare_rates(rows).select(*ARM, "reliable")
    judged = frame.join(known, on=list(ARM), how="left", maintain_order="left").with_columns(verdict=_verdict())
    names = {"ci_low": "tolerance_low", "ci_high": "tolerance_high"}
    tolerances = pl.concat([tolerance(rows, margin) for margin in margins]).rename(names)
    tolerances = tolerances.select(*RULE, "margin", "tolerance", *names.values())
    return judged.drop("reliable").join(tolerances, on=[*RULE, "margin"], how="left", maintain_order="left")


def _p_beyond(estimate: Estimate, margin: float) -> float | None:
    """Two-sided p of "the truth lies within ± `margin`": of the distance to the nearer edge, 1 inside."""
    distance = abs(estimate.value) - margin
    return 1.0 if distance <= 0 and estimate.freedom > 0 else replace(estimate, value=distance).p_value()


def _verdict() -> pl.Expr:
    return (
        pl.when(pl.col("p_beyond").is_null())
        .then(None)
        .when(~pl.col("reliable"))
        .then(pl.lit(UNRELIABLE))
        .when(pl.col("p_beyond") < ALPHA)
        .then(pl.when(pl.col("difference") < 0).then(pl.lit(LOSS)).otherwise(pl.lit(GAIN)))
        .when(pl.col("p_equivalent") < ALPHA)
        .then(pl.lit(EQUIVALENT))
        .otherwise(pl.lit(NEITHER))
    )
