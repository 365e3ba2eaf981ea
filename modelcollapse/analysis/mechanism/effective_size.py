"""Effective human sample size: how many documents labelled by people alone are worth as much as the mixture."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import isotonic_regression

from modelcollapse.analysis.statistics.arms import ARM, SETTING, at_size, prepare, references, treated
from modelcollapse.analysis.statistics.curves import t_half_width
from modelcollapse.analysis.statistics.frames import groups, table
from modelcollapse.analysis.statistics.inference import Floats, resolution
from modelcollapse.domains.closed_form.laws import calibrated_worth

#: Rules by which the current model labels, with its own predictions or draws.
BY_CURRENT_MODEL = ("argmax", "sampled", "prior-matched")


def effective_human_size(results: pl.DataFrame, metric: str = "accuracy") -> pl.DataFrame:
    """Find the human-only training size that does as well as each arm does at its final size.

    The estimate is where the mean human-only curve, made monotone, reaches the arm's mean, interpolated in log size.
    The interval holds the sizes at which the arm's final value and the human-only value of the same seeds do not
    differ at 5 % (a t test within seeds, inverted), from the first such size to the last. The human-only curve must
    rise, as in the regime ``accumulate``.

    Columns: `ARM`, ``n_seeds, n_seen``, ``human_size, ci_low, ci_high`` (documents) and ``worth`` = human_size /
    n_seen. ``human_size`` or a bound is null where it lies outside the sizes of the human-only curve; ``beyond`` says
    on which side the estimate does ("below", "above" or ""). Of an estimate outside, the bound on the inner side says
    how sure that is: it is the first (last) size itself if the whole interval lies below (above) it. ``calibrated`` is
    the worth to a calibrated sampler (`domains.closed_form.laws.calibrated_worth`): a benchmark, no bound; null in
    other regimes than ``accumulate``, and where it is not the current model that labels.
    """
    rows = prepare(results)
    human = {tuple(key.values()): group for key, group in groups(references(rows).drop_nulls(metric), SETTING)}
    records = []
    final = treated(at_size(rows)).drop_nulls(metric).filter(pl.col("generation") > 0)
    for arm, group in groups(final, ARM):
        curve = human.get(tuple(arm[axis] for axis in SETTING))
        if curve is None:
            continue
        pairs = curve.join(group.select("seed", target=metric), on="seed")
        complete = pairs.filter(pl.len().over("seed") == pl.len().over("seed").max())
        if complete["n_seen"].n_unique() < 2:
            continue
        sizes = sorted(complete["n_seen"].unique())
        is_known = arm["regime"] == "accumulate" and arm["label_rule"] in BY_CURRENT_MODEL
        calibrated = calibrated_worth(sizes, arm["collapse_rate"]) if is_known else None
        records.append({**arm, "n_seen": group["n_seen"][0], **_match(complete, metric), "calibrated": calibrated})
    return table(records, ARM, "n_seeds n_seen human_size ci_low ci_high worth beyond calibrated")


def _match(pairs: pl.DataFrame, metric: str) -> dict[str, Any]:
    ahead = (
        pairs.with_columns(ahead=pl.col("target") - pl.col(metric))
        .group_by("n_seen")
        .agg(mean=pl.col("ahead").mean(), sd=pl.col("ahead").std(), n=pl.len())
        .sort("n_seen")
    )
    sizes = ahead["n_seen"].to_numpy().astype(np.float64)
    mean = ahead["mean"].to_numpy()
    n_seeds = int(ahead["n"].min())  # type: ignore[arg-type]
    sd = np.maximum(ahead["sd"].fill_null(np.nan).to_numpy(), resolution(pairs["n_test"], metric))
    half = t_half_width(sd, ahead["n"].to_numpy())
    estimate, beyond = _zero(sizes, isotonic_regression(mean, increasing=False).x)
    low = high = None
    if n_seeds >= 2:
        low = _first_zero(sizes, mean - half)
        high = _last_zero(sizes, mean + half)
        if beyond == "below" and (mean + half < 0).all():
            high = float(sizes[0])
        if beyond == "above" and (mean - half > 0).all():
            low = float(sizes[-1])
    return {
        "n_seeds": n_seeds,
        "human_size": estimate,
        "ci_low": low,
        "ci_high": high,
        "worth": None if estimate is None else estimate / float(sizes[-1]),
        "beyond": beyond,
    }


def _zero(sizes: Floats, falling: Floats) -> tuple[float | None, str]:
    """Where a falling curve reaches 0, the middle of a flat piece at 0; None with the side if it does not."""
    if falling[0] < 0:
        return None, "below"
    if falling[-1] > 0:
        return None, "above"
    at_zero = np.flatnonzero(falling == 0)
    if len(at_zero):
        return float(np.sqrt(sizes[at_zero[0]] * sizes[at_zero[-1]])), ""
    i = int(np.flatnonzero(falling < 0)[0])
    return _between(sizes, falling, i), ""


def _first_zero(sizes: Floats, values: Floats) -> float | None:
    """Smallest size at which values are 0 or less (None: at the first size already, or never)."""
    below = np.flatnonzero(values <= 0)
    return None if len(below) == 0 or below[0] == 0 else _between(sizes, values, int(below[0]))


def _last_zero(sizes: Floats, values: Floats) -> float | None:
    """Largest size at which values are 0 or more (None: at the last size still, or never)."""
    above = np.flatnonzero(values >= 0)
    return None if len(above) == 0 or above[-1] == len(sizes) - 1 else _between(sizes, values, int(above[-1]) + 1)


def _between(sizes: Floats, values: Floats, i: int) -> float:
    """Zero of the line from point i − 1 to point i, in log size."""
    share = values[i - 1] / (values[i - 1] - values[i])
    low, high = np.log(sizes[i - 1]), np.log(sizes[i])
    return float(np.exp(low + share * (high - low)))
