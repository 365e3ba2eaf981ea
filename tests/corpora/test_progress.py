"""Bars where somebody sees them, and who is called instead."""

from __future__ import annotations

import io
import sys

from modelcollapse import notebook
from modelcollapse.corpora.progress import show_progress, silent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_where_nobody_sees_it(capsys):
    for progress in (None, False):
        with show_progress(progress) as show:
            assert show is silent
            show("counting", 1.0)
    assert capsys.readouterr() == ("", "")


def test_who_asks_for_it_gets_it_into_a_pipe(capsys):
    with show_progress(True) as show:
        show("reading", 0.5)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "reading" in captured.err
    with show_progress(True):
        pass  # an error before there is anything to show stays one line
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_units_by_their_number(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with show_progress(None) as show:
        show("broods", 1, 2)
    assert "broods: 1/2" in terminal.getvalue()


def test_a_notebook_redraws_bars_with_every_per_cent_and_unit(monkeypatch):
    cell: list[str] = []
    monkeypatch.setattr(notebook, "in_notebook", lambda: True)
    monkeypatch.setattr(notebook.Shown, "show", lambda _, html: cell.append(html))
    with show_progress(None) as show:
        for done in (0.5, 0.501, 1.0):
            show("reading <files>", done)
        assert len(cell) == 2
        for n_done in (2, 3, 3):
            show("broods of generation 2", n_done, 7)
    assert len(cell) == 4
    assert cell[-1].count("<progress") == 2
    assert "reading &lt;files&gt;" in cell[-1]
    assert "broods of generation 2: 3/7" in cell[-1]


def test_a_function_is_told_fractions():
    told: list[tuple[str, float]] = []
    with show_progress(lambda stage, fraction: told.append((stage, fraction))) as show:
        show("counting", 0.25)
        show("units", 1, 2)
    assert told == [("counting", 0.25), ("units", 0.5)]
