import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.mechanism.degeneration import peaks, tipping, tipping_rates, two_groups
from modelcollapse.analysis.report.mechanism_tables import peaks_table
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.statistics.seed_groups import split_test
from tests.analysis.fake import World, fake_results, many_results


def test_degenerate_seeds_are_counted_with_an_interval(collapsing: pl.DataFrame) -> None:
    table = tipping(collapsing).sort("collapse_rate")
    assert table["n_degenerate"].to_list() == [0, 0, 0, 4, 8]
    half = table.row(3, named=True)
    assert half["share"] == 0.5
    assert (half["ci_low"], half["ci_high"]) == pytest.approx((0.157, 0.843), abs=0.001)
    assert half["constant"] == "negative"
    assert 65_000 < half["tipping_size"] <= 80_000
    assert table["tipping_size"][0] is None


def test_a_seed_that_recovers_has_not_tipped(collapsing: pl.DataFrame) -> None:
    healed = collapsing.with_columns(
        predicted_positive_rate=pl.when(pl.col("n_seen") == 80_000)
        .then(pl.lit(0.5))
        .otherwise("predicted_positive_rate")
    )
    assert tipping(healed)["n_degenerate"].sum() == 0


def test_tipping_rates(collapsing: pl.DataFrame) -> None:
    found = tipping_rates(collapsing).row(0, named=True)
    assert (found["tipping_rate"], found["first_rate"], found["share"]) == (0.5, 0.5, 0.5)
    assert tipping_rates(collapsing, share=0.9)["tipping_rate"].to_list() == [1.0]


def test_rows_without_predicted_positive_rate_give_empty_tables(collapsing: pl.DataFrame) -> None:
    bare = collapsing.with_columns(predicted_positive_rate=pl.lit(None, pl.Float64))
    assert tipping(bare).is_empty()
    assert tipping_rates(bare).is_empty()


def test_two_groups_are_flagged_where_half_the_seeds_fall(collapsing: pl.DataFrame) -> None:
    table = two_groups(collapsing)
    assert table.filter("bimodal")["collapse_rate"].to_list() == [0.5]
    half = table.filter("bimodal").row(0, named=True)
    assert (half["n_low"], half["n_high"], half["mixed"]) == (4, 4, True)
    assert half["high_mean"] - half["low_mean"] > 0.2


def test_groups_that_hardly_differ_are_not_worth_a_flag(collapsing: pl.DataFrame) -> None:
    close = collapsing.with_columns(accuracy=0.5 + pl.col("accuracy") / 100)
    assert not two_groups(close)["bimodal"].any()
    assert two_groups(close)["mixed"].any()


def test_split_test_raises_a_false_alarm_in_one_of_twenty_normal_samples() -> None:
    """1,000 normal samples of 8: 5 % ± 2.1 % (3 standard errors)."""
    generator = np.random.default_rng(5)
    alarms = [split_test(generator.normal(size=8))[0] < 0.05 for _ in range(1000)]
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.021)


def test_split_test_sees_two_groups_and_refuses_to_judge_few() -> None:
    p, n_low = split_test([0.5, 0.51, 0.5, 0.52, 0.8, 0.81, 0.8])
    assert p < 0.05
    assert n_low == 4
    assert split_test([0.5, 0.8, 0.8])[0] == 1.0
    assert split_test([0.5] * 6)[0] == 1.0


def test_peak_is_where_losses_outgrow_what_is_learned() -> None:
    rows = fake_results(World(rates=(0.0, 0.01, 0.5), seeds=range(6), slope=0.1))
    low, high = peaks(rows).sort("collapse_rate").iter_rows(named=True)
    assert low["hurts"] is False
    assert high["hurts"] is True
    assert 1500 <= high["peak_size"] <= 5000
    assert high["ci_low"] > 0


def test_choosing_the_peak_does_not_raise_false_alarms() -> None:
    """A flat curve of pure noise: the chosen peak looks better, the test does not fall for it (5.5 % ± 3 errors)."""
    rows = many_results(World(rates=(0.0, 0.1), seeds=range(6)), 300).filter(pl.col("collapse_rate") > 0)
    flat = rows.with_columns(accuracy=pl.Series(0.8 + np.random.default_rng(0).normal(0, 0.005, rows.height)))
    assert peaks(flat)["hurts"].mean() < 0.055 + 3 * 0.013


def test_one_seed_has_a_peak_and_no_test(rows: pl.DataFrame) -> None:
    table = peaks(rows.filter(pl.col("seed") == 0))
    assert table["peak_size"].is_not_null().all()
    assert table["hurts"].is_null().all()


def test_an_arm_that_still_rises_has_no_fall() -> None:
    rows = fake_results(World(rates=(0.0, 0.01), shared_sd=0.0, own_sd=0.0, slope=0.0))
    found = peaks(rows).row(0, named=True)
    assert found["rising"] is True
    assert found["p"] == 1.0
    table = peaks_table(prepare(rows))
    assert table is not None
    assert [cell.text for cell in table.rows[0]][-3:] == ["–, still rising", "–", "not shown"]
