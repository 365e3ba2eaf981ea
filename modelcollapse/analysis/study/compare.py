"""A run beside what was published: level and shape of its curves, with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from modelcollapse.analysis.statistics.arms import AnalysisError, once_per_seed, prepare, references, study_loop
from modelcollapse.analysis.statistics.frames import table, with_holm
from modelcollapse.analysis.statistics.inference import (
    Estimate,
    Floats,
    difference_of,
    mean_of,
    rank_correlation,
    resolution,
    slope_of_means,
    slope_over_seeds,
    summary,
)
from modelcollapse.analysis.study.published import published

_COLUMNS = """
    source kind quantity unit initial_size collapse_rate n_seen ours ours_low ours_high published published_low
    published_high difference ci_low ci_high agree p p_holm p_equivalent verdict
"""
#: Units of the quantities that are compared.
FRACTION, SLOPE, CORRELATION = "fraction", "pp per 1 %", "correlation"


def published_like(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the published curves of the experiments in `rows`: by name, or else by start and sizes in common.

    They are as in `published`, under the run's names of the experiments; ``source`` is the published name.
    """
    known = published().with_columns(source=pl.col("experiment"))
    parts = []
    for name in rows["experiment"].unique().sort():
        mine = rows.filter(pl.col("experiment") == name)
        if name in known["experiment"]:
            parts.append(known.filter(pl.col("experiment") == name))
            continue
        shared = known.filter(pl.col("experiment") != "baseline").join(
            mine.select("initial_size", "n_seen", collapse_rate=pl.col("collapse_rate").round(4)).unique(),
            on=["initial_size", "n_seen", "collapse_rate"],
        )
        if shared["n_seen"].n_unique() > 1:
            best = shared["experiment"].value_counts().sort("count", "experiment", descending=[True, False]).item(0, 0)
            parts.append(known.filter(pl.col("experiment") == best).with_columns(experiment=pl.lit(name)))
    return pl.concat(parts) if parts else known.clear()


def compare_published(results: pl.DataFrame, margin: float = 0.005) -> pl.DataFrame:
    """Compare a run's curves with the published ones, level and shape, wherever sizes and rates agree.

    Of several models or regimes the loop of the study is taken: see `study_loop`.

    One row per comparison: ``experiment`` and ``source``, the published one; ``kind`` ("level": other reviews give
    other levels; "shape": should agree on any reviews); ``quantity`` with its ``unit`` (`FRACTION`, `SLOPE` or
    `CORRELATION`): accuracy at the first and at the last common size, change from the first to the last size relative
    to the first, difference to rate 0 at the last size, slope (percentage points per 1 % of collapse rate), rank
    correlation of both sets of mean accuracies over rates; where it was taken; ``ours`` and ``published`` with 95 %
    intervals, their ``difference`` with interval and whether that holds 0 (``agree``, which is no agreement: a wide
    interval holds anything); ``p`` and ``p_holm``, corrected over the levels, or the shapes, of an experiment;
    ``p_equivalent`` of two one-sided tests within what `margin` makes of the quantity: itself of accuracies and
    differences, divided by the published first accuracy of relative changes, by the range of rates of slopes.
    ``verdict``: "agrees" (equivalent, at 5 % each), "differs" (p_holm below .05), else "compatible"; "" without
    intervals. Of the rank correlation, ``ours`` is the correlation between both, with a simulated interval; it "agrees"
    if that lies above 0.
    """
    rows = study_loop(prepare(results))
    theirs = published_like(rows)
    records: list[dict[str, Any]] = []
    for name in theirs["experiment"].unique().sort():
        mine = rows.filter(pl.col("experiment") == name)
        other = theirs.filter(pl.col("experiment") == name)
        made = _compare_experiment(str(name), mine, other, margin)
        records += [{"source": other["source"][0], **record} for record in made]
    if not records:
        raise AnalysisError(
            "No published curve has start, rates and sizes in common with this run. "
            "Run baseline, total-collapse, collapse-rates, low-rates or fine-rates, without --scale."
        )
    frame = with_holm(table(records, ["experiment"], _COLUMNS), ["experiment", "kind"])
    return frame.with_columns(verdict=_verdict())


def _verdict() -> pl.Expr:
    """Judge each comparison; the rank correlation, which has no p, by its interval."""
    agrees = pl.lit("agrees")
    return (
        pl.when(pl.col("agree").is_null())
        .then(pl.lit(""))
        .when(pl.col("p").is_null())
        .then(pl.when("agree").then(agrees).otherwise(pl.lit("not shown")))
        .when(pl.col("p_holm") < 0.05)
        .then(pl.lit("differs"))
        .when(pl.col("p_equivalent") < 0.05)
        .then(agrees)
        .otherwise(pl.lit("compatible"))
    )


Place = tuple[int, float, int]


@dataclass(frozen=True)
class _Side:
    """One experiment's curves as estimates at (start, rate, size): within seeds wherever these are known and shared."""

    at: Mapping[Place, tuple[float, float, int]]
    values: Mapping[Place, Mapping[int, float]] = field(default_factory=dict)
    step: float = 0.0

    def _shared(self, *places: Place) -> Floats:
        """Values of the seeds that all places share, shape (n_seeds, n_places)."""
        known = [self.values.get(place, {}) for place in places]
        seeds = sorted(set.intersection(*(set(values) for values in known)))
        return np.array([[values[seed] for values in known] for seed in seeds])

    def mean(self, start: int, rate: float, size: int) -> Estimate:
        return summary(*self.at[start, rate, size], self.step)

    def change(self, start: int, rate: float, first: int, last: int) -> Estimate:
        """Relative change; without shared seeds errors of both ends are independent (first-order propagation)."""
        shared = self._shared((start, rate, first), (start, rate, last))
        if shared.size:
            return mean_of(shared[:, 1] / shared[:, 0] - 1, self.step / max(shared[:, 0].min(), self.step))
        a, b = self.mean(start, rate, first), self.mean(start, rate, last)
        ratio = b.value / a.value
        error = ratio * math.hypot(a.error / a.value, b.error / b.value)
        return Estimate(ratio - 1, error, min(a.freedom, b.freedom), min(a.n, b.n))

    def difference(self, start: int, rate: float, size: int) -> Estimate:
        shared = self._shared((start, rate, size), (start, 0.0, size))
        if shared.size:
            return mean_of(shared[:, 0] - shared[:, 1], self.step)
        return difference_of(self.mean(start, rate, size), self.mean(start, 0.0, size))

    def means(self, start: int, rates: list[float], size: int) -> list[Estimate]:
        """Of the seeds that all rates share, without what these seeds have in common at all rates."""
        shared = self._shared(*((start, rate, size) for rate in rates))
        if not shared.size:
            return [self.mean(start, rate, size) for rate in rates]
        centred = shared - shared.mean(axis=1, keepdims=True) + shared.mean()
        return [mean_of(column, self.step) for column in centred.T]

    def slope(self, start: int, rates: list[float], size: int) -> Estimate:
        """Least squares in percentage points per 1 % of collapse rate: the same number as in fractions per fraction."""
        shared = self._shared(*((start, rate, size) for rate in rates))
        if shared.size:
            return slope_over_seeds(shared, np.asarray(rates), self.step)
        return slope_of_means(self.means(start, rates, size), np.asarray(rates))


def _ours(rows: pl.DataFrame, merge_starts: bool) -> _Side:
    start = pl.lit(0, pl.Int64) if merge_starts else pl.col("initial_size")
    keyed = once_per_seed(rows.with_columns(start=start, rate=pl.col("collapse_rate").round(4)), "start", "rate")
    accuracy = pl.col("accuracy")
    table = keyed.group_by("start", "rate", "n_seen").agg(accuracy.mean(), sd=accuracy.std(), n=pl.len())
    at = {(s, r, size): (mean, math.nan if sd is None else sd, n) for s, r, size, mean, sd, n in table.iter_rows()}
    values: dict[Place, dict[int, float]] = {}
    for s, r, size, seed, value in keyed.select("start", "rate", "n_seen", "seed", "accuracy").iter_rows():
        values.setdefault((s, r, size), {})[seed] = value
    return _Side(at, values, resolution(rows["n_test"], "accuracy"))


def _compare_experiment(name: str, rows: pl.DataFrame, theirs: pl.DataFrame, margin: float) -> Iterator[dict[str, Any]]:
    is_baseline = bool((theirs["initial_size"] == theirs["n_seen"]).all())
    if is_baseline:  # every published size is a training of its own; ours is one chain, or several starts
        rows, theirs = references(rows), theirs.with_columns(initial_size=pl.lit(0, pl.Int64))
    ours = _ours(rows, merge_starts=is_baseline)
    columns = ("initial_size", "collapse_rate", "n_seen", "mean", "sd", "n_seeds")
    other = _Side({(s, round(r, 4), n): (m, sd, k) for s, r, n, m, sd, k in theirs.select(columns).iter_rows()})
    common = sorted(ours.at.keys() & other.at.keys())
    for start in sorted({s for s, _, _ in common}):
        sizes_of: dict[float, list[int]] = {}
        for s, rate, size in common:
            if s == start:
                sizes_of.setdefault(rate, []).append(size)
        yield from _compare_start(name, start, sizes_of, ours, other, margin)


def _compare_start(
    name: str, start: int, sizes_of: dict[float, list[int]], ours: _Side, other: _Side, margin: float
) -> Iterator[dict[str, Any]]:
    place = {"experiment": name, "initial_size": start or None}
    for rate, sizes in sizes_of.items():
        first, last = sizes[0], sizes[-1]
        here = {**place, "collapse_rate": rate, "unit": FRACTION}
        for size in dict.fromkeys((first, last)):
            pair = (side.mean(start, rate, size) for side in (ours, other))
            yield _record({**here, "kind": "level", "quantity": "accuracy", "n_seen": size}, margin, *pair)
        shape = {**here, "kind": "shape", "n_seen": last}
        if last > first:
            pair = (side.change(start, rate, first, last) for side in (ours, other))
            relative = margin / other.mean(start, rate, first).value
            yield _record({**shape, "quantity": f"relative change since {first:,}"}, relative, *pair)
        if rate > 0 and last > first and last in sizes_of.get(0.0, []):
            pair = (side.difference(start, rate, last) for side in (ours, other))
            yield _record({**shape, "quantity": "difference to rate 0"}, margin, *pair)
    rates = sorted(sizes_of)
    last = max(set.intersection(*(set(sizes) for sizes in sizes_of.values())), default=0)
    if len(rates) >= 3 and last > start:
        shape = {**place, "kind": "shape", "n_seen": last}
        pair = (side.slope(start, rates, last) for side in (ours, other))
        tilt = margin / (rates[-1] - rates[0])
        yield _record({**shape, "quantity": "slope in pp per 1 %", "unit": SLOPE}, tilt, *pair)
        means = (side.means(start, rates, last) for side in (ours, other))
        rank = {"quantity": "rank correlation over rates", "unit": CORRELATION}
        yield {**shape, **rank, **_rank_correlation(*means)}


def _record(place: dict[str, Any], margin: float, ours: Estimate, theirs: Estimate) -> dict[str, Any]:
    gap = difference_of(ours, theirs)
    low, high = gap.interval()
    return {
        **place,
        **ours.bounds("ours"),
        **theirs.bounds("published"),
        **gap.columns("difference"),
        "agree": None if low is None or high is None else low <= 0 <= high,
        "p_equivalent": gap.p_equivalent(margin),
    }


def _rank_correlation(ours: list[Estimate], theirs: list[Estimate]) -> dict[str, Any]:
    """Spearman's correlation of two sets of means; interval by drawing all means anew within their errors."""
    rho = rank_correlation([e.value for e in ours], [e.value for e in theirs])
    if rho is None or any(e.freedom <= 0 for e in (*ours, *theirs)):
        return {"ours": rho}
    generator = np.random.default_rng(0)
    draws = [[e.value + e.error * generator.standard_t(e.freedom, 2000) for e in side] for side in (ours, theirs)]
    ranks = [stats.rankdata(np.array(side), axis=0) for side in draws]
    simulated = 1 - 6 * ((ranks[0] - ranks[1]) ** 2).sum(axis=0) / (len(ours) * (len(ours) ** 2 - 1))
    low, high = np.quantile(simulated, [0.025, 0.975])
    return {"ours": rho, "ours_low": float(low), "ours_high": float(high), "agree": bool(low > 0)}
