"""What hangs on the margin: which rates lose more than it, which are as good as none, at several margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from modelcollapse.analysis.statistics.arms import ARM, RULE, at_size, prepare
from modelcollapse.analysis.statistics.compare_rates import compare_rates, differences
from modelcollapse.analysis.statistics.frames import table, with_holm
from modelcollapse.analysis.statistics.inference import Estimate
from modelcollapse.analysis.statistics.trends import tolerance

#: Losses that somebody may call none: a quarter, a half and one percentage point.
MARGINS = (0.0025, 0.005, 0.01)
ALPHA = 0.05
LOSS, GAIN, EQUIVALENT, NEITHER, UNRELIABLE = "loss", "gain", "equivalent", "neither", "unreliable"


def margin_sensitivity(
    results: pl.DataFrame, margins: Sequence[float] = MARGINS, metric: str = "accuracy", n_seen: int | None = None
) -> pl.DataFrame:
    """Judge every rate against several margins.

    At each margin two questions are asked of every rate: does it differ from rate 0 by *more* than the margin (a
    two-sided t test of the distance from the nearer edge), and by *less* (two one-sided tests, Schuirmann 1987)? Each
    question is corrected by Holm over the rates of a label rule, so that at each margin either of them is answered
    wrongly for any rate in at most 5 % of runs. Choosing the margin after looking spoils that.

    Parameters
    ----------
    margins : sequence of float
        Fractions: 0.005 is half a percentage point.

    Returns
    -------
    DataFrame
        One row per arm with a collapse rate above 0 and margin: `ARM`, ``n_seen, n_seeds, margin, difference``;
        ``p_beyond`` and ``p_equivalent``, both corrected; ``verdict``: "loss" or "gain" (beyond the margin),
        "equivalent", "neither" – and "unreliable" where `compare_rates` says that t tests do not hold (null with one
        seed); and of the whole label rule ``tolerance`` with ``tolerance_low, tolerance_high``: see `trends.tolerance`.
    """
    rows = prepare(results)
    found = [one for one in differences(at_size(rows, n_seen), metric) if one.generation > 0]
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
    known = compare_rates(rows, metric, n_seen).select(*ARM, "reliable")
    judged = frame.join(known, on=list(ARM), how="left", maintain_order="left").with_columns(verdict=_verdict())
    names = {"ci_low": "tolerance_low", "ci_high": "tolerance_high"}
    tolerances = pl.concat([tolerance(rows, margin, metric, n_seen) for margin in margins]).rename(names)
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
