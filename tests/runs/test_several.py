from __future__ import annotations

import pytest

from modelcollapse import Run, open_run, reproduce, resume
from modelcollapse.errors import RunFolderError, SpecError
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.sweeps import experiments

SMALL = {"scale": 0.0015, "seeds": 1, "trees": 2, "executor": "inprocess"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setattr(experiments, "STUDY", ("baseline", "collapse-rates"))


def test_the_study_is_stopped_and_resumed(tmp_path):
    class Stopping(InProcessExecutor):
        def run(self, *arguments):
            yield next(super().run(*arguments))
            raise KeyboardInterrupt

    out = tmp_path / "study"
    with pytest.raises(KeyboardInterrupt):
        reproduce("synthetic:600", out=out, **{**SMALL, "executor": Stopping()})
    assert open_run(out).status()["done"].to_list() == [1]
    run = resume(out, executor="inprocess")  # what was asked for: one step
    assert run.status().select("experiment", "chains", "finished").rows() == [("baseline", 1, 1)]
    whole = reproduce("synthetic:600", out=out, **SMALL)
    assert whole.status()["experiment"].to_list() == ["baseline", "collapse-rates"]
    assert (whole.status()["done"] == whole.status()["asked"]).all()
    assert not whole.claims().is_empty()
    assert [line.partition(":")[0] for line in whole.headline().splitlines()] == ["baseline", "collapse-rates"]
    assert "collapse-rates: " in whole._repr_html_()


def test_bad_input_is_refused_before_anything_runs(tmp_path, finished: Run):
    with pytest.raises(SpecError, match=r"--scale 0\.00"):
        reproduce("synthetic:600", out=tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RunFolderError, match="does not say how to load its corpus"):
        resume(str(finished.folder))
    with pytest.raises(RunFolderError, match="Found no run"):
        resume(tmp_path)
