import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.statistics.estimates import mean_over_seeds, resolution
from modelcollapse.analysis.statistics.inference import difference_of, holm


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
