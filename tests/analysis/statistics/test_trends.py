from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from modelcollapse.analysis.report.assurance_tables import margins_table
from modelcollapse.analysis.statistics import trends
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.trends import first_crossing, margin_sensitivity, tolerance, trend
from tests.analysis.fake import World, fake_results, many_results


def test_slope_is_that_of_a_mixed_model() -> None:
    rows = fake_results(World(rates=tuple(i / 100 for i in range(0, 11, 2)), seeds=range(12), own_sd=0.003))
    found = trend(rows).row(0, named=True)
    final = rows.filter(pl.col("n_seen") == 10_000)
    percents = sm.add_constant(100 * final["collapse_rate"].to_numpy())
    theirs = MixedLM(100 * final["accuracy"].to_numpy(), percents, groups=final["seed"].to_numpy()).fit()
    assert found["paired"] is True
    assert found["slope_pp"] == pytest.approx(theirs.params[1], rel=1e-6)
    assert found["ci_low_pp"] < -0.08 < found["ci_high_pp"]
    assert found["n_rates"] == 6


def test_slope_intervals_cover_the_truth() -> None:
    """The truth is −0.05 pp per 1 %; 95 % coverage of 300 runs within ± 3.8 % (3 standard errors)."""
    world = World(rates=(0.0, 0.05, 0.1), seeds=range(4), sizes=(1000, 2000), slope=0.05)
    found = trend(many_results(world, 300))
    held = (found["ci_low_pp"] <= -0.05) & (found["ci_high_pp"] >= -0.05)
    assert held.mean() == pytest.approx(0.95, abs=0.038)


def test_max_rate_leaves_the_far_end_out(collapsing: pl.DataFrame) -> None:
    everything = trend(collapsing).row(0, named=True)
    near = trend(collapsing, max_rate=0.3).row(0, named=True)
    assert near["n_rates"] == 3
    assert near["slope_pp"] == pytest.approx(-0.08, abs=0.02)
    assert everything["slope_pp"] < 2 * near["slope_pp"]


def test_no_trend_from_two_rates_or_at_the_start(rows: pl.DataFrame) -> None:
    assert trend(rows, max_rate=0.05).is_empty()


def test_independent_seeds_get_one_line_through_all_points(rows: pl.DataFrame) -> None:
    apart = rows.with_columns(seed=pl.col("seed") + (1000 * pl.col("collapse_rate")).cast(pl.Int64))
    found = trend(apart).row(0, named=True)
    assert found["paired"] is False
    assert found["ci_low_pp"] < trend(rows)["ci_low_pp"][0]


def test_tolerance_is_where_the_line_meets_the_margin() -> None:
    rows = fake_results(World(rates=(0.0, 0.05, 0.1, 0.2, 0.3), seeds=range(30)))
    found = tolerance(rows, margin=0.01).row(0, named=True)
    assert found["tolerance"] == pytest.approx(0.125, abs=0.01)
    assert found["ci_low"] < 0.125 < found["ci_high"]
    assert found["largest_rate"] == 0.3


def test_tolerance_bounds_cover_the_truth() -> None:
    """Truth 6.25 %: both bounds together hold it in at least 95 % − 3 errors of 300 runs, and are not useless."""
    world = World(rates=(0.0, 0.02, 0.04, 0.06, 0.08, 0.1), seeds=range(5), sizes=(1000, 2000), slope=0.08)
    found = tolerance(many_results(world, 300), margin=0.005)
    high = found["ci_high"].fill_null(np.inf)
    assert ((found["ci_low"] <= 0.0625) & (high >= 0.0625)).mean() > 0.95 - 3 * 0.0126
    assert (high.clip(upper_bound=0.1) - found["ci_low"]).median() < 0.05


def test_a_margin_that_is_never_exceeded_has_no_upper_end(rows: pl.DataFrame) -> None:
    found = tolerance(rows, margin=0.2).row(0, named=True)
    assert found["tolerance"] is None
    assert found["ci_high"] is None
    assert found["ci_low"] == found["largest_rate"] == 0.3


def test_one_seed_gives_a_tolerance_without_bounds(rows: pl.DataFrame) -> None:
    found = tolerance(rows.filter(pl.col("seed") == 1), margin=0.01).row(0, named=True)
    assert found["tolerance"] is not None
    assert found["ci_low"] is None
    assert found["ci_high"] is None


def test_first_crossing_interpolates() -> None:
    x = np.array([0.0, 1.0, 2.0])
    assert first_crossing(x, np.array([0.0, 1.0, 3.0]), 2.0) == pytest.approx(1.5)
    assert first_crossing(x, np.array([3.0, 4.0, 5.0]), 2.0) == 0.0
    assert first_crossing(x, np.array([0.0, 0.0, 2.0]), 2.0) is None


def test_independent_slopes_take_the_spread_of_each_rate() -> None:
    """Spread grows from .3 to 13 pp with the rate: 95 % of intervals of 300 runs (± 3 errors), not 82 %."""
    rates = (0.0, 0.1, 0.3, 0.5, 1.0)
    template = fake_results(World(rates=rates, sizes=(1000, 2000)))
    apart = template.with_columns(seed=pl.col("seed") + 1000 * (100 * pl.col("collapse_rate")).cast(pl.Int64))
    spread = 0.003 + 0.127 * apart["collapse_rate"].to_numpy()
    held = []
    for number in range(300):
        noise = spread * np.random.default_rng(number).standard_normal(apart.height)
        found = trend(apart.with_columns(accuracy=0.7 + pl.Series(noise))).row(0, named=True)
        held.append(found["ci_low_pp"] <= 0 <= found["ci_high_pp"])
    assert np.mean(held) == pytest.approx(0.95, abs=0.038)


def test_tolerance_names_the_rates_between_which_it_lies() -> None:
    found = tolerance(fake_results(World(rates=(0.0, 0.05, 0.1, 0.3))), margin=0.01).row(0, named=True)
    assert (found["below"], found["above"]) == (0.1, 0.3)
    assert tolerance(fake_results(World(slope=0.0)))["below"].to_list() == [None]


def test_every_rate_is_judged_at_every_margin(rows: pl.DataFrame) -> None:
    """Losses of 0.4, 0.8 and 2.4 points, known to about ± 0.13."""
    frame = margin_sensitivity(rows)
    verdicts = {margin: frame.filter(margin=margin)["verdict"].to_list() for margin in (0.0025, 0.005, 0.01)}
    assert verdicts == {
        0.0025: ["loss", "loss", "loss"],
        0.005: ["neither", "loss", "loss"],
        0.01: ["equivalent", "equivalent", "loss"],
    }
    half = tolerance(rows, 0.005).row(0, named=True)
    here = frame.filter(margin=0.005).row(0, named=True)
    names = ("tolerance", "ci_low", "ci_high")
    assert [here[f"tolerance{end}"] for end in ("", "_low", "_high")] == [half[name] for name in names]


def test_the_tests_are_the_plain_ones_corrected(rows: pl.DataFrame) -> None:
    frame = margin_sensitivity(rows, margins=[0.0025])
    plain = []
    wide = rows.filter(pl.col("n_seen") == 10_000).pivot("collapse_rate", index="seed", values="accuracy")
    for rate in ("0.05", "0.1", "0.3"):
        loss = (wide["0.0"] - wide[rate]).to_numpy()
        plain.append(stats.ttest_1samp(loss, 0.0025).pvalue)
    ordered = np.argsort(plain)
    expected = np.maximum.accumulate([plain[i] * (3 - rank) for rank, i in enumerate(ordered)])
    assert np.array(frame["p_beyond"])[ordered] == pytest.approx(expected)


def test_one_seed_is_judged_not_at_all() -> None:
    frame = margin_sensitivity(fake_results(World(seeds=(0,))))
    assert frame["verdict"].is_null().all()
    assert margins_table(prepare(fake_results(World(seeds=(0,))))) is None
    assert margin_sensitivity(fake_results(World(rates=(0.0,)))).is_empty()


def test_where_t_tests_do_not_hold_nothing_is_said(rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_reliability(*arguments: object) -> pl.DataFrame:
        table = compare_rates(*arguments)  # type: ignore[arg-type]
        return table.with_columns(reliable=pl.col("collapse_rate") < 0.3)

    monkeypatch.setattr(trends, "compare_rates", with_reliability)
    assert margin_sensitivity(rows, margins=[0.0025])["verdict"].to_list() == ["loss", "loss", "unreliable"]


def test_the_table_lists_rates_by_verdict(rows: pl.DataFrame) -> None:
    table = margins_table(prepare(rows))
    assert table is not None
    assert table.columns[:4] == ("margin", "lose more", "equal", "neither shown")
    words = [[cell.text for cell in row][:4] for row in table.rows]
    assert words == [
        ["± 0.25 pp", "5, 10 and 30 %", "–", "–"],
        ["± 0.50 pp", "10 and 30 %", "–", "5 %"],
        ["± 1.00 pp", "30 %", "5 and 10 %", "–"],
    ]


def test_at_the_margin_itself_either_question_is_answered_wrongly_in_one_run_of_twenty() -> None:
    """Three rates that lose exactly the margin, 300 runs: 5 % ± 3.8 % (3 standard errors), usually less."""
    same = World(rates=(0.0, 0.1, 0.2, 0.3), sizes=(1000, 2000), slope=0.0)
    parts = [fake_results(replace(same, number=number, experiment=str(number))) for number in range(300)]
    level = pl.when(pl.col("collapse_rate") > 0, pl.col("generation") > 0).then(0.005).otherwise(0.0)
    frame = margin_sensitivity(pl.concat(parts).with_columns(accuracy=pl.col("accuracy") - level), margins=[0.005])
    per_run = frame.group_by("experiment").agg(
        beyond=(pl.col("verdict") == "loss").any(), within=(pl.col("p_equivalent") < 0.05).any()
    )
    assert per_run["beyond"].mean() <= 0.05 + 0.038
    assert 0.01 <= per_run["within"].mean() <= 0.05 + 0.038
