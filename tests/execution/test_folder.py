from __future__ import annotations

import fsspec
import pytest

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.folder import FORMAT, RunFolder


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path):
    if request.param == "local":
        return RunFolder(tmp_path / "run")
    fsspec.filesystem("memory").rm("/", recursive=True)
    return RunFolder("memory://bucket/run")


def test_files(folder):
    assert folder.read("chains/a.parquet") is None
    assert folder.names("chains", ".parquet") == []
    folder.write("chains/b.parquet", b"one")
    folder.write("chains/a.parquet", b"two")
    folder.write("chains/a.parquet", b"three")
    assert folder.read("chains/a.parquet") == b"three"
    assert folder.names("chains", ".parquet") == ["a", "b"]
    folder.remove("chains/a.parquet")
    folder.remove("chains/a.parquet")
    assert folder.names("chains", ".parquet") == ["b"]


def test_a_writer_that_dies_leaves_no_half_file(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.write("spec.json", b"old")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(RunFolderError, match="No space left"):
        folder.write("spec.json", b"new")
    assert folder.read("spec.json") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_spec(folder):
    assert folder.read_spec() is None
    spec = {"corpus": {"name": "a", "fingerprint": "b"}, "sweeps": [], "versions": {}}
    folder.write_spec(spec)
    assert folder.read_spec() == {"format": FORMAT, **spec, "models": []}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"format": 1}', b'{"format": 99}', b"[" * 100_000, b"\xff\xfe"]
)
def test_a_damaged_or_foreign_spec_is_refused(folder, content):
    folder.write("spec.json", content)
    with pytest.raises(RunFolderError, match=r"spec\.json (is damaged|has format 99)"):
        folder.read_spec()


def test_one_driver_at_a_time(folder):
    other = RunFolder(folder.location)
    with folder.locked():
        with pytest.raises(RunFolderError, match=r"Another process.* is running a sweep"), other.locked():
            pass
        folder.write("spec.json", b"still mine")
    with other.locked():
        pass


def test_what_a_killed_driver_left_half_written_is_cleared_away(tmp_path):
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / ".a.parquet.123.tmp").write_bytes(b"half")
    (tmp_path / "partial" / "b.parquet").write_bytes(b"whole")
    with RunFolder(tmp_path).locked():
        assert [path.name for path in (tmp_path / "partial").iterdir()] == ["b.parquet"]


def test_unknown_kinds_of_folder_are_refused():
    with pytest.raises(RunFolderError, match="Cannot use"):
        RunFolder("nosuchprotocol://bucket/run")
