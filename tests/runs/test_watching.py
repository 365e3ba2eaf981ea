"""Who is shown progress: a terminal, a notebook, nobody."""

from __future__ import annotations

import sys

import pytest

from modelcollapse import Sweep, notebook, run_sweep
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.progress import LiveProgress, PlainProgress, Reporter
from modelcollapse.runs.watching import NotebookProgress, find_reporter
from tests.corpora.test_progress import Terminal

VALUES = {"rates": [0, 1], "initial_size": 100, "final_size": 300, "increment": 100, "test_size": 100}
SWEEP = Sweep(**VALUES, model="naive-bayes")


@pytest.fixture
def cell(monkeypatch) -> list[str]:
    """Return what a cell of a notebook is asked to show."""
    shown: list[str] = []
    monkeypatch.setattr(notebook, "in_notebook", lambda: True)
    monkeypatch.setattr(notebook.Shown, "show", lambda _, html: shown.append(html))
    return shown


def test_nobody_is_told_where_nobody_sees_it(capsys):
    assert type(find_reporter(None)) is Reporter
    assert type(find_reporter(False)) is Reporter
    assert type(find_reporter(True)) is PlainProgress
    assert capsys.readouterr() == ("", "")


def test_a_terminal_has_a_live_display(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert type(find_reporter(None)) is LiveProgress
    assert type(find_reporter(False)) is Reporter


def test_who_is_given_is_told():
    mine = PlainProgress()
    assert find_reporter(mine) is mine


def test_a_notebook_shows_a_bar_and_the_arms(cell, tmp_path, corpus):
    run_sweep(SWEEP, corpus, tmp_path, executor="inprocess")
    assert "2 chains; 6 generations to run" in cell[0]
    assert "2/2 chains · 6/6 generations" in cell[-1]
    assert "<td>100 %</td>" in cell[-1]
    cell.clear()
    run_sweep(SWEEP, corpus, tmp_path, executor="inprocess", progress=False)
    assert cell == []


def test_an_interrupted_kernel_keeps_everything_and_says_how_to_go_on(cell, tmp_path, corpus):
    class Stopping(InProcessExecutor):
        def run(self, *arguments):
            for i, event in enumerate(super().run(*arguments)):
                if i == 2:
                    raise KeyboardInterrupt
                yield event

    with pytest.raises(KeyboardInterrupt) as stopped:
        run_sweep(SWEEP, corpus, tmp_path, executor=Stopping())
    assert stopped.value.__notes__ == [f"What was computed is kept in {tmp_path}; the same call goes on from it."]
    assert "Interrupted. What was computed is kept; the same call goes on from it." in cell[-1]
    assert run_sweep(SWEEP, corpus, tmp_path, executor="inprocess").results().height == 6


def test_what_a_chain_says_is_escaped(cell):
    reporter = find_reporter(None)
    assert isinstance(reporter, NotebookProgress)
    reporter.planned(_Empty(), "<folder>")  # type: ignore[arg-type]
    reporter._complain("chain failed: <b>")
    assert "&lt;b&gt;" in cell[-1]
    assert "→ &lt;folder&gt;" in cell[-1]


class _Empty:
    chains = finished = partial = given_up = to_run = ()
    n_generations_to_run = 0
