from __future__ import annotations

import polars as pl
import pytest

from modelcollapse.analysis.differences import paired_interval_half_width
from modelcollapse.errors import SpecError
from modelcollapse.execution import run_sweep
from modelcollapse.precision import run_until_precise
from modelcollapse.simulation.sweep import Sweep

VALUES = {
    "rates": [0, 0.5], "seeds": "5,6", "initial_size": 100, "final_size": 300, "increment": 100, "test_size": 200,
    "model": "naive-bayes",
}  # fmt: skip


def test_adds_seeds_until_the_interval_is_narrow(tmp_path, corpus):
    run, reached, n_seeds = run_until_precise(Sweep(**VALUES), corpus, 0.02, out=tmp_path, executor="inprocess")
    results = run.results()
    seeds = results["seed"].unique().to_list()
    assert reached <= 0.02
    assert n_seeds == len(seeds)
    assert reached == paired_interval_half_width(results)
    assert {5, 6} < set(seeds)
    assert seeds == sorted([5, 6, *range(5), *range(7, 99)][: len(seeds)])
    fewer = results.filter(pl.col("seed").is_in([5, 6]))
    assert paired_interval_half_width(fewer) > 0.02


def test_stops_at_the_cap(tmp_path, corpus):
    run, reached, n_seeds = run_until_precise(Sweep(**VALUES), corpus, 1e-6, 5, out=tmp_path, executor="inprocess")
    assert run.results()["seed"].n_unique() == n_seeds == 5
    assert reached > 1e-6


@pytest.mark.parametrize("half_width", [0, -1, 2])
def test_impossible_widths_are_refused(corpus, half_width):
    with pytest.raises(SpecError, match="until_ci: found"):
        run_until_precise(Sweep(**VALUES), corpus, half_width)


def test_nothing_to_compare_is_refused(corpus):
    with pytest.raises(SpecError, match="no rates to compare"):
        run_until_precise(Sweep(**{**VALUES, "rates": [0.5]}), corpus, 0.01)


def test_seeds_of_another_setting_in_the_folder_neither_count_nor_hold_up(tmp_path, corpus):
    alone = run_until_precise(Sweep(**VALUES), corpus, 0.02, out=tmp_path / "alone", executor="inprocess")
    for changes in ({"increment": 50}, {"test_size": 300}, {"min_df": 5}):
        run_sweep(Sweep(**{**VALUES, **changes}), corpus, tmp_path / "both", executor="inprocess")
    both = run_until_precise(Sweep(**VALUES), corpus, 0.02, out=tmp_path / "both", executor="inprocess")
    assert both[1:] == alone[1:]
