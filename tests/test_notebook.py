"""HTML of things that strangers may have named."""

from __future__ import annotations

import sys
from dataclasses import replace

from modelcollapse import Sweep, notebook

HOSTILE = "<script>alert(1)</script>&\x1b[2J"


def test_words_are_escaped_everywhere():
    html = notebook.card(HOSTILE, {HOSTILE: HOSTILE, "left out": ""}) + notebook.table([HOSTILE], [[HOSTILE]])
    assert "<script" not in html
    assert "\x1b" not in html
    assert "left out" not in html
    assert html.count("&lt;script&gt;") == 5


def test_here_is_no_notebook():
    assert not notebook.in_notebook()


def test_a_corpus_of_a_stranger_is_escaped(corpus):
    html = replace(corpus, name=HOSTILE)._repr_html_()
    assert "<b>Corpus &lt;script&gt;" in html
    assert "<script" not in html
    assert "1,500" in html


def test_a_sweep_is_shown_without_running_its_learners_code(monkeypatch, tmp_path):
    (tmp_path / "evil.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    html = Sweep(rates=[0, 0.15], seeds=100, initial_size=5, model="evil:Learner")._repr_html_()
    assert "evil" not in sys.modules
    assert "evil:Learner" in html
    assert "0 %, 15 %" in html
    assert "100 (0, 1, 2, 3, …, 99)" in html


def test_a_sweep_that_cannot_run_says_why():
    html = Sweep(rates=[0], initial_size=5, model=HOSTILE.replace(":", ""))._repr_html_()
    assert "Found no learner" in html
    assert "<script" not in html
