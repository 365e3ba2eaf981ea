import numpy as np
import polars as pl
import pytest
from scipy import stats

from modelcollapse.analysis.figures.draw_all import drawings
from modelcollapse.analysis.figures.mechanism import survival_figure
from modelcollapse.analysis.mechanism.degeneration import tipping
from modelcollapse.analysis.mechanism.survival import fall_sizes, standing, survival
from modelcollapse.analysis.report.assurance_tables import survival_table
from modelcollapse.analysis.statistics.arms import prepare
from tests.analysis.fake import World, fake_results

SIZES = (100, 200, 300, 400, 500)


def histories(*positive: tuple[float, ...], rate: float = 1.0) -> pl.DataFrame:
    """Chains of seeds 0, 1, … at one rate with these predicted-positive rates at sizes 100, 200, …"""
    rows = fake_results(World(rates=(0.0, rate), seeds=range(len(positive)), sizes=SIZES))
    table = {(seed, SIZES[i]): value for seed, values in enumerate(positive) for i, value in enumerate(values)}
    looped = rows.filter(collapse_rate=rate)
    keys = zip(looped["seed"], looped["n_seen"], strict=True)
    looped = looped.with_columns(predicted_positive_rate=pl.Series([table.get(key, -1.0) for key in keys])).filter(
        pl.col("predicted_positive_rate") >= 0
    )
    return pl.concat([rows.filter(collapse_rate=0.0), looped])


def arm(frame: pl.DataFrame, rate: float = 1.0) -> pl.DataFrame:
    return frame.filter(collapse_rate=rate)


def test_a_fall_is_where_a_predictor_stays_degenerate() -> None:
    rows = histories((0.5, 0.04, 0.03, 0.02, 0.0), (0.5, 0.04, 0.3, 0.96, 0.97), (0.5, 0.02, 0.5, 0.5, 0.5))
    found = arm(fall_sizes(prepare(rows)))
    assert found["size"].to_list() == [200, 400, 500]
    assert found["fell"].to_list() == [True, True, False]
    assert found["came_back"].to_list() == [False, False, True]
    summary = arm(survival(rows)).row(0, named=True)
    assert (summary["n_fallen"], summary["n_came_back"], summary["n_unfinished"]) == (2, 1, 0)


def test_finished_chains_are_counted_as_the_tipping_table_counts_them(collapsing: pl.DataFrame) -> None:
    on = ["label_rule", "collapse_rate"]
    both = survival(collapsing).join(tipping(collapsing), on=on, suffix="_tipping")
    assert both["n_fallen"].to_list() == both["n_degenerate"].to_list()
    for name in ("share", "ci_low", "ci_high"):
        assert both[name].to_list() == pytest.approx(both[f"{name}_tipping"].to_list())


def test_unfinished_chains_are_censored_where_they_stand() -> None:
    """By hand: of 4 one falls at 200, one is stopped at 300, one of the two left falls at 400."""
    rows = histories((0.5, 0.0, 0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5, 0.0, 0.0), (0.5,) * 5)
    curve = arm(standing(rows))
    assert curve["share"].to_list() == pytest.approx([1, 3 / 4, 3 / 4, 3 / 8, 3 / 8])
    assert curve["n_watched"].to_list() == [4, 4, 3, 2, 1]
    assert curve["n_fallen"].to_list() == [0, 1, 0, 1, 0]
    assert curve["n_censored"].to_list() == [0, 0, 1, 0, 1]
    exact = stats.binomtest(3, 4).proportion_ci(0.95, method="exact")
    assert (curve["ci_low"][2], curve["ci_high"][2]) == pytest.approx((exact.low, exact.high))
    # Greenwood, log-log: θ = ln(−ln S), variance Σ d / (n (n − d)) / (ln S)².
    s, spread = 3 / 8, np.sqrt(1 / (4 * 3) + 1 / (2 * 1))
    width = stats.norm.ppf(0.975) * spread / abs(np.log(s))
    bounds = [float(np.exp(-np.exp(np.log(-np.log(s)) + sign * width))) for sign in (1, -1)]
    assert (curve["ci_low"][3], curve["ci_high"][3]) == pytest.approx(tuple(bounds))
    assert arm(survival(rows))["n_unfinished"].to_list() == [1]


def test_where_everybody_or_nobody_falls_there_is_an_interval() -> None:
    everybody = arm(survival(histories((0.5, 0.0, 0.0), (0.5, 0.5, 0.0), (0.5, 0.5)))).row(0, named=True)
    exact = stats.binomtest(1, 1).proportion_ci(0.95, method="exact")
    assert (everybody["share"], everybody["ci_low"]) == pytest.approx((1.0, exact.low))
    nobody = arm(survival(histories((0.5,) * 5, (0.5,) * 5, (0.5,) * 3))).row(0, named=True)
    assert (nobody["share"], nobody["ci_low"]) == (0.0, 0.0)
    assert nobody["ci_high"] == pytest.approx(stats.binomtest(0, 2).proportion_ci(0.95, method="exact").high)
    assert nobody["median_size"] is None
    one = arm(survival(histories((0.0,) * 5))).row(0, named=True)
    assert (one["median_size"], one["median_high"]) == (100, None)


def test_the_median_is_between_its_bounds() -> None:
    falls = [tuple(0.5 if size < at else 0.0 for size in SIZES) for at in (200, 300, 300, 300, 300, 300, 300, 400)]
    found = arm(survival(histories(*falls))).row(0, named=True)
    assert (found["median_low"], found["median_size"], found["median_high"]) == (200, 300, 400)


def test_the_interval_covers_the_share_also_with_unfinished_chains() -> None:
    """Falls with chance 1/8 a step, 30 % of the chains stopped on the way, eight seeds: at least 92 % of 300 runs."""
    generator = np.random.default_rng(4)
    fall = 1 + generator.geometric(1 / 8, (300, 8, 1))
    stop = np.where(generator.random((300, 8, 1)) < 0.3, generator.integers(2, 6, (300, 8, 1)), 5)
    run, seed, step = np.indices((300, 8, 5))
    there = step < stop
    chains = {
        "experiment": run[there].astype(str),
        "seed": seed[there],
        "n_seen": 100 * (1 + step[there]),
        "predicted_positive_rate": np.where(step + 1 >= fall, 0.0, 0.5)[there],
    }
    one = histories((0.5,)).filter(pl.col("collapse_rate") == 1).drop(*chains).head(1)
    curve = arm(survival(pl.DataFrame(chains).join(one, how="cross")))
    truth = 1 - (7 / 8) ** (curve["n_seen"] // 100 - 1).to_numpy()  # a run that stopped early ends at a smaller size
    assert curve["n_unfinished"].sum() > 300
    assert pl.Series(truth).is_between(curve["ci_low"], curve["ci_high"]).mean() >= 0.92


def test_the_figure_and_the_table_are_there_only_where_a_seed_falls(
    rows: pl.DataFrame, collapsing: pl.DataFrame
) -> None:
    assert survival_figure(prepare(rows)) is None
    assert survival_table(prepare(rows)) is None
    assert "survival" not in [drawing.kind for drawing in drawings(prepare(rows))]
    figure = survival_figure(prepare(collapsing))
    assert figure is not None
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["50 %", "100 %", "a standing seed's\nlast size"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["no seed falls: 0 % (people only), 10 % and 30 %"]
    table = survival_table(prepare(collapsing))
    assert table is not None
    assert [cell.text for cell in table.rows[-1]][:3] == ["100 %", "8", "8"]


def test_rows_without_predicted_positive_rate_fall_nowhere(collapsing: pl.DataFrame) -> None:
    bare = collapsing.with_columns(predicted_positive_rate=pl.lit(None, pl.Float64))
    assert survival(bare).is_empty()
    assert standing(bare).is_empty()
    assert survival_figure(prepare(bare)) is None
    assert survival_table(prepare(bare)) is None
