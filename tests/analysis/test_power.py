import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.differences import compare_rates
from modelcollapse.analysis.power import power
from tests.analysis.fake import World, fake_results


def test_power_counts_the_seeds_that_are_missing(rows: pl.DataFrame) -> None:
    table = power(rows, difference=0.0005)
    differences = compare_rates(rows)
    assert (table["more_seeds"] == table["seeds_needed"] - 5).all()
    widths = (differences["ci_high"] - differences["ci_low"]) / 2
    # sd and interval tell the same: half width = t(.975, 4) · sd / √5
    assert (table["sd"] * 2.7764451052 / np.sqrt(5)).to_list() == pytest.approx(widths.to_list(), rel=1e-9)


def test_the_stated_power_is_reached() -> None:
    """A loss of the detectable size is found in 80 % of runs (350 runs: ± 6.4 % is 3 standard errors)."""
    own_sd, n = 0.001, 6
    from modelcollapse.analysis.inference import detectable_difference

    loss = detectable_difference(own_sd, n)
    assert loss is not None
    hits = []
    for number in range(350):
        world = World(
            rates=(0.0, 0.1), seeds=range(n), sizes=(1000, 2000), slope=loss / 0.1, own_sd=own_sd, number=number
        )
        hits.append(compare_rates(fake_results(world))["p"][0] < 0.05)
    assert np.mean(hits) == pytest.approx(0.8, abs=0.064)
