"""Rows of a run are read without importing its learners."""

from __future__ import annotations

import json
import sys

import pytest

from modelcollapse import open_run, run_sweep
from modelcollapse.analysis.statistics.curves import outcome
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store.models import KnownModel, check_same_objects, refreshed, resolve
from modelcollapse.simulation.learning import import_paths, learners
from modelcollapse.simulation.spec import Given, Model
from modelcollapse.sweeps.sweep import Sweep
from tests.runs.test_run import run, sweep, table

PLAIN = "from sklearn.naive_bayes import MultinomialNB\n\nclass Plain(MultinomialNB):\n    pass\n"


@pytest.fixture
def foreign_run(tmp_path, corpus, monkeypatch):
    """A run whose learner is gone."""
    (tmp_path / "mylearn.py").write_text(PLAIN)
    monkeypatch.syspath_prepend(tmp_path)
    rows = run(tmp_path / "run", corpus, model="mylearn:Plain").results()
    (tmp_path / "mylearn.py").unlink()
    monkeypatch.delitem(sys.modules, "mylearn")
    sys.path_importer_cache.pop(str(tmp_path), None)
    yield tmp_path / "run", rows
    learners._identity.cache_clear()


def test_rows_of_a_learner_that_cannot_be_imported_are_read(foreign_run):
    folder, rows = foreign_run
    stored = open_run(folder)
    assert rows.height == 4 * 3
    assert stored.results().equals(rows)
    assert stored.failed(*stored.sweeps) == []
    with pytest.raises(RunFolderError, match="MODELCOLLAPSE_TRUSTED_LEARNERS=mylearn"):
        stored.sweeps_to_run()


@pytest.mark.parametrize("command", [["status"], ["plot"], ["report"], ["export"], ["compare"]])
def test_commands_that_only_read_need_no_learner(foreign_run, monkeypatch, capsys, tmp_path, command):
    from modelcollapse.cli import command_line

    folder, _ = foreign_run
    more = {"export": [str(tmp_path / "rows.csv")], "compare": [str(folder)]}.get(command[0], [])
    assert command_line()([*command, str(folder), *more], standalone_mode=False) in (None, 0)
    assert "mylearn" not in sys.modules


def test_another_sweep_in_the_folder_of_a_foreign_learner_runs_and_has_its_table(foreign_run, corpus):
    folder, rows = foreign_run
    both = run(folder, corpus).results()
    assert both.height == 2 * rows.height
    assert outcome(both)["n_seeds"].unique().to_list() == [2]


def test_what_an_older_version_stored_of_a_foreign_learner_is_left_out_where_it_is_not_needed(foreign_run, corpus):
    folder, rows = foreign_run
    spec = json.loads((folder / "spec.json").read_text())
    (folder / "spec.json").write_text(json.dumps({**spec, "models": [None]}))
    both = run(folder, corpus)
    assert [both.is_readable(one) for one in both.sweeps] == [False, True]
    assert both.results([sweep()]).height == rows.height


def test_models_survive_the_file():
    values = {"rates": 0, "initial_size": 1, "model": "forest,naive-bayes,sklearn.linear_model:SGDClassifier"}
    models = resolve(Sweep(**values, model_param={"max_depth": [5, None], "alpha": [0.5, 1], "fit_prior": [True]}))
    again = [KnownModel.from_json(json.loads(json.dumps(model.to_json()))) for model in models]
    assert [repr(model) for model in again] == [repr(model) for model in models]
    assert KnownModel.from_json({"name": "a", "params": [["b", [1, [2]]]], "identity": {}}).model.params == (
        ("b", (1, (2,))),
    )


@pytest.mark.parametrize(
    "models", [[1], 5, [{}], [{"name": 1, "params": [], "identity": {}}], [{"name": "a", "params": [], "identity": 1}],
               [{"name": "a", "params": [["b", {}]], "identity": {}}], [{"name": "a", "params": 3, "identity": {}}]]
)  # fmt: skip
def test_damaged_models_are_one_line(tmp_path, corpus, models):
    run(tmp_path, corpus)
    spec = json.loads((tmp_path / "spec.json").read_text())
    (tmp_path / "spec.json").write_text(json.dumps({**spec, "models": [models]}))
    with pytest.raises(RunFolderError, match=r"spec\.json is damaged"):
        open_run(tmp_path).results()


def test_a_librarys_next_version_gives_all_sweeps_of_a_model_other_chains(tmp_path, corpus, monkeypatch):
    first = run(tmp_path, corpus).results()
    monkeypatch.setattr(import_paths, "library_version", lambda path: "99.9")
    learners._identity.cache_clear()
    assert open_run(tmp_path).results().equals(first)
    second = run(tmp_path, corpus, seeds=3).results()
    learners._identity.cache_clear()
    assert second.height == 6 * 3
    assert set(second["chain_id"]).isdisjoint(first["chain_id"])
    assert outcome(second)["n_seeds"].unique().to_list() == [3]


def test_only_what_is_the_same_model_is_identified_anew():
    old = [None, [KnownModel(Model("a", (("b", value),)), {"version": "1"}).to_json() for value in (1, True, 1.0)]]
    new = refreshed(old, [KnownModel(Model("a", (("b", True),)), {"version": "2"})])
    assert new[0] is None
    assert [model["identity"]["version"] for model in new[1]] == ["1", "2", "1"]


def test_an_object_that_lacks_what_was_none_is_another():
    stored = [[KnownModel(Model("mine"), {"alpha": None, "beta": 1}).to_json()]]
    given = KnownModel(Model("mine", given=Given("{}", b"")), {"beta": 1})
    with pytest.raises(RunFolderError, match=r"named 'mine' \(alpha: None there, nothing here\)"):
        check_same_objects(stored, [given], "runs/mine")


def test_sweeps_that_only_look_equal_are_kept_apart(tmp_path, corpus):
    run(tmp_path, corpus, model_param={"fit_prior": [True]})
    run(tmp_path, corpus, model_param={"fit_prior": [False]})
    stored = open_run(tmp_path)
    assert len(stored.sweeps) == 2
    assert stored.results()["model_params"].n_unique() == 2
    run_sweep(stored.sweeps[0], corpus, tmp_path, executor="inprocess")
    assert table(open_run(tmp_path).results()).equals(table(stored.results()))
