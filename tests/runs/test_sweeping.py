"""Classifiers that are given as objects: run, stopped, gone on with, extended, swept, and mixed up."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from modelcollapse import dry_run, load_corpus, open_run, resume, run_sweep, run_until_precise
from modelcollapse.cli import main
from modelcollapse.errors import LearnerError, RunFolderError, SpecError
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.sweeps.sweep import Sweep
from tests.runs.test_run import Watching, table

SIZES = {"initial_size": 100, "final_size": 300, "increment": 100, "test_size": 200}
SWEEP = Sweep(rates=[0, 0.5], seeds=2, **SIZES)


def pipeline(**params):
    return make_pipeline(TfidfTransformer(), SGDClassifier(**params))


def run(out, corpus, sweep=SWEEP, how="inprocess", progress=None, **learners):
    return run_sweep(sweep, corpus, out, executor=how, progress=progress, learners=learners)


class Stopping(InProcessExecutor):
    """Stops after some results."""

    def run(self, *arguments):
        events = super().run(*arguments)
        yield from (next(events) for _ in range(5))
        raise KeyboardInterrupt


def test_a_stopped_run_goes_on_by_the_same_call_to_the_last_bit(tmp_path, corpus):
    whole = run(tmp_path / "whole", corpus, mine=pipeline()).results()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", corpus, how=Stopping(), mine=pipeline())
    assert 0 < open_run(tmp_path / "stopped").results().height < whole.height
    again = run(tmp_path / "stopped", corpus, mine=pipeline())
    assert table(again.results()).equals(table(whole))
    assert whole["model"].unique().to_list() == ["mine"]
    assert (again.folder.read("spec.json") or b"").count(b"SGDClassifier") > 0


def test_resume_takes_the_object_again(tmp_path, corpus, monkeypatch, capsys):
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "cache"))
    given = {"name_or_path": "synthetic:600"}
    texts = load_corpus("synthetic:600", progress=False)
    two = [SWEEP, Sweep(experiment="other", rates=1, model="naive-bayes", **SIZES)]
    for sweep, learners in zip(two, ({"mine": pipeline()}, None), strict=True):
        run_sweep(sweep, texts, tmp_path / "run", executor="inprocess", given_corpus=given, learners=learners)
    folder = tmp_path / "run"
    for chain in (folder / "chains").iterdir():
        chain.unlink()
    with pytest.raises(RunFolderError, match=r"names the learner 'mine', .*learners=\{'mine': …\}"):
        resume(folder, executor="inprocess")
    monkeypatch.setattr(sys, "argv", ["modelcollapse", "resume", str(folder)])
    with pytest.raises(SystemExit, match="2"):
        main()
    said = capsys.readouterr().err
    assert "names the learner 'mine', an object that Python code gave" in said
    assert said.count("\n") == 1
    with pytest.raises(RunFolderError, match=r"found 'other', but .* has mine, naive-bayes"):
        resume(folder, learners={"mine": pipeline(), "other": pipeline()}, executor="inprocess")
    done = resume(folder, learners={"mine": pipeline()}, executor="inprocess").status()
    assert done["finished"].to_list() == done["chains"].to_list() == [4, 1]


def test_a_longer_run_computes_only_what_is_new(tmp_path, corpus):
    first = run(tmp_path, corpus, mine=pipeline())
    watching = Watching()
    more = Sweep(rates=[0, 0.5], seeds=2, **{**SIZES, "final_size": 400})
    run(tmp_path, corpus, more, progress=watching, mine=pipeline())
    assert {size for _, size in watching.computed} <= {300, 400}  # off the schedule nothing was labelled yet
    assert run(tmp_path, corpus, mine=pipeline()).results([first.sweeps[0]]).equals(first.results())


def test_parameters_are_an_axis(tmp_path, corpus):
    swept = Sweep(rates=[0, 0.5], model_param={"sgdclassifier__alpha": [1e-4, 1e-2]}, **SIZES)
    rows = run(tmp_path, corpus, swept, mine=pipeline()).results()
    assert rows["model_params"].unique(maintain_order=True).to_list() == [
        "sgdclassifier__alpha=0.0001",
        "sgdclassifier__alpha=0.01",
    ]
    with pytest.raises(SpecError, match="found 'trees', which mine does not have"):
        run(tmp_path, corpus, Sweep(rates=0, model_param={"trees": 1}, **SIZES), mine=pipeline())


def test_objects_stand_beside_names(tmp_path, corpus):
    both = Sweep(rates=[0, 0.5], model="naive-bayes,mine", **SIZES)
    assert run(tmp_path, corpus, both, mine=pipeline()).results()["model"].unique(maintain_order=True).to_list() == [
        "naive-bayes",
        "mine",
    ]
    with pytest.raises(SpecError, match="found 'other', but the sweep's model is naive-bayes, mine"):
        run(tmp_path, corpus, both, mine=pipeline(), other=pipeline())
    with pytest.raises(LearnerError, match="Found no learner 'mine'"):
        run(tmp_path / "b", corpus, both)


def test_as_many_seeds_as_it_takes(tmp_path, corpus):
    run, _, n_seeds = run_until_precise(
        SWEEP, corpus, 0.001, max_seeds=6, out=tmp_path, executor="inprocess", learners={"mine": pipeline()}
    )
    assert n_seeds == run.results()["seed"].n_unique() == 6


def test_two_objects_of_one_name_are_kept_apart(tmp_path, corpus):
    first = run(tmp_path, corpus, mine=pipeline())
    rows = first.results()
    message = r"another learner named 'mine' \(params\..*alpha: 0\.0001 there, 0\.1 here\): give this one another name"
    other = pipeline(alpha=0.1)
    with pytest.raises(RunFolderError, match=message):
        run(tmp_path, corpus, mine=other)
    with pytest.raises(RunFolderError, match=message):
        dry_run(SWEEP.with_learners({"mine": other}), corpus, tmp_path)
    assert open_run(tmp_path).results().equals(rows)
    assert run(tmp_path, corpus, other=other).results().height == 2 * rows.height


def test_versions_of_libraries_may_differ(tmp_path, corpus):
    run(tmp_path, corpus, mine=pipeline())
    spec = tmp_path / "spec.json"
    spec.write_text(spec.read_text().replace('"version": "1.', '"version": "0.'))
    again = run(tmp_path, corpus, mine=pipeline())
    assert again.status().row(0, named=True)["finished"] == 4


def test_what_a_learner_cannot_do_is_said_once_and_before_anything_runs(tmp_path, corpus):
    def refusal(given, error=SpecError, **changes):
        with pytest.raises(error) as refused:
            run(tmp_path / "run", corpus, Sweep(**{"rates": [0, 0.5], **SIZES, **changes}), mine=given)
        assert not (tmp_path / "run").exists()
        return str(refused.value)

    assert "needs probabilities, which mine does not give" in refusal(LinearSVC(), label_rule="sampled")
    assert "which mine does not take" in refusal(make_pipeline(LogisticRegression()), label_rule="weighted:0.5")
    assert "takes dense" in refusal(HistGradientBoostingClassifier(), LearnerError)
    with pytest.raises(SpecError, match=r"found a LinearSVC, expected names and objects: learners=\{'my-model'"):
        SWEEP.with_learners(LinearSVC())
    worlds = Sweep(domain="closed_form", rates=1, initial_size=50)
    with pytest.raises(SpecError, match="found 'mine', but 'closed_form' has models of its own"):
        run(tmp_path / "run", None, worlds, mine=pipeline())


SCRIPT = """
import sys
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import SGDClassifier
from modelcollapse import ModelCollapseError, Sweep, load_corpus, run_sweep

C = float(sys.argv[2])

class Mine(ClassifierMixin, BaseEstimator):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, counts, labels):
        self.inner_ = SGDClassifier(alpha=C, random_state=self.random_state).fit(counts, labels)
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, counts):
        return self.inner_.predict(counts)

if __name__ == "__main__":
    corpus = load_corpus("synthetic:600", progress=False)
    sweep = Sweep(rates=[0, 0.5], initial_size=100, final_size=300, increment=100, test_size=200)
    how = {"executor": sys.argv[3], "workers": 2, "progress": False, "learners": {"mine": Mine()}}
    print(run_sweep(sweep, corpus, sys.argv[1], **how).status()["done"].sum())
    C = 0.5  # seen by the class, as before
    try:
        run_sweep(sweep, corpus, sys.argv[1], **{**how, "learners": {"mine": Mine()}})
    except ModelCollapseError as error:
        print(str(error).partition("(")[2])
"""


@pytest.mark.ray
def test_a_class_of_a_script_runs_anywhere_and_is_known_again(tmp_path, monkeypatch):
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", ":".join(filter(None, sys.path)))

    def script(folder, factor, how):
        arguments = [sys.executable, str(file), str(tmp_path / folder), factor, how]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]

    said = "6\ncode.members.fit.uses.C: 0.01 there, 0.5 here): give this one another name, or choose another --out."
    assert script("here", "0.01", "inprocess") == script("workers", "0.01", "ray") == said
    here, workers = (open_run(tmp_path / folder).results() for folder in ("here", "workers"))
    assert table(here).equals(table(workers))
    for chain in (tmp_path / "here" / "chains").iterdir():
        chain.rename(tmp_path / "workers" / "chains" / chain.name)  # the same names
    assert len(list((tmp_path / "workers" / "chains").iterdir())) == 2
    assert "another learner named 'mine'" in script("workers", "0.02", "inprocess")
    assert pl.Series(["mine"]).equals(here["model"].unique())
