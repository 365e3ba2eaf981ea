import math

import polars as pl
import pytest
from scipy import stats

from modelcollapse.analysis.statistics.arms import PairingError
from modelcollapse.analysis.statistics.compare_rates import (
    NOTHING_YET,
    ONE_SEED,
    compare_rates,
    paired_interval_half_width,
    pairing_gain,
    start_test,
)
from tests.analysis.fake import World, fake_results, many_results


def unpaired(world: World) -> pl.DataFrame:
    """Rows whose rates share no seeds, each drawn anew, as in results without seeds."""
    parts = []
    for number, rate in enumerate(world.rates):
        own = World(**{**world.__dict__, "rates": (rate,), "number": 1000 + 50 * world.number + number})
        parts.append(fake_results(own).with_columns(seed=pl.col("seed") + 1000 * number))
    return pl.concat(parts)


def test_differences_are_within_seeds(rows: pl.DataFrame) -> None:
    found = compare_rates(rows).filter(pl.col("collapse_rate") == 0.3).row(0, named=True)
    final = rows.filter(pl.col("n_seen") == 10_000).sort("seed")
    treated = final.filter(pl.col("collapse_rate") == 0.3)["accuracy"].to_numpy()
    human = final.filter(pl.col("collapse_rate") == 0)["accuracy"].to_numpy()
    theirs = stats.ttest_rel(treated, human)
    assert found["paired"] is True
    assert found["n_seeds"] == 5
    assert found["p"] == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found["difference_pp"] == pytest.approx(100 * (treated - human).mean(), rel=1e-12)
    assert found["ci_low"] == pytest.approx(theirs.confidence_interval().low, rel=1e-9)
    assert found["difference"] == pytest.approx(-0.08 * 0.3, abs=0.002)


def test_holm_is_applied_within_a_label_rule(controlled: pl.DataFrame) -> None:
    table = compare_rates(controlled)
    for _, group in table.group_by("label_rule"):
        smallest = group.sort("p").row(0, named=True)
        assert smallest["p_holm"] == pytest.approx(min(1.0, 4 * smallest["p"]))


def test_generation_zero_gets_a_note_instead_of_a_test(rows: pl.DataFrame) -> None:
    table = compare_rates(rows, n_seen=1000)
    assert table["note"].unique().to_list() == [NOTHING_YET]
    assert table["p"].is_null().all()
    assert table["equivalent"].is_null().all()
    assert (table["difference"] == 0).all()


def test_one_seed_gets_a_note_instead_of_an_interval(rows: pl.DataFrame) -> None:
    table = compare_rates(rows.filter(pl.col("seed") == 0))
    assert table["note"].unique().to_list() == [ONE_SEED]
    assert table["ci_low"].is_null().all()
    assert table["difference"].is_not_null().all()


def test_a_broken_start_is_refused(rows: pl.DataFrame) -> None:
    broken = rows.with_columns(accuracy=pl.col("accuracy") + 0.001 * (pl.col("collapse_rate") > 0))
    with pytest.raises(PairingError):
        compare_rates(broken)


def test_rates_without_shared_seeds_are_compared_by_welch() -> None:
    rows = unpaired(World())
    found = compare_rates(rows).filter(pl.col("collapse_rate") == 0.3).row(0, named=True)
    final = rows.filter(pl.col("n_seen") == 10_000)
    arms = [final.filter(pl.col("collapse_rate") == rate)["accuracy"].to_numpy() for rate in (0.3, 0.0)]
    assert found["paired"] is False
    assert found["p"] == pytest.approx(stats.ttest_ind(*arms, equal_var=False).pvalue, rel=1e-9)


def test_start_test_is_exactly_zero_paired_and_chance_unpaired(rows: pl.DataFrame) -> None:
    assert (start_test(rows)["difference"] == 0).all()
    rates = tuple(i / 100 for i in range(20))
    parts = [unpaired(World(rates=rates, sizes=(1000, 2000), number=number)) for number in range(1, 16)]
    p_values = pl.concat([start_test(part) for part in parts])["p"]
    # 15 × 19 tests at 5 %, correlated within a part through its reference: 5 % ± 5 % is over 3 standard errors.
    assert len(p_values) == 285
    assert 0.005 < (p_values < 0.05).mean() < 0.10


def test_false_alarms_of_the_paired_test_are_five_per_cent() -> None:
    """A world without any loss: 5 % of tests are significant (500 tests of one rate each, ± 2.9 % is 3 errors)."""
    world = World(rates=(0.0, 0.1), sizes=(1000, 2000), slope=0.0, seeds=range(4))
    hits = compare_rates(many_results(world, 500))["p"] < 0.05
    assert hits.mean() == pytest.approx(0.05, abs=0.029)


def test_paired_intervals_cover_the_true_loss() -> None:
    """95 % of intervals hold the truth (400 runs: ± 3.3 % is 3 standard errors)."""
    world = World(rates=(0.0, 0.2), sizes=(1000, 2000), slope=0.05, seeds=range(4))
    found = compare_rates(many_results(world, 400))
    held = (found["ci_low"] <= -0.01) & (found["ci_high"] >= -0.01)
    assert held.mean() == pytest.approx(0.95, abs=0.033)


def test_equivalence_tells_small_from_large_losses() -> None:
    rows = fake_results(World(rates=(0.0, 0.01, 0.3), seeds=range(8)))
    found = dict(compare_rates(rows, margin=0.005).select("collapse_rate", "equivalent").iter_rows())
    assert found == {0.01: True, 0.3: False}


def test_half_width_is_the_widest_over_rates(rows: pl.DataFrame) -> None:
    table = compare_rates(rows)
    assert paired_interval_half_width(rows) == pytest.approx((table["ci_high"] - table["ci_low"]).max() / 2)
    assert paired_interval_half_width(rows.filter(pl.col("seed") == 0)) == math.inf
    assert paired_interval_half_width(rows.filter(pl.col("collapse_rate") == 0)) == 0.0


def test_half_width_is_infinite_while_an_arm_lacks_pairs(rows: pl.DataFrame) -> None:
    started = rows.filter((pl.col("collapse_rate") < 0.3) | (pl.col("seed") == 0))
    assert paired_interval_half_width(started) == math.inf


def test_pairing_gain_is_the_variance_ratio_of_the_world() -> None:
    """Own noise .001, shared .00539: the ratio is (2 · .00539² + .001²) / .001² = 59, by 200 seeds within a factor."""
    world = World(rates=(0.0, 0.1), seeds=range(200), sizes=(1000, 2000), seed_sd=0.005, shared_sd=0.002)
    found = pairing_gain(fake_results(world)).row(0, named=True)
    assert found["variance_ratio"] == pytest.approx(59, rel=0.3)
    assert found["n_seeds"] == 200
