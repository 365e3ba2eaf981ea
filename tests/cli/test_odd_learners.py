"""Whatever stands behind ``--model`` runs, is refused in one line, or is a failed chain with a reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.runs.run import Run
from tests.simulation.odd_learners import ODD

MODULE = "tests.simulation.odd_learners"
SWEEP = [
    "run", "demo", "--executor", "inprocess", "--rates", "0.5", "--seeds", "1", "--initial-size", "100",
    "--final-size", "200", "--increment", "50", "--test-size", "150", "--corpus", "synthetic:3000", "--json",
]  # fmt: skip


def accuracies(folder: str, name: str) -> list[float]:
    return Run(RunFolder(folder), trusted=[f"{MODULE}:{name}"]).results()["accuracy"].to_list()


@pytest.fixture(scope="module")
def known() -> dict[str, list[float]]:
    return {}


@pytest.fixture
def expected(call, known) -> Callable[[], list[float]]:
    """What the good learner does, found out once."""

    def of_good() -> list[float]:
        if not known:
            assert call(*SWEEP, "--model", f"{MODULE}:Good", "--out", "good")[0] == 0
            known["Good"] = accuracies("good", "Good")
        return known["Good"]

    return of_good


@pytest.mark.parametrize("name", ODD)
def test_an_odd_learner_runs_or_is_refused_or_fails_with_a_reason(call, tmp_path, expected, name):
    code, message = ODD[name]
    found, out, err = call(*SWEEP, "--model", f"{MODULE}:{name}")
    assert found == code, err
    assert "Traceback" not in err
    for line in out.splitlines():
        json.loads(line)
    if code == 2:
        assert (out, len(err.splitlines())) == ("", 1)
        assert message in err
        assert not list(tmp_path.iterdir())
    elif code == 0:
        assert accuracies("runs/demo", name) == expected()
    else:
        failures = [json.loads(path.read_text()) for path in tmp_path.glob("runs/demo/failures/*")]
        assert not list(tmp_path.glob("runs/demo/chains/*"))
        assert [failure["is_own"] for failure in failures] == ([True] if code == 1 else [])
        assert message in (failures[0]["reason"] if code == 1 else err)


@pytest.mark.parametrize("name", ["Printing", "Forking", "ForkingAndRaising", "Pooling"])
def test_nothing_of_a_learner_gets_among_the_lines_of_json(tmp_path, expected, name):
    """In a process of its own, whose standard output is a pipe: what C and subprocesses print would go there."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "modelcollapse", *SWEEP, "--model", f"{MODULE}:{name}", "--out", tmp_path / "run"]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    events = [json.loads(line)["event"] for line in run.stdout.splitlines()]
    assert events == ["planned", *["generation"] * 3, "chain finished", "ended"]
    assert accuracies(str(tmp_path / "run"), name) == expected()
    assert "Traceback" not in run.stderr
    assert run.stderr.count("WORDS") == (4 * 3 if name == "Printing" else 0)  # and none of the trial's


@pytest.mark.parametrize("path", [".evil:X", "a..b:C", ":", "x:", " :Y", "x:Y:Z", "os:path", "1:2", "x/y:Z", "\0:\0"])
def test_what_is_no_import_path_is_one_line(call, path):
    code, out, err = call(*SWEEP, "--model", path)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "Found no learner at" in err or "expected a scikit-learn classifier" in err


@pytest.mark.parametrize(
    "code",
    ["raise RuntimeError('no\\nnever')", "import sys; sys.exit(0)", "class X(BaseException): ...\nraise X", "1 +"],
)
def test_a_module_that_cannot_be_imported_is_one_line(call, tmp_path, monkeypatch, code):
    (tmp_path / "broken_learner.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found, out, err = call(*SWEEP, "--model", "broken_learner:X")
    assert (found, out, len(err.splitlines())) == (2, "", 1)
    assert "Found no learner at 'broken_learner:X': " in err
    assert [path.name for path in tmp_path.iterdir()] == ["broken_learner.py"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("sklearn.linear_model:Ridge", "a regressor"),
        ("sklearn.tree:DecisionTreeRegressor", "a regressor"),
        ("sklearn.ensemble:IsolationForest", "an outlier detector"),
        ("sklearn.cluster:MiniBatchKMeans", "a clusterer"),
        ("sklearn.svm:OneClassSVM", "an outlier detector"),
    ],
)
def test_what_is_no_classifier_is_refused_before_the_corpus_is_read(call, tmp_path, path, kind):
    code, out, err = call(*SWEEP, "--corpus", "nowhere", "--model", path)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert f"Learner '{path}' is {kind} to scikit-learn, expected a classifier" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.naive_bayes:GaussianNB", "sklearn.discriminant_analysis:LinearDiscriminantAnalysis",
        "sklearn.ensemble:HistGradientBoostingClassifier",
    ],
)  # fmt: skip
def test_a_learner_of_dense_documents_is_refused_once(call, tmp_path, path):
    code, out, err = call(*SWEEP, "--rates", "0,0.5,1", "--seeds", "5", "--model", path)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "but not documents as they are here, a sparse matrix (CSR) of int32 counts" in err
    assert not list(tmp_path.iterdir())


def test_rules_that_need_probabilities_are_refused_without_them(call, tmp_path):
    for name in ("Good", "Deciding"):
        code, _, err = call(*SWEEP, "--model", f"{MODULE}:{name}", "--label-rule", "sampled")
        assert code == 2
        assert "'sampled' needs probabilities" in err
        assert not list(tmp_path.iterdir())


def test_without_probabilities_their_columns_are_empty(call):
    assert call(*SWEEP, "--model", f"{MODULE}:ReversedDecision")[0] == 0
    rows = Run(RunFolder("runs/demo"), trusted=[f"{MODULE}:ReversedDecision"]).results()
    assert rows.select("log_loss", "brier", "calibration_error").null_count().row(0) == (3, 3, 3)
    assert (rows["roc_auc"] > rows["accuracy"] - 0.05).all()
    assert rows.filter(pl.col("roc_auc") < 0.5).is_empty()


def test_a_learner_that_fails_while_it_is_measured_is_one_line(call):
    learner = ["--model", "sklearn.neighbors:KNeighborsClassifier", "--model-param", "n_neighbors=100000"]
    code, _, err = call("plan", "demo", "--corpus", "synthetic:3000", *learner)
    assert code == 2
    assert "Learner 'sklearn.neighbors:KNeighborsClassifier' fails on 128 documents: ValueError: Expected" in err
    assert len(err.splitlines()) == 1
