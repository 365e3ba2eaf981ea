"""Every command that writes is led to files that are not ours: afterwards they are what they were."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from modelcollapse import open_run

pytestmark = pytest.mark.usefixtures("_blank_pictures")

SIZES = ["--initial-size", "100", "--final-size", "200", "--increment", "100", "--test-size", "100"]
SWEEP = ["run", "demo", "--executor", "inprocess", "--rates", "0,0.5", "--seeds", "2", "--model", "naive-bayes", *SIZES]
GRID = ["hyperparameters", "--documents", "60", "--folds", "2", "--executor", "inprocess", "--grid"]
SEARCH = ["generational", "--ngrams", "1-3", "--executor", "inprocess"]
REVIEWS = "text,label\n" + "a good film,1\na bad film,0\n" * 20

#: Names that this package would write, in folders of somebody else.
DECOYS = {
    "thesis/report.html": "<html>my thesis</html>",
    "thesis/claims.md": "# Claims",
    "thesis/figures/demo.png": "mine",
    "thesis/figures/demo.svg": "<svg/>",
    "thesis/lineages.csv": "a,b",
    "api/spec.json": '{"openapi": "3.1.0", "info": {"title": "shop"}}',
    "api/log.txt": "Monday: deployed",
    "grid/results.csv": "id,amount\n1,2\n",
    "grid/search.json": '{"index": "elastic"}',
    "notes/log.txt": "Monday",
    "notes/results.csv": "1,2,3\n",
    "notes.csv": "date,what\n",
    "shop.csv": REVIEWS,
    "shop.parquet": "PAR1 not really",
}


@pytest.fixture
def decoys(tmp_path):
    for name, content in DECOYS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory, reviews_csv) -> Path:
    """Return a run's folder."""
    from modelcollapse import run_sweep
    from modelcollapse.corpora import load_corpus
    from modelcollapse.sweeps.sweep import Sweep

    sizes = {"initial_size": 100, "final_size": 200, "increment": 100, "test_size": 100}
    sweep = Sweep(experiment="demo", rates=[0, 0.5], seeds=2, model="naive-bayes", **sizes)
    folder = tmp_path_factory.mktemp("made") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        run_sweep(sweep, load_corpus(reviews_csv), folder, executor="inprocess")
    return folder


def checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_no_command_writes_over_what_is_not_ours(call, decoys, made, reviews_csv):
    corpus = ["--corpus", reviews_csv]
    call("export", made, "thesis.csv")
    before = checksums(decoys)
    for command in (
        [*SWEEP, *corpus, "--out", "."],
        [*SWEEP, *corpus, "--out", "api"],
        [*SWEEP, *corpus, "--out", "notes"],
        [*SWEEP, *corpus, "--out", "grid"],
        [*SWEEP, *corpus, "--out", "new", "--log-file", "notes.csv"],
        [*GRID, "max_depth=2", *corpus, "--out", "."],
        [*GRID, "max_depth=2", *corpus, "--out", "notes"],
        [*GRID, "max_depth=2", *corpus, "--out", "api"],
        [*GRID, "max_depth=2", *corpus, "--out", "grid"],
        [*SEARCH, *corpus, "--out", "notes"],
        ["status", "api"],
        ["resume", "api"],
        ["plot", "thesis.csv"],
        ["report", "thesis.csv"],
        ["export", made, "shop.csv"],
        ["export", made, "shop.parquet"],
        ["export", made, "thesis"],
        ["export", made, made / "spec.json"],
        ["export", made, made / "chains" / "x.parquet"],
        ["export", made, next((made / "chains").iterdir())],
        ["export", made, "s3://bucket/rows.csv"],
        ["corpus", "build", "synthetic:100", "--text-file", "shop.csv"],
        ["corpus", "build", "synthetic:100", "--text-file", "thesis"],
    ):
        inside = checksums(made)
        code, _, err = call(*command)
        assert (code, err.count("\n")) == (2, 1), (command, err)
        assert err.startswith("modelcollapse: "), (command, err)
        assert "Remove it" not in err
        found = checksums(decoys)
        assert {name: found.get(name) for name in before} == before, command
        assert not any(name.endswith((".tmp", ".part")) for name in found)
        assert checksums(made) == inside, command


def test_what_is_made_of_an_export_beside_its_run_leaves_the_run_alone(call, made):
    call("report", made)
    export = made.with_suffix(".csv")
    assert call("export", made, export)[0] == 0
    before = checksums(made)
    for command in ("report", "plot"):
        code, _, err = call(command, export)
        assert code == 2
        assert "holds a run or a search of its own" in err
    assert call("compare", made, export)[0] == 0
    assert call("export", export, export.with_name("other.parquet"))[0] == 0
    found = checksums(made)
    assert {name: found[name] for name in before} == before


def test_what_is_ours_is_made_anew(call, made, tmp_path):
    for _ in range(2):
        for file, command in (("rows.csv", "report"), ("rows.parquet", "plot")):
            assert call("export", made, file)[0] == 0
            code, _, err = call(command, file)
            assert code == 0, err
        assert call("corpus", "build", "synthetic:100", "--text-file", "reviews.csv")[0] == 0
    assert (tmp_path / "rows" / "report.html").exists()


def test_an_export_of_an_earlier_version_is_replaced_and_an_edited_one_is_not(call, made, tmp_path):
    rows = open_run(made).results()
    rows.drop("churn").write_csv(tmp_path / "old.csv")
    assert call("export", made, "old.csv")[0] == 0
    rows.with_columns(remark=pl.lit("mine")).write_parquet(tmp_path / "mine.parquet")
    code, _, err = call("export", made, "mine.parquet")
    assert code == 2
    assert "mine.parquet is no earlier export, so it is not written over" in err


def test_an_export_through_a_link_keeps_the_link(call, made, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "rows.csv").symlink_to(tmp_path / "disk" / "rows.csv")
    for _ in range(2):
        assert call("export", made, "rows.csv")[0] == 0
    assert (tmp_path / "rows.csv").is_symlink()
    assert os.listdir(tmp_path / "disk") == ["rows.csv"]


@pytest.mark.parametrize("file", ["rows.csv", "rows.parquet"])
def test_an_export_on_a_full_disk_is_one_line_and_leaves_nothing(call, made, tmp_path, monkeypatch, file):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    code, _, err = call("export", made, file)
    assert (code, err) == (2, f"modelcollapse: Cannot write {file}: No space left on device. Choose another file.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["rows.csv", "rows.parquet"])
def test_an_export_that_the_system_cuts_short_is_one_line(made, tmp_path, file):
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        f"sys.argv = ['modelcollapse', 'export', {str(made)!r}, {file!r}]; from modelcollapse.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr == f"modelcollapse: Cannot write {file}: File too large. Choose another file.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_second_grid_adds_to_the_first(call, reviews_csv, tmp_path):
    corpus = ["--corpus", reviews_csv]
    assert call(*GRID, "n_estimators=2", "--grid", "max_depth=2,3", *corpus)[0] == 0
    first = pl.read_csv(tmp_path / "runs/hyperparameters/results.csv", infer_schema=False)
    assert call(*GRID, "n_estimators=2", "--grid", "max_depth=3,4", *corpus)[0] == 0
    both = pl.read_csv(tmp_path / "runs/hyperparameters/results.csv", infer_schema=False)
    keys = first.columns[:-1]
    assert first.join(both, on=keys, how="anti").is_empty()
    assert both.height == (1 + 3) * 2
    code, _, err = call(*GRID, "max_depth=5", *corpus, "--seed", "1")
    assert code == 2
    assert "holds a search with seed 0, not 1: the results would not be one table" in err
    assert pl.read_csv(tmp_path / "runs/hyperparameters/results.csv", infer_schema=False).equals(both)


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("memory://x", "is gone when this command ends"),
        ("github://x", "Cannot use github://x"),
        ("zip://x.zip", "Cannot use zip://x.zip"),
        ("a::b", "a chain of URLs"),
    ],
)
@pytest.mark.parametrize("command", [SWEEP, [*GRID, "max_depth=2"], SEARCH, ["reproduce"]])
def test_urls_that_cannot_hold_a_run_are_one_line(call, reviews_csv, tmp_path, command, out, said):
    code, _, err = call(*command, "--corpus", reviews_csv, "--out", out)
    assert (code, err.count("\n")) == (2, 1)
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_url_is_a_place_for_a_run(call, reviews_csv, tmp_path):
    code, _, err = call(*SWEEP, "--corpus", reviews_csv, "--out", f"file://{tmp_path}/run")
    assert code == 0, err
    assert (tmp_path / "run" / "log.txt").stat().st_size
    assert call("status", f"file://{tmp_path}/run")[0] == 0
