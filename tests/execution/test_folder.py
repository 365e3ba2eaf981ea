from __future__ import annotations

import fsspec
import pytest

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.folder import RunFolder


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
    with pytest.raises(OSError, match="No space left"):
        folder.write("spec.json", b"new")
    assert folder.read("spec.json") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_spec(folder):
    assert folder.read_spec() is None
    folder.write_spec({"sweeps": []})
    assert folder.read_spec() == {"format": 1, "sweeps": []}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"format": 99}', b"[" * 100_000, b"\xff\xfe"])
def test_a_damaged_or_foreign_spec_is_refused(folder, content):
    folder.write("spec.json", content)
    with pytest.raises(RunFolderError, match=r"spec\.json (is damaged|has format 99)"):
        folder.read_spec()


def test_one_driver_at_a_time(tmp_path):
    with (
        RunFolder(tmp_path).locked(),
        pytest.raises(RunFolderError, match="Another process is running a sweep"),
        RunFolder(tmp_path).locked(),
    ):
        pass
    with RunFolder(tmp_path).locked():
        pass


def test_unknown_kinds_of_folder_are_refused():
    with pytest.raises(RunFolderError, match="Cannot use"):
        RunFolder("nosuchprotocol://bucket/run")
