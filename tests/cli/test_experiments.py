from __future__ import annotations

import pytest

from modelcollapse.planning import estimate
from modelcollapse.planning.estimate import CostLaw
from modelcollapse.sweeps.experiments import SEARCHES, STUDY


def test_experiments_are_listed_with_their_chains(call):
    code, out, _ = call("experiments")
    assert code == 0
    for name in (*STUDY, *SEARCHES):
        assert name in out
    assert " 20,020 " in out
    assert "modelcollapse experiments --estimate --corpus movies" in out


def test_times_are_measured_once_and_remembered(call, reviews_csv, monkeypatch):
    second_a_training = CostLaw((100, 400_000), (1.0, 1.0), (1e-12, 1e-12))
    asked = []

    def calibrate(kind, corpus):
        asked.append((kind, corpus.n_documents))
        return second_a_training

    monkeypatch.setattr(estimate, "calibrate", calibrate)
    code, out, _ = call("experiments", "--estimate", "--corpus", reviews_csv, "--cores", "1,220,1000")
    assert code == 0
    assert [n for _, n in asked] == [900] * len(asked)
    row = next(line for line in out.splitlines() if line.startswith("fine-rates")).split("  ")
    assert [cell.strip() for cell in row if cell.strip()][4:7] == ["5.6 h", "2 min", "2 min"]
    n_asked = len(asked)
    assert call("experiments", "--corpus", reviews_csv, "--cores", "1,220,1000")[1] == out
    assert len(asked) == n_asked


@pytest.mark.parametrize("cores", ["0", "two", "1:2"])
def test_bad_numbers_of_cores(call, cores):
    code, _, err = call("experiments", "--cores", cores)
    assert code == 2
    assert err.startswith("modelcollapse: cores: found")
