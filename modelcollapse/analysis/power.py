"""What a run can see as it is, how many seeds it would take to see more, and where its noise comes from."""

from __future__ import annotations

import math

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


def noise(results: pl.DataFrame) -> pl.DataFrame:
    """Split the spread of final accuracies over seeds into the test set's part and the rest.

    Every seed draws its own test set, so the spread holds both. The test set's part is binomial: √(a(1 − a) / n_test).

    Returns
    -------
    DataFrame
        `ARM`, ``n_seeds, sd, test_sd, training_sd`` (0 where the test set explains all of it).
    """
    records = []
    for arm, group in groups(at_size(prepare(results)), ARM):
        if group.height < 2:
            continue
        accuracy = float(group["accuracy"].mean())  # type: ignore[arg-type]
        sd = float(group["accuracy"].std())  # type: ignore[arg-type]
        test_sd = math.sqrt(accuracy * (1 - accuracy) / arm["n_test"])
        training = math.sqrt(max(0.0, sd**2 - test_sd**2))
        records.append({**arm, "n_seeds": group.height, "sd": sd, "test_sd": test_sd, "training_sd": training})
    columns = {"n_seeds": int, "sd": float, "test_sd": float, "training_sd": float}
    return table(records, ARM, columns)
