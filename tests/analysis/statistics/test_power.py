import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.power import power
from tests.analysis.fake import World, fake_results, many_results


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
    from modelcollapse.analysis.statistics.inference import detectable_difference

    loss = detectable_difference(own_sd, n)
    assert loss is not None
    world = World(rates=(0.0, 0.1), seeds=range(n), sizes=(1000, 2000), slope=loss / 0.1, own_sd=own_sd)
    hits = compare_rates(many_results(world, 350))["p"] < 0.05
    assert hits.mean() == pytest.approx(0.8, abs=0.064)


def test_what_is_detectable_after_holm_is_found_in_four_of_five_runs() -> None:
    """One of five rates has the effect, so Holm's first step decides (70 runs, ± 3 errors)."""
    rates, own_sd, n = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), 0.004, 6
    known = power(fake_results(World(rates=rates, seeds=range(n), sizes=(1000, 2000), own_sd=own_sd)))
    assert (known["detectable_holm"] > 1.3 * known["detectable"]).all()
    from modelcollapse.analysis.statistics.inference import detectable_difference

    effect = detectable_difference(own_sd, n, alpha=0.05 / 5)
    hits = []
    for number in range(70):
        rows = fake_results(
            World(rates=rates, seeds=range(n), sizes=(1000, 2000), slope=0.0, own_sd=own_sd, number=number)
        )
        lost = rows.with_columns(accuracy=pl.col("accuracy") - effect * (pl.col("collapse_rate") == 0.1))
        start = pl.col("generation") == 0
        kept = lost.with_columns(accuracy=pl.when(start).then(rows["accuracy"]).otherwise("accuracy"))
        hits.append(compare_rates(kept).filter(pl.col("collapse_rate") == 0.1)["p_holm"].item() < 0.05)
    assert np.mean(hits) == pytest.approx(0.8, abs=0.143)


def test_seeds_needed_come_with_the_uncertainty_of_the_spread(rows: pl.DataFrame) -> None:
    table = power(rows, difference=0.0005)
    assert (table["seeds_low"] < table["seeds_needed"]).all()
    assert (table["seeds_high"] > 4 * table["seeds_needed"]).all()
