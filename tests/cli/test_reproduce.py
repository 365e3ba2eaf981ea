from __future__ import annotations

import pytest

from modelcollapse import open_run
from modelcollapse.sweeps import experiments


@pytest.fixture(autouse=True)
def _two_steps(monkeypatch):
    monkeypatch.setattr(experiments, "STUDY", ("baseline", "total-collapse"))


@pytest.mark.usefixtures("_blank_pictures")
def test_the_study_in_one_folder_goes_on_where_it_was_stopped(call, reviews_csv, tmp_path):
    study = [
        "reproduce", "--corpus", reviews_csv, "--scale", "0.0015", "--trees", "3", "--executor", "inprocess",
    ]  # fmt: skip
    code, out, err = call(*study, "--seeds", "1")
    assert code == 0, err
    assert "Step 1 of 2: " in out
    code, out, err = call(*study, "--seeds", "2")
    assert code == 0
    assert "22 chains, 11 finished before" in err
    results = open_run("runs/reproduce").results()
    assert set(results["experiment"]) == {"baseline", "total-collapse"}
    assert set(results["seed"]) == {0, 1}
    figures = tmp_path / "runs/reproduce/figures"
    assert {"overview.png", "baseline-range.png", "total-collapse.png"} <= {file.name for file in figures.iterdir()}
    table = (tmp_path / "runs/reproduce/claims.md").read_text()
    assert "| total-collapse | Trained on its own labels alone" in table
    assert "More reviews make a better model." in out


def test_too_small_a_corpus_is_told_what_scale_would_fit(call, reviews_csv):
    code, _, err = call("reproduce", "--corpus", reviews_csv, "--executor", "inprocess")
    assert code == 2
    assert "needs 340,000 documents" in err
    assert "(--scale 0.0026, times the one given if any)" in err
