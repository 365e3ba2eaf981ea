from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from modelcollapse import run_sweep
from modelcollapse.analysis.statistics.compare_rates import paired_interval_half_width
from modelcollapse.errors import SpecError
from modelcollapse.runs.adaptive_seeds import describe_precision, run_until_precise, seeds_for
from modelcollapse.sweeps.sweep import Sweep
from tests.analysis.fake import World, fake_results

VALUES = {
    "rates": [0, 0.5], "seeds": "5,6", "initial_size": 100, "final_size": 300, "increment": 100, "test_size": 200,
    "model": "naive-bayes",
}  # fmt: skip


def differences(results: pl.DataFrame) -> dict[int, float]:
    final = results.filter(pl.col("n_seen") == 300)
    wide = final.pivot("collapse_rate", index="seed", values="accuracy")
    return dict(zip(wide["seed"], wide["0.5"] - wide["0.0"], strict=True))


def test_the_number_of_seeds_and_the_interval_are_steins(tmp_path, corpus):
    run, reached, _ = run_until_precise(Sweep(**VALUES), corpus, 0.02, out=tmp_path, executor="inprocess")
    found = differences(run.results())
    pilot = np.std([found[seed] for seed in (5, 6, 0, 1, 2)], ddof=1)
    t = stats.t.ppf(0.975, 4)
    n = math.ceil((t * pilot / 0.02) ** 2)
    assert n > 5
    assert set(found) == set(range(n)) | {5, 6}
    assert len(found) == n
    assert reached == pytest.approx(t * pilot / math.sqrt(n))
    assert reached <= 0.02


def test_the_same_command_adds_nothing_and_a_narrower_width_keeps_the_pilot(tmp_path, corpus):
    how = {"out": tmp_path, "executor": "inprocess"}
    first = run_until_precise(Sweep(**VALUES), corpus, 0.02, **how)
    again = run_until_precise(Sweep(**VALUES), corpus, 0.02, **how)
    assert again[1] == first[1]
    assert again[0].results().equals(first[0].results())
    n = first[0].results()["seed"].n_unique()
    narrower = run_until_precise(Sweep(**VALUES), corpus, 0.015, **how)
    more = narrower[0].results()["seed"].n_unique()
    assert more > n
    assert narrower[1] == pytest.approx(first[1] * math.sqrt(n / more))


def test_what_else_the_folder_holds_of_the_experiment_changes_nothing(tmp_path, corpus):
    alone, reached, _ = run_until_precise(Sweep(**VALUES), corpus, 0.02, out=tmp_path / "a", executor="inprocess")
    how = {"out": tmp_path / "b", "executor": "inprocess"}
    run_sweep(Sweep(**{**VALUES, "seeds": "20,21", "rates": [0, 0.5, 1], "final_size": 400}), corpus, **how)
    run, beside, _ = run_until_precise(Sweep(**VALUES), corpus, 0.02, **how)
    assert beside == reached
    assert set(alone.results()["seed"]) | {20, 21} == set(run.results()["seed"])


def test_a_larger_pilot_is_kept_whole(tmp_path, corpus):
    sweep = Sweep(**{**VALUES, "seeds": 7})
    run, reached, _ = run_until_precise(sweep, corpus, 0.5, 7, out=tmp_path, executor="inprocess")
    assert run.results()["seed"].n_unique() == 7
    assert reached == paired_interval_half_width(run.results())


@pytest.mark.parametrize("most", [2, 6])
def test_stops_at_the_cap_and_says_what_was_reached(tmp_path, corpus, most):
    run, reached, _ = run_until_precise(Sweep(**VALUES), corpus, 1e-6, most, out=tmp_path, executor="inprocess")
    assert run.results()["seed"].n_unique() == most
    assert reached > 1e-6


def test_the_promised_interval_covers_as_often_as_it_says():
    """Normal differences, 4,000 runs: 95 % ± 1.2 % (3.5 standard errors), however wide the interval may be."""
    values = np.random.default_rng(11).normal(0.0, 1.0, (4000, 400))
    half = stats.t.ppf(0.975, 4) * values[:, :5].std(axis=1, ddof=1) / math.sqrt(5)
    for wanted in (1.0, 0.4):
        numbers = np.array([seeds_for(5, width, wanted, 400) for width in half])
        means = np.array([row[:n].mean() for row, n in zip(values, numbers, strict=True)])
        assert (np.abs(means) <= half * np.sqrt(5 / numbers)).mean() == pytest.approx(0.95, abs=0.012)
        assert (half * np.sqrt(5 / numbers) <= wanted)[numbers < 400].all()


@pytest.mark.parametrize(
    ("fallen", "words"), [({}, "up to 52% of all others still may"), ({0.1: {0}}, "no interval of a mean holds there")]
)
def test_what_the_interval_cannot_say_is_said_with_it(fallen, words):
    rows = fake_results(World(rates=(0.0, 0.1), sizes=(1000, 2000), degenerate=fallen))
    said = "\n".join(describe_precision(rows, 0.02, 0.01, 5))
    assert "± 0.0200 with 5 seeds" in said
    assert "not ± 0.01" in said
    assert "with a long tail it holds the truth in .76 to .83" in said
    assert words in said


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
