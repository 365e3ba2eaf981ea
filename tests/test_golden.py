"""Stored chains keep their names and rows, whatever is changed in the package."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import polars.testing
import pytest

from modelcollapse import open_run, run_sweep
from modelcollapse.cli import command_line
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.execution.progress import Reporter
from modelcollapse.simulation.chain import ChainState
from modelcollapse.simulation.learning import import_paths, learners
from modelcollapse.simulation.rows import ADDED
from modelcollapse.sweeps.sweep import Sweep
from tests.golden import FILE, STORED_RUN, STORED_VALUES, SWEEPS, golden_corpus, golden_rows, golden_sweep

GOLDEN = json.loads(FILE.read_text())


#: The stored run was made with libraries, and a Python, of its day.
pytestmark = pytest.mark.filterwarnings("ignore:.* was begun with other versions")


@pytest.fixture(scope="module")
def corpus():
    return golden_corpus()


@pytest.fixture(autouse=True)
def _library_of_that_day(monkeypatch):
    """Ids of library learners hold the library's version: ask as if it were still the one of the golden file."""
    monkeypatch.setattr(
        import_paths, "library_version", lambda path: None if path.startswith("modelcollapse") else "1.9"
    )
    learners._identity.cache_clear()
    yield
    learners._identity.cache_clear()


@pytest.mark.parametrize("name", SWEEPS)
def test_chains_keep_their_ids_and_rows(name):
    found = dict(golden_rows(name))
    assert list(found) == list(GOLDEN[name])
    for chain_id, rows in found.items():
        expected = GOLDEN[name][chain_id]
        columns = {*rows[0]} - {"chain_id"}
        assert {*expected} <= columns <= {*expected, *ADDED}
        for column, values in expected.items():
            assert same([row[column] for row in rows], values), (name, chain_id, column)


def same(found, expected):
    """Compare a column: counts, words and shares of documents exactly, scores to what processors differ by."""
    return all(
        a == b or (isinstance(b, float) and isinstance(a, float) and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12))
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("name", ["forest", "naive-bayes-regimes"])
def test_an_extended_chain_is_the_golden_one(corpus, name):
    for task in chain_tasks(golden_sweep(name), corpus.fingerprint):
        short = list(run_chain(replace(task.spec, final_size=200), corpus))
        labels = np.concatenate([result.new_slots for result in short])
        state = ChainState(len(short), labels, short[-1].memory)
        rows = {result.row.n_seen: result.row for result in [*run_chain(task.spec, corpus, state), *short]}
        for column, values in GOLDEN[name][task.id].items():
            assert same([getattr(rows[size], column) for size in (100, 200, 300)], values), column


@pytest.fixture
def stored(tmp_path):
    """A copy of the run that version 0.1.0 stored, with one chain interrupted."""
    return Path(shutil.copytree(STORED_RUN, tmp_path / "run"))


def stored_sweep(**changes):
    return Sweep(**{**STORED_VALUES, "label_rule": "argmax,human-only", **changes})


def known_columns(rows, among):
    names = [name for name in among.columns if not name.endswith("_seconds")]
    return rows.select(names).sort("experiment", "chain_id", "n_seen")


def test_a_stored_run_opens_with_every_row(stored):
    run = open_run(stored)
    assert [sweep.experiment for sweep in run.sweeps] == ["stored", "stored"]
    assert run.results().height == 5 * 3 + 2
    assert run.results().select("chain_id", "generation").is_unique().all()


def test_a_stored_run_resumes_and_ends_with_the_same_table(stored, tmp_path, corpus):
    before = open_run(stored).results()
    files = {path.name: path.read_bytes() for path in (stored / "chains").iterdir()}
    resumed = run_sweep(stored_sweep(), corpus, stored, executor="inprocess").results()
    assert all((stored / "chains" / name).read_bytes() == content for name, content in files.items())
    assert resumed.height == 6 * 3
    fresh = run_sweep(stored_sweep(), corpus, tmp_path / "fresh", executor="inprocess").results()
    pl.testing.assert_frame_equal(known_columns(resumed, before), known_columns(fresh, before), rel_tol=1e-9)


@pytest.mark.parametrize("more", [{"final_size": 400}, {"seeds": 3}, {"rates": "0,0.2,0.5"}])
def test_a_stored_run_is_extended_with_what_is_missing_only(stored, corpus, more):
    computed = []

    class Watching(Reporter):
        def generation(self, row):
            super().generation(row)
            computed.append((row.chain_id, row.n_seen))

    before = open_run(stored).results()
    after = run_sweep(stored_sweep(**more), corpus, stored, executor="inprocess", progress=Watching()).results()
    assert len(computed) == len(set(computed)) == after.height - before.height
    assert before.select("chain_id", "n_seen").join(after, on=["chain_id", "n_seen"], how="anti").is_empty()


def test_a_stored_run_is_drawn_and_reported(stored, capsys):
    for command in (["status"], ["plot"], ["report"], ["export", "table.csv"]):
        arguments = [command[0], str(stored), *(str(stored / name) for name in command[1:])]
        assert command_line()(arguments, standalone_mode=False) in (None, 0)
    assert (stored / "report.html").stat().st_size > 10_000
    assert len(pl.read_csv(stored / "table.csv")) == 5 * 3 + 2
