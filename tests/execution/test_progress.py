from __future__ import annotations

import io

import pytest
from rich.console import Console

from modelcollapse import run_sweep
from modelcollapse.execution import progress
from modelcollapse.sweeps.sweep import Sweep

SWEEP = Sweep(
    rates=[0, 0.5], seeds=2, initial_size=100, final_size=300, increment=100, test_size=200, model="naive-bayes"
)


def test_live_display_shows_every_rate_and_leaves_nothing_behind(tmp_path, corpus, monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, highlight=False)
    monkeypatch.setattr("rich.console.Console", lambda **options: console)
    live = progress.LiveProgress()
    run_sweep(SWEEP, corpus, tmp_path, executor="inprocess", progress=live)
    shown = screen.getvalue()
    assert "4 chains; 12 generations to run" in shown
    console.print(live._render())
    shown = screen.getvalue()
    assert "50 %" in shown
    assert "4/4 chains · 12/12 generations" in shown


def test_plain_lines(tmp_path, corpus, capsys, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    run_sweep(SWEEP, corpus, tmp_path, executor="inprocess", progress=progress.PlainProgress())
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("4 chains; 12 generations to run → ")
    assert len(lines) == 13
    assert "4/4 chains" not in lines[-1]  # the last chain is finished after its last row
    assert "12/12 generations" in lines[-1]
    assert "accuracy 0 %: 0." in lines[-1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "< 1 s"),
        (59, "59 s"),
        (89.9, "90 s"),
        (90, "2 min"),
        (3725, "62 min"),
        (9000, "2.5 h"),
        (200_000, "2.3 days"),
    ],
)
def test_duration(seconds, text):
    assert progress.duration(seconds) == text
