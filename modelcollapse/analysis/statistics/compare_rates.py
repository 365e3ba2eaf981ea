"""Differences to rate 0: within seeds where seeds are shared, by Welch's test where they are not (imported results)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from modelcollapse.analysis.statistics.arms import (
    ARM,
    RULE,
    SETTING,
    at_size,
    check_pairing,
    pair_with_reference,
    prepare,
    references,
    treated,
)
from modelcollapse.analysis.statistics.frames import groups, mean, table, with_holm
from modelcollapse.analysis.statistics.inference import Estimate, difference_of, mean_over_seeds
from modelcollapse.analysis.statistics.seed_groups import seed_groups

NOTHING_YET = "no self-labels yet: all rates are the same experiment"
ONE_SEED = "one seed: no interval"


@dataclass(frozen=True)
class Difference:
    """One treated arm at one size against its reference."""

    arm: dict[str, Any]
    generation: int
    n_seen: int
    mean: float
    reference: float
    estimate: Estimate
    is_paired: bool


def differences(here: pl.DataFrame, metric: str = "accuracy") -> Iterator[Difference]:
    """Compare every treated arm with its reference, both `at_size`, in order; arms without one are left out."""
    pairs = {tuple(key.values()): group for key, group in groups(pair_with_reference(here, metric), ARM)}
    human = {tuple(key.values()): group for key, group in groups(references(here).drop_nulls(metric), SETTING)}
    for arm, group in groups(treated(here).drop_nulls(metric), ARM):
        reference = human.get(tuple(arm[axis] for axis in SETTING))
        if reference is None:
            continue
        paired = pairs.get(tuple(arm.values()))
        if paired is not None and paired.height >= min(2, group.height, reference.height):
            estimate = mean_over_seeds(paired, "difference", metric)
            value, base = mean(paired["value"]), mean(paired["reference"])
        else:
            value, base = mean(group[metric]), mean(reference[metric])
            estimate = difference_of(mean_over_seeds(group, metric), mean_over_seeds(reference, metric))
            paired = None
        row = group.row(0, named=True)
        yield Difference(arm, row["generation"], row["n_seen"], value, base, estimate, paired is not None)


def compare_rates(
    results: pl.DataFrame, metric: str = "accuracy", n_seen: int | None = None, margin: float = 0.005
) -> pl.DataFrame:
    """Compare every collapse rate with rate 0: difference, interval, Holm-corrected p, equivalence.

    Returns
    -------
    DataFrame
        One row per arm with a collapse rate above 0: the columns of `ARM` and

        - ``generation, n_seen, n_seeds``, ``paired`` (within shared seeds, else Welch's test);
        - ``reference, mean``, ``difference`` (mean − reference), ``ci_low, ci_high`` (95 %), all as fractions, and
          ``difference_pp`` in percentage points;
        - ``p`` and ``p_holm``, corrected over the rates of a label rule;
        - ``p_equivalent``, of two one-sided tests, and ``equivalent``: that is below 5 % in an arm whose mean is
          ``reliable`` and whose seeds do not fall;
        - ``note``: why there is no test, if there is none;
        - ``n_tests``, the rates tested of the label rule, ``joint_low, joint_high``: intervals that hold for all of
          them at once (95 %, Bonferroni), so for any that is picked because of what came out;
        - ``state, falls, reliable, why, n_degenerate, share_low, share_high, mean_others``: see
          `seed_groups.seed_groups`.

    Raises
    ------
    AnalysisError
        There is no generation of that size.
    PairingError
        Chains of a seed differ although nothing was self-labelled yet.
    """
    rows = prepare(results)
    check_pairing(rows, metric)
    found = list(differences(at_size(rows, n_seen), metric))
    n_tests = Counter(_rule_of(one) for one in found if one.generation > 0 and one.estimate.freedom > 0)
    records = [_record(one, margin, n_tests[_rule_of(one)]) for one in found]
    columns = "generation n_seen n_seeds paired reference mean difference difference_pp ci_low ci_high p"
    more = "p_holm p_equivalent equivalent note n_tests joint_low joint_high"
    frame = table(records, ARM, f"{columns} {more}")
    known = seed_groups(at_size(rows, n_seen), metric).drop("all_seeds", "share")
    frame = frame.join(known, on=list(ARM), how="left", nulls_equal=True, maintain_order="left").with_columns(
        equivalent=pl.when(pl.col("equivalent").is_not_null()).then(
            pl.col("equivalent") & pl.col("reliable") & ~pl.col("falls")
        )
    )
    return with_holm(frame, RULE)


def _rule_of(one: Difference) -> tuple[Any, ...]:
    return tuple(one.arm[axis] for axis in RULE)


def _record(one: Difference, margin: float, n_tests: int) -> dict[str, Any]:
    estimate = one.estimate
    is_start = one.generation == 0
    note = NOTHING_YET if is_start else ONE_SEED if estimate.freedom <= 0 else ""
    joint_low, joint_high = estimate.interval(1 - 0.05 / max(1, n_tests))
    p_equivalent = None if is_start else estimate.p_equivalent(margin)
    return {
        **one.arm,
        "generation": one.generation,
        "n_seen": one.n_seen,
        "n_seeds": estimate.n,
        "paired": one.is_paired,
        "reference": one.reference,
        "mean": one.mean,
        **estimate.columns("difference"),
        "difference_pp": 100 * estimate.value,
        **({"p": None} if is_start else {}),
        "p_equivalent": p_equivalent,
        "equivalent": None if p_equivalent is None else p_equivalent < 0.05,
        "note": note,
        "n_tests": n_tests,
        "joint_low": joint_low,
        "joint_high": joint_high,
    }


def start_test(rows: pl.DataFrame, metric: str = "accuracy", margin: float = 0.005) -> pl.DataFrame:
    """Test generation 0, where all rates are the same experiment: what "differs" there is chance (an A/A test).

    Under pairing every difference is exactly zero (`check_pairing` asserts it). Independent seeds, as in the original
    study, give p-values; about one in twenty is below .05.

    Columns: `ARM`, ``n_seeds, paired, difference, p, p_equivalent`` (within ± margin, two one-sided tests).
    """
    records = (
        {
            **one.arm,
            "n_seeds": one.estimate.n,
            "paired": one.is_paired,
            "difference": one.estimate.value,
            "p": one.estimate.p_value(),
            "p_equivalent": one.estimate.p_equivalent(margin),
        }
        for one in differences(rows.filter(generation=0), metric)
    )
    return table(records, ARM, "n_seeds paired difference p p_equivalent")


def paired_interval_half_width(results: pl.DataFrame, metric: str = "accuracy") -> float:
    """Half the width of the widest paired 95 % interval over rates at the final size.

    Infinite while an arm has fewer than two pairs of seeds; 0 if there is nothing but rate 0.
    """
    widths = [
        one.estimate.half_width() if one.is_paired else math.nan
        for one in differences(at_size(prepare(results)), metric)
        if one.generation > 0
    ]
    return max((math.inf if math.isnan(width) else width for width in widths), default=0.0)


def pairing_gain(results: pl.DataFrame, metric: str = "accuracy") -> pl.DataFrame:
    """Measure how much pairing bought: how many times as many seeds an unpaired design would need.

    The variance of an unpaired difference is the sum of both arms' variances; of a paired one it is the variance of the
    differences within seeds.

    Columns: `ARM`, ``n_seeds, paired_sd, unpaired_sd, variance_ratio`` (unpaired by paired) at the final size;
    arms with fewer than three pairs are left out.
    """
    final = at_size(prepare(results)).filter(pl.col("generation") > 0)
    records = []
    for arm, group in groups(pair_with_reference(final, metric), ARM):
        if group.height < 3:
            continue
        paired, *both = (float(group[name].std()) for name in ("difference", "value", "reference"))  # type: ignore[arg-type]
        unpaired = math.hypot(*both)
        ratio = (unpaired / paired) ** 2 if paired > 0 else None
        records.append(
            {**arm, "n_seeds": group.height, "paired_sd": paired, "unpaired_sd": unpaired, "variance_ratio": ratio}
        )
    return table(records, ARM, "n_seeds paired_sd unpaired_sd variance_ratio")
