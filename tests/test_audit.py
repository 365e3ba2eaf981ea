"""A small share of what scripts/audit_statistics.py does, and of what it must see."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    script = Path(__file__).parents[1] / "scripts" / "audit_statistics.py"
    spec = importlib.util.spec_from_file_location("audit_statistics", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit_statistics"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    ["null", "margin", "linear", "curves", "human size", "decomposition", "published", "two runs", "spread"],
)
def test_every_audit_runs_in_the_kindest_and_the_worst_world(audit: ModuleType, name: str) -> None:
    for world in (0, 3):
        lines = audit.run_audit((name, world, 3, 0.01))
        assert lines
        for line in lines:
            assert 0 <= line.untold <= line.wrong <= line.reps
            assert line.verdict in ("nominal", "conservative", "told", "FAILS")
            assert len(str(line).split()) >= 8
    assert len(audit.HEAD.split()) >= 7


def test_a_task_gives_the_same_lines_again(audit: ModuleType) -> None:
    assert audit.run_audit(("linear", 1, 3, 0.02)) == audit.run_audit(("linear", 1, 3, 0.02))


def test_a_paired_interval_of_normal_differences_is_found_to_hold(audit: ModuleType) -> None:
    """One known number: 5 % of 200 intervals miss, ± 4.6 % (3 Monte-Carlo errors)."""
    world = audit.WORLDS[0]
    rows = audit.paired_rows(world, np.random.default_rng(3), 200, 3, [0.0, 0.1], [0.0, 0.01])
    found = audit.compare_rates(rows)
    assert found["difference"].mean() == pytest.approx(-0.01, abs=0.001)
    line = audit.line("paired", world, 3, 0.05, audit.per_run(found, audit.misses(-0.01)), False)
    assert line.wrong / 200 == pytest.approx(0.05, abs=0.046)
    assert line.verdict == "nominal"


def test_falling_seeds_are_found_to_break_an_interval(audit: ModuleType) -> None:
    """Another: with one seed in five falling, a pilot of five holds the truth in two thirds of runs."""
    one, _ = audit.run_audit(("until-ci", 3, 5, 0.1))
    assert one.wrong / one.reps == pytest.approx(0.33, abs=0.08)
    assert one.verdict == "told"


@pytest.mark.parametrize(
    ("wrong", "untold", "verdict"),
    [(50, 50, "nominal"), (10, 10, "conservative"), (200, 20, "told"), (200, 200, "FAILS")],
)
def test_verdicts(audit: ModuleType, wrong: int, untold: int, verdict: str) -> None:
    flags, told = np.arange(1000) < wrong, np.arange(1000) >= untold
    line = audit.line("m", audit.WORLDS[0], 5, 0.05, flags, told)
    assert (line.wrong, line.untold, line.verdict) == (wrong, untold, verdict)


def test_a_method_that_fails_makes_the_exit_code(audit: ModuleType, monkeypatch, capsys) -> None:
    class OneProcess:
        def __init__(self, *arguments: object, **options: object) -> None: ...
        def __enter__(self) -> OneProcess:
            return self

        def __exit__(self, *arguments: object) -> None: ...

        map = staticmethod(map)

    monkeypatch.setattr(audit, "ProcessPoolExecutor", OneProcess)
    monkeypatch.setattr(sys, "argv", ["audit_statistics.py", "--only", "stages", "--scale", "0.2"])
    assert audit.main() == 0
    assert "told" in capsys.readouterr().out
    monkeypatch.setattr(audit, "extended_in_stages", lambda sweeps: "")
    assert audit.main() == 1
    assert "1 lines fail." in capsys.readouterr().out


def test_counts_are_counts(audit: ModuleType) -> None:
    rows = audit.paired_rows(audit.WORLDS[4], np.random.default_rng(1), 5, 3, [0.0, 0.1], [0.0, 0.0])
    assert (rows["accuracy"] * 250 - (rows["accuracy"] * 250).round()).abs().max() < 1e-9
    assert rows.select(pl.struct("experiment", "collapse_rate").n_unique()).item() == 10
