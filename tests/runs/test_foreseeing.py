from __future__ import annotations

from dataclasses import replace

import pytest

from modelcollapse import Run, Sweep, dry_run, estimate, examine, experiment, load_corpus, plan, run_sweep
from modelcollapse.errors import RunFolderError, SpecError
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.tasks import Failed
from modelcollapse.planning import estimate as estimating
from modelcollapse.planning.estimate import CostLaw

VALUES = {"rates": [0, 0.5], "seeds": 4, "initial_size": 100, "final_size": 300, "increment": 100, "test_size": 200}
SWEEP = Sweep(**VALUES, model="naive-bayes")


@pytest.fixture
def a_second_a_training(monkeypatch, tmp_path):
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(estimating, "calibrate", lambda *about: CostLaw((100, 400_000), (1.0, 1.0), (1e-12, 1e-12)))


def test_a_dry_run_says_what_is_there_and_writes_nothing(corpus, tmp_path):
    class Mixed(InProcessExecutor):
        """Ends the first chain, begins the second, fails the third, and stops."""

        def run(self, corpus, tasks, state_of):
            yield from super().run(corpus, tasks[:1], state_of)
            yield next(super().run(corpus, tasks[1:2], state_of))
            yield Failed(tasks[2], "ValueError: no", "…", is_own=True)
            raise KeyboardInterrupt

    before = dry_run(SWEEP, corpus, tmp_path / "run")
    assert set(before["state"]) == {"to run"}
    assert not (tmp_path / "run").exists()
    with pytest.raises(KeyboardInterrupt):
        run_sweep(SWEEP, corpus, tmp_path / "run", executor=Mixed())
    after = dry_run(SWEEP, corpus, tmp_path / "run")
    assert after["chain_id"].to_list() == before["chain_id"].to_list()
    assert after["state"].to_list() == ["finished", "begun", "failed", *["to run"] * 5]
    assert after["done"].to_list() == [3, 1, 0, *[0] * 5]
    assert dry_run(SWEEP, corpus, tmp_path / "run", retry_failed=True)["state"].to_list().count("failed") == 0


def test_a_dry_run_refuses_what_a_run_would(finished: Run, corpus):
    with pytest.raises(SpecError, match="documents"):
        dry_run(experiment("low-rates"), corpus)
    with pytest.raises(RunFolderError, match="holds a run on the corpus 'generated'"):
        dry_run(SWEEP, replace(corpus, fingerprint="other"), str(finished.folder))


def test_times_are_those_of_the_chains_given_out(corpus, a_second_a_training):
    assert estimate(SWEEP, corpus, (1, 3, 8)) == pytest.approx({1: 24, 3: 9, 8: 3}, rel=1e-6)  # 8 chains of 3 s
    assert len(estimate(SWEEP, corpus)) == 1


def test_a_plan_has_a_row_for_each_cluster(corpus, a_second_a_training):
    table = plan(SWEEP, corpus, (1, 64), price=3600)
    assert table["nodes"].to_list() == [1, 2]
    assert table["limit"][0] == "cores"
    assert table["seconds"][0] == pytest.approx(24 + 8, rel=0.02)  # and the start of Ray
    assert table["cost"][0] == pytest.approx(table["seconds"][0])
    assert set(table["chains"]) == {8}
    with pytest.raises(SpecError, match="nodes: found 9 for 8 cores"):
        plan(SWEEP, corpus, (8,), (9,))


@pytest.mark.parametrize("cores", [(), (0,), (8, -1)])
def test_cores_are_numbers_from_1_up(corpus, cores):
    with pytest.raises(SpecError, match="cores: found"):
        plan(SWEEP, corpus, cores)
    if cores:
        with pytest.raises(SpecError, match="cores: found"):
            estimate(SWEEP, corpus, cores)
    with pytest.raises(SpecError, match="price: found -1"):
        plan(SWEEP, corpus, (1,), price=-1)


def test_the_machine_is_looked_at():
    assert {finding.subject for finding in examine()} >= {"Ray", "cores", "memory"}


def test_more_than_two_classes_are_foreseen_like_two(monkeypatch, tmp_path):
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "cache"))
    digits = load_corpus("sklearn:digits", progress=False)
    sweep = Sweep(**VALUES, model="naive-bayes")
    assert 0 < estimate(sweep, digits, (2,))[2] < 60
    assert plan(sweep, digits, (2,))["chains"][0] == 8
