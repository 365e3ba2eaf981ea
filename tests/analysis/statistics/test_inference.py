import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from modelcollapse.analysis.statistics.inference import (
    Estimate,
    detectable_difference,
    difference_of,
    holm,
    mean_of,
    mean_over_seeds,
    power_of,
    resolution,
    seeds_needed,
    slope_weights,
    summary,
)

A = np.random.default_rng(1).normal(0.84, 0.004, 8)
B = A + np.random.default_rng(2).normal(-0.002, 0.001, 8)


def test_paired_difference_is_scipys() -> None:
    estimate, theirs = mean_of(B - A), stats.ttest_rel(B, A)
    interval = theirs.confidence_interval()
    assert estimate.p_value() == pytest.approx(theirs.pvalue, rel=1e-9)
    assert estimate.interval() == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_welch_is_scipys() -> None:
    estimate = difference_of(summary(B.mean(), B.std(ddof=1), 8), mean_of(A[:5]))
    theirs = stats.ttest_ind(B, A[:5], equal_var=False)
    interval = theirs.confidence_interval()
    assert estimate.p_value() == pytest.approx(theirs.pvalue, rel=1e-9)
    assert estimate.interval() == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_equivalence_is_statsmodels() -> None:
    assert mean_of(B - A).p_equivalent(0.003) == pytest.approx(ttost_paired(B, A, -0.003, 0.003)[0], rel=1e-9)
    independent = difference_of(mean_of(B), mean_of(A))
    theirs = ttost_ind(B, A, -0.003, 0.003, usevar="unequal")[0]
    assert independent.p_equivalent(0.003) == pytest.approx(theirs, rel=1e-9)


def test_holm_is_statsmodels_and_skips_what_was_not_tested() -> None:
    p = [0.04, 0.001, 0.012, 0.9, 0.011]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1].tolist())
    assert holm([None, 0.04, None]) == [None, 0.04, None]


@pytest.mark.parametrize(("difference", "n"), [(0.001, 5), (0.004, 3), (0.002, 20)])
def test_power_is_statsmodels(difference: float, n: int) -> None:
    theirs = TTestPower().power(difference / 0.002, n, 0.05)
    assert power_of(difference, 0.002, n) == pytest.approx(theirs, abs=1e-6)


def test_detectable_difference_and_seeds_needed_invert_the_power() -> None:
    detectable = detectable_difference(0.002, 6)
    assert detectable is not None
    assert power_of(detectable, 0.002, 6) == pytest.approx(0.8, abs=1e-6)
    n = seeds_needed(0.002, 0.0015)
    assert power_of(0.0015, 0.002, n) >= 0.8 > power_of(0.0015, 0.002, n - 1)
    assert seeds_needed(0.002, 10.0) <= 3


def test_slope_is_scipys() -> None:
    x, y = np.arange(10.0), np.random.default_rng(3).normal(size=10)
    assert slope_weights(x) @ y == pytest.approx(stats.linregress(x, y).slope, rel=1e-9)


def test_the_detectable_difference_grows_with_every_correction() -> None:
    """Far in the tails SciPy's noncentral t answers NaN, which is no power."""
    for n in (2, 3, 5, 10):
        found = [detectable_difference(0.01, n, alpha=0.05 / k) for k in (1, 2, 5, 10, 20, 50)]
        assert found == sorted(found)


def test_no_degrees_of_freedom_and_no_spread() -> None:
    one = mean_of([0.3])
    assert one.interval() == (None, None)
    assert one.p_value() is None
    assert one.p_equivalent(0.1) is None
    assert mean_of([0.0, 0.0]).p_value() == 1.0
    assert mean_of([0.1, 0.1]).p_value() == 0.0
    assert Estimate(0.1, 0.0, 1, 2).p_equivalent(0.2) == 0.0
    assert Estimate(0.1, 0.0, 1, 2).p_equivalent(0.1) == 1.0


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(
    ("n", "n_test", "sd"), [(2, 250, 0.005), (2, 2500, 0.002), (3, 250, 0.005), (5, 20_000, 0.002)]
)
def test_differences_in_ties_establish_nothing(n: int, n_test: int, sd: float, paired: bool) -> None:
    """Ten rates without effect, accuracies as counts: in at most 5 % of 200 runs (+ 3 errors) Holm establishes one."""
    generator = np.random.default_rng([n, n_test])
    hits = []
    for _ in range(200):
        human = generator.normal(0.8, sd, n)
        p_values = []
        for _ in range(10):
            own = (human if paired else generator.normal(0.8, sd, n)) + generator.normal(0, sd, n)
            one, other = (np.round(value * n_test) / n_test for value in (own, human))
            rows = pl.DataFrame({"n_test": [n_test] * n, "difference": one - other, "accuracy": one, "human": other})
            if paired:
                estimate = mean_over_seeds(rows, "difference", "accuracy")
            else:
                estimate = difference_of(mean_over_seeds(rows, "accuracy"), mean_over_seeds(rows, "human", "accuracy"))
            p_values.append(estimate.p_value())
        hits.append(min(p for p in holm(p_values) if p is not None) < 0.05)
    assert np.mean(hits) < 0.05 + 3 * 0.0154


def test_two_seeds_that_lose_the_same_documents_show_nothing() -> None:
    rows = pl.DataFrame({"n_test": [2500, 2500], "difference": [-0.0012, -0.0012]})
    estimate = mean_over_seeds(rows, "difference", "accuracy")
    assert estimate.p_value() == pytest.approx(0.147, abs=0.001)
    low, high = estimate.interval()
    assert low is not None
    assert high is not None
    assert low < 0 < high


def test_only_counts_have_a_resolution() -> None:
    assert resolution([2500, 250], "accuracy") == 1 / 250
    assert resolution([2500], "roc_auc") == 0.0
    assert resolution([], "accuracy") == 0.0
