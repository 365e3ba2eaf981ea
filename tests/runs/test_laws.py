"""Chains of the worlds, held against their laws."""

from __future__ import annotations

import polars as pl
import pytest

from modelcollapse import open_run, run_laws, run_sweep
from modelcollapse.errors import ModelCollapseError
from modelcollapse.sweeps import experiments
from modelcollapse.sweeps.sweep import Sweep

COLUMNS = ["world", "regime", "rate", "generation", "quantity", "due", "found", "ci_low", "ci_high", "holds"]


def test_no_law_fails_and_some_are_shown(tmp_path, monkeypatch):
    known = experiments.load_experiments()
    for name in ("laws-logistic", "laws-least-squares"):
        known[name] |= {"final_size": 10 * known[name]["initial_size"]}
    known["laws-discrete"]["model_param"] = {"replicates": [500]}
    known["laws-text"] |= {"initial_size": 5000, "final_size": 30_000, "increment": 5000}
    monkeypatch.setattr(experiments, "load_experiments", lambda: {name: dict(v) for name, v in known.items()})
    run = run_laws("synthetic:600", seeds=6, out=tmp_path, executor="inprocess")
    found = run.laws()
    assert found.columns == COLUMNS
    assert set(found["world"]) == {"discrete", "gaussian", "least-squares", "logistic", "text"}
    assert not (found["holds"] == False).any()  # noqa: E712 – null is neither
    assert found.filter(world="discrete")["holds"].mean() == 1
    assert found["holds"].fill_null(False).mean() > 0.15  # more seeds show more
    off = (found["found"] / found["due"] - 1).abs()
    assert off.max() < 0.3
    assert found.filter(world="logistic", generation=0)["found"].to_list() == pytest.approx([0.428460] * 2, abs=1e-6)
    assert open_run(tmp_path).laws().equals(found)


def test_a_wrong_engine_is_noticed(tmp_path, monkeypatch):
    """Were every increment the truth's own draws, the recursion would fail."""
    sweep = Sweep(
        domain="closed_form", model="discrete", model_param={"replicates": [300]}, rates="1", seeds=10,
        initial_size=10, final_size=40, increment=10, regime="replace", label_rule="frozen",
    )  # fmt: skip
    assert run_sweep(sweep, out=tmp_path / "frozen", executor="inprocess").laws().is_empty()
    monkeypatch.setattr("modelcollapse.domains.closed_form.worlds.Frequencies.draw", _draw_truth)
    sampled = sweep.model_copy(update={"label_rule": ("sampled",)})
    wrong = run_sweep(sampled, out=tmp_path / "wrong", executor="inprocess")
    assert wrong.laws().filter(pl.col("generation") > 0)["holds"].to_list() == [False] * 6


def _draw_truth(world, fitted, inputs, random):
    return world.human(inputs, random)


def test_one_seed_decides_nothing(tmp_path):
    sweep = Sweep(domain="closed_form", model="gaussian", rates=1, initial_size=10, final_size=40, increment=10)
    found = run_sweep(sweep, out=tmp_path, executor="inprocess").laws()
    assert found["holds"].is_null().all()
    assert found["ci_low"].is_null().all()
    assert found["found"].is_not_null().all()


def test_laws_are_of_closed_form(tmp_path, corpus):
    run = run_sweep(Sweep(rates=0, initial_size=50, test_size=50, model="naive-bayes"), corpus, tmp_path, "inprocess")
    with pytest.raises(ModelCollapseError, match="laws are of 'closed_form'"):
        run.laws()
