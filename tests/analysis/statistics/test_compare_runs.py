from dataclasses import replace

import polars as pl
import pytest
from scipy import stats

from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.analysis.statistics.compare_runs import compare_runs
from tests.analysis.fake import World, fake_results

WORLD = World(rates=(0.0, 0.1, 0.3), seeds=range(6))
OTHER = replace(WORLD, models=("naive-bayes",), slope=0.2)


def test_the_same_corpus_is_compared_within_seeds() -> None:
    table = compare_runs(fake_results(WORLD), fake_results(OTHER), same_corpus=True)
    assert table["paired"].all()
    assert table.height == 3 + 2
    lost = table.filter((pl.col("quantity") == "difference to rate 0") & (pl.col("collapse_rate") == 0.3))
    assert lost["difference"].item() == pytest.approx(-0.12 * 0.3, abs=1e-9)
    level = table.filter((pl.col("quantity") == "accuracy") & (pl.col("collapse_rate") == 0))
    assert level["difference"].item() == pytest.approx(-0.02, abs=1e-9)


def test_other_corpora_are_compared_by_welch() -> None:
    first, second = fake_results(WORLD), fake_results(replace(WORLD, number=1, seeds=range(4)))
    table = compare_runs(first, second, same_corpus=False)
    assert not table["paired"].any()
    found = table.filter((pl.col("quantity") == "accuracy") & (pl.col("collapse_rate") == 0.1)).row(0, named=True)
    at = (pl.col("collapse_rate") == 0.1) & (pl.col("n_seen") == 10_000)
    theirs = stats.ttest_ind(second.filter(at)["accuracy"], first.filter(at)["accuracy"], equal_var=False)
    assert found["p"] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_axes_with_several_values_are_matched() -> None:
    rules = replace(WORLD, label_rules=("argmax", "frozen"))
    table = compare_runs(fake_results(rules), fake_results(rules), same_corpus=True)
    assert "label_rule" in table.columns
    assert table.filter(pl.col("quantity") == "difference to rate 0").height == 4
    assert (table["difference"] == 0).all()


def test_runs_without_a_common_arm_are_refused() -> None:
    with pytest.raises(AnalysisError, match="no arm and size in common"):
        compare_runs(fake_results(WORLD), fake_results(replace(WORLD, sizes=(7, 9))), same_corpus=True)
