"""What a run can see as it is, how many seeds it would take to see more, and where its noise comes from."""

from __future__ import annotations

import polars as pl

from modelcollapse.analysis.arms import ARM, at_size, pair_with_reference, prepare
from modelcollapse.analysis.inference import detectable_difference, seeds_needed
from modelcollapse.analysis.tables import groups, table


def power(results: pl.DataFrame, difference: float = 0.005, metric: str = "accuracy") -> pl.DataFrame:
    """Tell what differences to rate 0 the run can detect, and how many more seeds a stated one needs.

    For a two-sided paired t test at 5 % (one rate, not corrected for several) with a power of 80 %, at the final size.

    Parameters
    ----------
    results : DataFrame
        Rows, one per generation of a chain.
    difference : float
        The difference to be found (0.005 is half a percentage point).
    metric : str
        Column to compare.

    Returns
    -------
    DataFrame
        `ARM`, ``n_seeds, sd`` (of differences within seeds), ``detectable``, ``difference``, ``seeds_needed,
        more_seeds``. Arms with fewer than two pairs are left out.
    """
    final = at_size(prepare(results)).filter(pl.col("generation") > 0)
    records = []
    for arm, group in groups(pair_with_reference(final, metric), ARM):
        n = group.height
        if n < 2:
            continue
        sd = float(group["difference"].std())  # type: ignore[arg-type]
        needed = seeds_needed(sd, difference)
        records.append(
            {
                **arm,
                "n_seeds": n,
                "sd": sd,
                "detectable": detectable_difference(sd, n),
                "difference": difference,
                "seeds_needed": needed,
                "more_seeds": max(0, needed - n),
            }
        )
    columns = {"n_seeds": int, "sd": float, "detectable": float, "difference": float}
    return table(records, ARM, {**columns, "seeds_needed": int, "more_seeds": int})
