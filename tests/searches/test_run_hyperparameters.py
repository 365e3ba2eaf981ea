from __future__ import annotations

from dataclasses import replace

import pytest

from modelcollapse import run_sweep
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.tasks import Failed
from modelcollapse.searches.hyperparameters import GridSettings, run_grid
from modelcollapse.sweeps.sweep import Sweep

SETTINGS = GridSettings.of(
    "hyperparameters", grid={"n_estimators": [2, 4], "max_depth": [1, 3]}, documents=60, folds=3, folds_per_task=2
)


class Counting(InProcessExecutor):
    """Remembers which units were run; stops after some."""

    def __init__(self, most: int = 1000) -> None:
        self.ran: list[str] = []
        self.most = most

    def run(self, corpus, tasks, state_of):
        for event in super().run(corpus, tasks, state_of):
            self.ran.append(event.task.id)
            yield event
            if len(self.ran) == 2 * self.most:
                raise KeyboardInterrupt


def test_a_grid_goes_on_where_it_was_stopped(tmp_path, corpus):
    with pytest.raises(KeyboardInterrupt):
        run_grid(SETTINGS, corpus, RunFolder(tmp_path / "a"), Counting(most=4))
    rest = Counting()
    resumed, n_failed = run_grid(SETTINGS, corpus, RunFolder(tmp_path / "a"), rest)
    assert (len(rest.ran), n_failed) == (2 * (10 - 4), 0)
    fresh, _ = run_grid(SETTINGS, corpus, RunFolder(tmp_path / "b"), InProcessExecutor())
    assert resumed.drop("seconds").equals(fresh.drop("seconds"))
    assert resumed.height == 5 * 3
    assert resumed["is_study"].sum() == 3
    again = Counting()
    run_grid(SETTINGS, corpus, RunFolder(tmp_path / "a"), again)
    assert again.ran == []


def test_a_damaged_unit_is_computed_again(tmp_path, corpus):
    first, _ = run_grid(SETTINGS, corpus, RunFolder(tmp_path), InProcessExecutor())
    damaged = sorted((tmp_path / "units").iterdir())[0]
    damaged.write_text("{")
    counting = Counting()
    again, _ = run_grid(SETTINGS, corpus, RunFolder(tmp_path), counting)
    assert set(counting.ran) == {damaged.stem}
    assert again.drop("seconds").equals(first.drop("seconds"))


def test_failures_are_kept_apart_and_tried_again(tmp_path, corpus):
    class Failing(InProcessExecutor):
        def run(self, corpus, tasks, state_of):
            yield Failed(tasks[0], "ValueError: no", "…", is_own=True)
            yield from super().run(corpus, tasks[1:], state_of)

    results, n_failed = run_grid(SETTINGS, corpus, RunFolder(tmp_path), Failing())
    assert (n_failed, len(list((tmp_path / "failures").iterdir()))) == (1, 1)
    assert results["is_study"].sum() == 1
    _, n_failed = run_grid(SETTINGS, corpus, RunFolder(tmp_path), InProcessExecutor())
    assert (n_failed, len(list((tmp_path / "failures").iterdir()))) == (0, 0)


def test_folders_of_something_else_are_refused(tmp_path, corpus):
    run_grid(SETTINGS, corpus, RunFolder(tmp_path / "grid"), InProcessExecutor())
    with pytest.raises(RunFolderError, match=r"holds the search 'hyperparameters' on the corpus 'generated'.*another"):
        run_grid(SETTINGS, replace(corpus, fingerprint="other"), RunFolder(tmp_path / "grid"), InProcessExecutor())
    sweep = Sweep(rates=0, initial_size=50, test_size=20, model="naive-bayes")
    run_sweep(sweep, corpus, tmp_path / "run", executor="inprocess")
    with pytest.raises(RunFolderError, match="holds a run of sweeps"):
        run_grid(SETTINGS, corpus, RunFolder(tmp_path / "run"), InProcessExecutor())
