"""Files of other versions: older ones are read, newer ones refused, and none is written over."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from modelcollapse import open_run, run_sweep
from modelcollapse.cli import main
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.record import ChainRecord, OtherVersionError, _seal
from modelcollapse.simulation.rows import ADDED, SCHEMA_VERSION
from tests.runs.test_run import run, sweep, table


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def rewritten(file: Path, change=lambda frame: frame, version: object = None) -> bytes:
    """Return a chain's file as another version might write it: whole, with its hash."""
    buffer = io.BytesIO()
    metadata = {} if version is None else {"modelcollapse.schema": str(version)}
    change(pl.read_parquet(file)).write_parquet(buffer, metadata=metadata)
    return _seal(buffer.getvalue())


def one_more(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(entropy=pl.lit(0.5))


def as_first_version(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop(list(ADDED))


OTHERS = {
    "newer version": ({"version": SCHEMA_VERSION + 1}, f"version {SCHEMA_VERSION + 1} of the columns"),
    "no number": ({"version": "two"}, "version two of the columns"),
    "unknown column": ({"change": one_more, "version": SCHEMA_VERSION}, "has the column 'entropy'"),
    "unknown column without version": ({"change": one_more}, "has the column 'entropy'"),
    "other columns": ({"version": 1}, "columns are not those of version 1"),
    "missing columns": ({"change": as_first_version, "version": 2}, "columns are not those of version 2"),
    "other types": (
        {"change": lambda frame: frame.with_columns(pl.col("seed").cast(pl.Int32)), "version": SCHEMA_VERSION},
        f"columns are not those of version {SCHEMA_VERSION}",
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_whole_file_of_another_version_is_no_damage(tmp_path, corpus, kind):
    run(tmp_path, corpus)
    how, message = OTHERS[kind]
    file = next((tmp_path / "chains").iterdir())
    with pytest.raises(OtherVersionError, match=message):
        ChainRecord.from_bytes(rewritten(file, **how))


def test_a_whole_file_that_no_reader_here_understands_is_no_damage():
    footer = (4).to_bytes(4, "little") + b"PAR1"
    with pytest.raises(OtherVersionError, match="no Parquet file that can be read here"):
        ChainRecord.from_bytes(_seal(b"PAR1 unheard of" + footer))


@pytest.mark.parametrize("subfolder", ["chains", "partial"])
@pytest.mark.parametrize("command", ["run", "dry run", "resume", "status", "plot", "report", "export", "compare"])
def test_every_command_refuses_newer_rows_in_one_line_and_changes_nothing(
    tmp_path, monkeypatch, capsys, corpus, subfolder, command
):
    folder = tmp_path / "run"
    run_sweep(sweep(), corpus, folder, executor="inprocess", given_corpus={"name_or_path": "any"})
    for reader in ("modelcollapse.corpora", "modelcollapse.simulation.domain"):
        monkeypatch.setattr(f"{reader}.load_corpus", lambda **given: corpus)
    file = sorted((folder / "chains").iterdir())[0]
    newer = rewritten(file, one_more, SCHEMA_VERSION + 1)
    file.unlink()
    (folder / subfolder).mkdir(exist_ok=True)
    (folder / subfolder / file.name).write_bytes(newer)
    shutil.rmtree(folder / "figures", ignore_errors=True)
    before = content_of(folder)
    spec = tmp_path / "sweep.toml"
    spec.write_text(
        "rates = [0, 0.5]\nseeds = 2\ninitial_size = 100\nfinal_size = 300\nincrement = 100\ntest_size = 200\n"
        'model = "naive-bayes"\n'
    )
    execute = ["run", str(spec), "--out", str(folder), "--executor", "inprocess"]
    arguments = {
        "run": execute,
        "dry run": [*execute, "--dry-run"],
        "resume": ["resume", str(folder), "--executor", "inprocess"],
        "export": ["export", str(folder), str(tmp_path / "rows.csv")],
    }.get(command, [command, str(folder)])
    monkeypatch.setattr("sys.argv", ["modelcollapse", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert f"{file.name} was written by another version of modelcollapse" in said[0]
    after = content_of(folder)
    log = {name for name in after if name in ("log.txt", ".lock")}
    assert {name: after[name] for name in after.keys() - log} == {name: before[name] for name in before.keys() - log}


def test_a_newer_spec_is_refused_and_left_alone(tmp_path, corpus):
    run(tmp_path, corpus)
    file = tmp_path / "spec.json"
    newer = json.dumps({**json.loads(file.read_text()), "format": 3, "more": 1})
    file.write_text(newer)
    for attempt in (lambda: run(tmp_path, corpus), lambda: open_run(tmp_path)):
        with pytest.raises(RunFolderError, match="has format 3, this version knows 1 and 2: it was"):
            attempt()
    assert file.read_text() == newer


def older(folder: Path) -> None:
    """Make of a run what version 0.1.0 would have stored."""
    for file in [*folder.glob("chains/*"), *folder.glob("partial/*")]:
        file.write_bytes(rewritten(file, as_first_version))
    spec = json.loads((folder / "spec.json").read_text())
    del spec["models"]
    (folder / "spec.json").write_text(json.dumps({**spec, "format": 1}))


def test_older_rows_get_the_columns_that_came_later(tmp_path, corpus):
    expected = run(tmp_path, corpus, min_df=2, max_terms=300).results()
    older(tmp_path)
    file = next((tmp_path / "chains").iterdir())
    assert all(row.growth is row.min_df is None for row in ChainRecord.from_bytes(file.read_bytes()).rows.values())
    assert open_run(tmp_path).results().equals(expected)
    assert expected.select("growth", "min_df", "max_ngram", "max_terms").unique().rows() == [("+100", 2, 1, 300)]


def test_a_complete_older_chain_stays_and_an_extended_one_is_written_anew(tmp_path, corpus):
    run(tmp_path, corpus)
    older(tmp_path)
    before = content_of(tmp_path / "chains")
    run(tmp_path, corpus, seeds=3)
    assert content_of(tmp_path / "chains").items() > before.items()
    extended = run(tmp_path, corpus, final_size=400).results()
    for name in before:
        record = RunFolder(tmp_path).chains.read_file(PATHS.chains, name.removesuffix(".parquet"))
        assert sorted(record.rows) == [100, 200, 300, 400]
        assert {row.growth for row in record.rows.values()} == {"+100"}
    fresh = run(tmp_path / "fresh", corpus, final_size=400).results()
    mine = extended.join(fresh.select("chain_id", "n_seen"), on=["chain_id", "n_seen"], how="semi")
    assert table(mine).equals(table(fresh))


def test_a_driver_killed_before_it_removed_a_checkpoint_leaves_an_older_chain_as_it_is(tmp_path, corpus):
    run(tmp_path, corpus)
    older(tmp_path)
    before = content_of(tmp_path / "chains")
    name, content = next(iter(before.items()))
    (tmp_path / "partial").mkdir(exist_ok=True)
    (tmp_path / "partial" / name).write_bytes(content)
    run(tmp_path, corpus)
    assert content_of(tmp_path / "chains") == before
    assert not list((tmp_path / "partial").iterdir())


def test_the_folder_of_an_older_version_is_marked_before_a_newer_file_is_in_it(tmp_path, corpus, monkeypatch):
    run(tmp_path, corpus)
    older(tmp_path)
    written = []
    monkeypatch.setattr(RunFolder, "write", lambda folder, name, content: written.append((name, content)))
    run(tmp_path, corpus, seeds=3)
    assert written[0][0] == "spec.json"
    assert written[1][0].startswith("chains/")
    spec = json.loads(written[0][1])
    assert spec["format"] == 2
    assert [models is None for models in spec["models"]] == [True, False]
