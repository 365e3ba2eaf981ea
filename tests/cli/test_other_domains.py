"""Commands on runs whose slots are no labels."""

from __future__ import annotations

import json

import polars as pl
import pytest

SPEC = """domain = "closed_form"
model = "gaussian"
rates = [1]
seeds = 3
initial_size = 10
final_size = 40
increment = 10
regime = ["accumulate", "replace"]
"""


@pytest.fixture
def worlds(call, tmp_path):
    (tmp_path / "worlds.toml").write_text(SPEC)
    code, out, err = call("run", "worlds.toml", "--executor", "inprocess")
    assert code == 0, err
    assert "accumulate" in out
    assert "law of" in out
    return "runs/worlds"


def test_status_export_resume_and_json(worlds, call):
    code, out, _ = call("status", worlds)
    assert (code, "6/6" in out) == (0, True)
    assert call("export", worlds, "rows.parquet")[0] == 0
    assert pl.read_parquet("rows.parquet")["log_variance"].is_not_null().all()
    assert call("export", worlds, "rows.parquet")[0] == 0
    code, out, err = call("plot", "rows.parquet")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["rows/figures/worlds.png", "rows/figures/worlds.svg"]
    assert call("resume", worlds, "--executor", "inprocess")[0] == 0
    code, out, _ = call("run", "worlds.toml", "--seeds", "4", "--executor", "inprocess", "--json")
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert sum(row["event"] == "generation" for row in rows) == 8
    code, out, _ = call("run", "worlds.toml", "--dry-run")
    assert (code, "6 chains, 6 finished" in out) == (0, True)


def test_figures_and_a_report_have_the_laws(worlds, call):
    code, out, _ = call("plot", worlds)
    assert (code, out.splitlines()) == (0, [f"{worlds}/figures/worlds.png", f"{worlds}/figures/worlds.svg"])
    code, out, _ = call("report", worlds)
    assert code == 0
    assert "law in every generation" in out.splitlines()[0]
    assert out.splitlines()[-1] == f"{worlds}/report.html"


def test_what_speaks_of_the_study_alone_says_so(worlds, call):
    code, _, err = call("compare", worlds)
    assert (code, err.count("\n")) == (2, 1)
    assert "holds results of the domain 'closed_form'" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--test-size", "30"], "ound test_size, which the domain 'closed_form' does not have"),
        (["--label-rule", "argmax"], "found 'argmax', which the domain 'closed_form' does not have"),
        (["--model", "forest"], "Found no world 'forest'"),
        (["--until-ci", "0.01"], "until_ci: found the domain 'closed_form'"),
        (["--model", "text", "--corpus", "none-such"], "none-such"),
    ],
)
def test_slips_are_one_line(call, tmp_path, arguments, words):
    (tmp_path / "worlds.toml").write_text(SPEC)
    code, _, err = call("run", "worlds.toml", "--executor", "inprocess", *arguments)
    assert (code, err.count("\n")) == (2, 1), err
    assert words in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [("run", "laws", "--rates", "0.5"), ("run", "laws", "--dry-run"), ("run", "laws", "--scale", "0.5"),
     ("plan", "laws"), ("plan", "laws-text")],
)  # fmt: skip
def test_a_set_is_run_as_it_is(call, tmp_path, arguments):
    code, _, err = call(*arguments)
    assert (code, err.count("\n")) == (2, 1), err
    assert "laws-text" in err
    assert not (tmp_path / "runs").exists()


def test_a_folder_of_another_domain_is_refused(worlds, call, reviews_csv):
    code, _, err = call("run", "demo", "--corpus", reviews_csv, "--scale", "0.05", "--out", worlds)
    assert (code, err.count("\n")) == (2, 1), err
    assert "holds a run of the domain 'closed_form', not of 'classification'" in err
