"""What checking buys back, on rows whose truth is known."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelcollapse.analysis.figures.losses import frontier_figure
from modelcollapse.analysis.mechanism.curation import (
    NOT_TOLD_APART,
    TOLD_APART,
    _fieller,
    budget_needed,
    compare_strategies,
    curation,
    strategy_of,
)
from modelcollapse.analysis.report.curation_tables import bought_table, needed_table, strategies_table
from modelcollapse.analysis.statistics.arms import prepare
from tests.analysis.fake import World, fake_results

#: What a strategy restores of the loss, by its rule.
TRUTH = {"checked:0.05": 0.1, "checked:0.2": 0.4, "checked-uncertain:0.05": 0.3, "checked-uncertain:0.2": 0.9,
         "human-only": 0.5}  # fmt: skip


def rows(seeds=10, slope=0.1, rates=(0, 0.3), own_sd=0.001, number=0):
    """Rows in which rules restore what `TRUTH` says of a loss of `slope` · rate."""
    world = World(rates=rates, seeds=range(seeds), slope=slope, own_sd=own_sd, number=number,
                  label_rules=("argmax", *TRUTH))  # fmt: skip
    fake = fake_results(world)
    progress = (pl.col("n_seen") - 1000) / 9000
    weights = {rule: 0.05 if rule == "human-only" else 0.4 for rule in TRUTH}
    excess = pl.col("label_rule").replace_strict(
        {rule: weights[rule] - (1 - restored) for rule, restored in TRUTH.items()}, default=0.0, return_dtype=pl.Float64
    )
    budget = pl.col("label_rule").str.extract(r"^checked.*:(.*)$").cast(pl.Float64).fill_null(0)
    return fake.with_columns(
        accuracy=pl.col("accuracy") + excess * slope * pl.col("collapse_rate") * progress,
        n_checked=(budget * pl.col("n_synthetic")).cast(pl.Int64),
    )


def test_rules_are_strategies_with_budgets():
    assert strategy_of("checked-disagreed:0.05") == ("checked-disagreed", 0.05)
    assert strategy_of("weighted:0.3") == ("weighted:0.3", None)
    for strange in ("checked", "checked:", "checked:nan", "checked:0.1:<b>", "checked:1e400"):
        assert strategy_of(strange) == (strange, None)


def test_rules_of_strangers_are_shown_as_they_are():
    strange = prepare(rows().with_columns(pl.col("label_rule").str.replace("checked:0.2", "checked:<b>", literal=True)))
    assert "checked:<b>" in curation(strange)["strategy"]
    assert bought_table(strange, curation(strange), 0.005) is not None
    assert strategies_table(strange) is not None
    assert frontier_figure(strange) is not None


def test_what_is_bought_restored_and_left_is_the_truth():
    found = curation(rows())
    assert found["strategy"].n_unique() == 4
    for row in found.filter(pl.col("strategy") != "argmax").iter_rows(named=True):
        assert row["loss"] == pytest.approx(0.03, abs=0.002)
        assert row["restored_low"] < TRUTH[row["label_rule"]] < row["restored_high"]
        assert row["bought"] + row["left"] == pytest.approx(row["loss"], abs=1e-12)
        if row["budget"]:
            assert row["n_checked"] == round(row["budget"] * 2700)
            assert row["per_thousand"] == pytest.approx(1000 * row["bought"] / row["n_checked"])
    loop = found.filter(strategy="argmax").row(0, named=True)
    assert loop["bought"] == 0
    assert loop["left"] == loop["loss"]
    within = dict(found.select("label_rule", "within").iter_rows())
    assert within["checked-uncertain:0.2"]
    assert not within["checked:0.2"]


def test_the_frontier_has_what_nothing_cheaper_beats():
    on = curation(rows()).filter("frontier")["label_rule"].to_list()
    assert set(on) == {"human-only", "checked-uncertain:0.2"}


def test_strategies_of_one_budget_are_told_apart_or_not():
    pairs = compare_strategies(rows())
    assert pairs["budget"].to_list() == [0.05, 0.2]
    assert set(pairs["verdict"]) == {TOLD_APART}
    assert set(pairs["better"]) == {"checked-uncertain"}
    noisy = compare_strategies(rows(seeds=3, own_sd=0.05))
    assert set(noisy["verdict"]) == {NOT_TOLD_APART}


def test_the_budget_needed_is_where_the_loss_left_crosses_the_margin():
    needed = {row["strategy"]: row for row in budget_needed(curation(rows()), 0.015).iter_rows(named=True)}
    # Of .03 are left .021 at 5 % and .003 at 20 %: .015 between them.
    assert needed["checked-uncertain"]["needed"] == pytest.approx(0.1, abs=0.01)
    assert needed["checked-uncertain"]["ci_low"] < 0.1 < needed["checked-uncertain"]["ci_high"]
    assert needed["checked"]["needed"] is None
    assert needed["checked"]["largest"] == 0.2


def test_where_seeds_fall_nothing_is_within_the_margin():
    world = World(rates=(0, 1.0), seeds=range(6), label_rules=("argmax", "checked:0.2"), degenerate={1.0: [1]})
    found = curation(fake_results(world).with_columns(n_checked=pl.lit(10)))
    assert found["within"].null_count() == found.height
    assert not found["reliable"].any()


def test_without_the_loop_or_strategies_there_is_nothing():
    assert curation(rows().filter(pl.col("label_rule") != "argmax")).is_empty()
    assert curation(rows().filter(pl.col("label_rule").is_in(["argmax", "none"]))).is_empty()
    plain = prepare(fake_results())
    assert frontier_figure(plain) is None
    found = curation(plain)
    assert bought_table(plain, found, 0.005) is needed_table(plain, found, 0.005) is strategies_table(plain) is None


def test_one_seed_has_no_intervals():
    found = curation(rows(seeds=1))
    assert found["ci_low"].null_count() == found["restored"].null_count() == found.height
    assert bought_table(prepare(rows(seeds=1)), found, 0.005) is not None


@given(st.integers(0, 1000))
def test_fiellers_bounds_are_the_ratios_at_which_t_allows_no_difference(seed):
    random = np.random.default_rng(seed)
    wholes = random.normal(1, 0.2, 6)
    parts = 0.4 * wholes + random.normal(0, 0.1, 6)
    ratio, low, high = _fieller(parts, wholes)
    if ratio is None:
        return
    assert low <= ratio <= high
    for bound in (low, high):
        assert stats.ttest_1samp(parts - bound * wholes, 0).pvalue == pytest.approx(0.05, abs=1e-6)


def test_without_any_effect_a_strategy_buys_something_in_few_runs():
    found = 0
    for number in range(40):
        null = rows(seeds=5, slope=0.0, number=number)
        found += (curation(null)["p_holm"] < 0.05).any()
    assert stats.binomtest(found, 40, 0.05, "greater").pvalue > 0.001


def test_the_figure_has_a_panel_for_each_rate_and_the_tables_every_strategy():
    prepared = prepare(rows(rates=(0, 0.1, 0.3)))
    figure = frontier_figure(prepared)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["10 % self-labelled", "30 % self-labelled"]
    assert "without checking" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(bought_table(prepared, curation(prepared), 0.005).rows) == 12
    assert len(strategies_table(prepared).rows) == 4
