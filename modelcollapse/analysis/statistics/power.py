"""What a run can see as it is, how many seeds it would take to see more, and where its noise comes from."""

from __future__ import annotations

import math
from collections import Counter

import polars as pl

from modelcollapse.analysis.statistics.arms import ARM, RULE, at_size, pair_with_reference, prepare
from modelcollapse.analysis.statistics.estimates import mean_over_seeds
from modelcollapse.analysis.statistics.frames import groups, table
from modelcollapse.analysis.statistics.inference import detectable_difference, sd_interval, seeds_needed


def power(results: pl.DataFrame, difference: float = 0.005, metric: str = "accuracy") -> pl.DataFrame:
    """Tell what differences to rate 0 the run can detect, and how many more seeds a stated one needs.

    For a two-sided paired t test at 5 % with a power of 80 %, at the final size: for one rate alone and, stricter, for
    a rate that must pass the first step of Holm's correction over all rates of its label rule. The standard deviation
    is itself an estimate: of five seeds it is known within a factor of three, and the seeds it calls for within one of
    eight. Plans made from such a pilot reach 70 % on average instead of 80 %.

    Parameters
    ----------
    difference : float
        The difference to be found (0.005 is half a percentage point).

    Returns
    -------
    DataFrame
        `ARM`, ``n_seeds, sd`` (of differences within seeds; one test document at least) with its 95 % interval
        ``sd_low, sd_high``, ``detectable, detectable_holm``, ``difference``, ``seeds_needed, more_seeds`` and
        ``seeds_low, seeds_high``, the seeds that the ends of that interval call for. Arms with fewer than two pairs are
        left out.
    """
    final = at_size(prepare(results)).filter(pl.col("generation") > 0)
    pairs = [(arm, group) for arm, group in groups(pair_with_reference(final, metric), ARM) if group.height >= 2]
    n_tests = Counter(tuple(arm[axis] for axis in RULE) for arm, _ in pairs)
    records = []
    for arm, group in pairs:
        n = group.height
        estimate = mean_over_seeds(group, "difference", metric)
        sd = estimate.error * math.sqrt(n)
        low, high = sd_interval(sd, n)
        needed = seeds_needed(sd, difference)
        corrected = 0.05 / n_tests[tuple(arm[axis] for axis in RULE)]
        records.append(
            {
                **arm,
                "n_seeds": n,
                "sd": sd,
                "sd_low": low,
                "sd_high": high,
                "detectable": detectable_difference(sd, n),
                "detectable_holm": detectable_difference(sd, n, alpha=corrected),
                "difference": difference,
                "seeds_needed": needed,
                "more_seeds": max(0, needed - n),
                "seeds_low": seeds_needed(low, difference),
                "seeds_high": seeds_needed(high, difference),
            }
        )
    columns = "n_seeds sd sd_low sd_high detectable detectable_holm difference"
    return table(records, ARM, f"{columns} seeds_needed more_seeds seeds_low seeds_high")
