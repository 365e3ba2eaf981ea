from __future__ import annotations

import json

import fsspec
import pytest

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.spec import RunSpec, StoredCorpus

SPEC = RunSpec(corpus=StoredCorpus(name="a", fingerprint="b"), sweeps=[], models=[], versions={})


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path):
    if request.param == "local":
        return RunFolder(tmp_path / "run")
    fsspec.filesystem("memory").rm("/", recursive=True)
    return RunFolder("memory://bucket/run")


def test_files(folder):
    assert folder.read("chains/a.parquet") is None
    assert folder.ids(PATHS.chains) == []
    folder.write("chains/b.parquet", b"one")
    folder.write("chains/a.parquet", b"two")
    folder.write("chains/a.parquet", b"three")
    assert folder.read("chains/a.parquet") == b"three"
    assert folder.ids(PATHS.chains) == ["a", "b"]
    folder.remove("chains/a.parquet")
    folder.remove("chains/a.parquet")
    assert folder.ids(PATHS.chains) == ["b"]


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
    assert folder.spec.read() is None
    folder.spec.update(lambda known: SPEC)
    assert folder.spec.read() == RunSpec(format=2, **SPEC.model_dump())
    folder.spec.update(lambda known: known.model_copy(update={"sweeps": [{}], "models": [None]}))
    assert json.loads(folder.read("spec.json")) == {
        "format": 2, "corpus": {"name": "a", "fingerprint": "b"}, "sweeps": [{}], "models": [None], "versions": {}
    }  # fmt: skip


def test_what_a_later_version_added_to_the_spec_is_kept(folder):
    first = {"format": 1, "corpus": {"name": "a", "fingerprint": "b", "language": "en"}, "sweeps": [1], "more": [2],
             "versions": {}}  # fmt: skip
    folder.write("spec.json", json.dumps(first).encode())
    assert folder.spec.read().models == [None]
    folder.spec.update(lambda known: known)
    assert json.loads(folder.read("spec.json")) == {**first, "format": 2, "models": [None]}


CHAIN = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"format": 1}', b'{"openapi": "3"}', b'{"format": "html"}', b"[" * 100_000, b"\xff"],
)
def test_a_spec_that_is_somebody_elses_is_left_to_them(folder, content):
    folder.write("spec.json", content)
    with pytest.raises(RunFolderError, match=r"spec\.json is no run of modelcollapse: choose another folder"):
        folder.spec.read()


def test_a_spec_of_another_format_is_refused(folder):
    folder.write("spec.json", b'{"format": 99}')
    with pytest.raises(RunFolderError, match=r"spec\.json has format 99"):
        folder.spec.read()


@pytest.mark.parametrize("has_chains", [False, True])
def test_the_advice_on_a_damaged_spec_loses_nothing(folder, has_chains):
    folder.spec.update(lambda known: SPEC)
    content = folder.read("spec.json")
    folder.write("spec.json", b"" if has_chains else content[:30])
    if has_chains:
        folder.write(f"chains/{CHAIN}.parquet", b"chain")
    with pytest.raises(RunFolderError, match=r"is damaged. Rename it to \.spec\.json\.damaged and run the same"):
        folder.spec.read()
    folder.remove("spec.json")
    folder.write(".spec.json.damaged", content)
    with folder.locked():
        assert folder.spec.read() is None


def test_one_driver_at_a_time(folder):
    other = RunFolder(folder.location)
    with folder.locked():
        with pytest.raises(RunFolderError, match=r"Another process.* is running a sweep"), other.locked():
            pass
        folder.write("spec.json", b"still mine")
    with other.locked():
        pass


def test_what_a_killed_driver_left_half_written_is_cleared_away(tmp_path):
    half = [f"partial/.{CHAIN}.parquet.123.tmp", "figures/.a.png.1.tmp", ".spec.json.77.tmp"]
    kept = [f"partial/{CHAIN}.parquet", "partial/.notes.123.tmp", ".mine.12.tmp"]
    for name in (*half, *kept):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with RunFolder(tmp_path).locked():
        assert [name for name in half if (tmp_path / name).exists()] == []
        assert [name for name in kept if not (tmp_path / name).exists()] == []


@pytest.mark.parametrize(
    "files",
    [
        {},
        {".git/config": b"", ".DS_Store": b""},
        {"log.txt": b"2026-01-01 12:00:00,123 INFO modelcollapse.execution.log: 3.11"},
        {"log.txt": b"", ".lock": b""},
        {f"chains/{CHAIN}.parquet": b"", "report.html": b"", "figures/a.png": b"", "notes.md": b""},
        {f"partial/{CHAIN}.parquet": b"", "log.txt": b""},
        {"spec.json": b"", "thesis.docx": b""},
    ],
)
def test_where_a_run_may_begin_or_go_on(folder, files):
    for name, content in files.items():
        folder.write(name, content)
    with folder.locked():
        pass


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"thesis.docx": b"", "log.txt": b""}, "thesis.docx"),
        ({"log.txt": b"Monday: nothing happened"}, "log.txt"),
        ({"results.csv": b"", "src/main.c": b""}, "results.csv, src"),
        ({"figures/cover.png": b""}, "figures"),
        ({"chains/novel.parquet": b""}, "chains"),
        ({"lock.json": b"{}"}, "lock.json"),
        ({"report.html": b""}, "report.html"),
    ],
)
def test_a_folder_with_other_things_is_refused(folder, files, named):
    for name, content in files.items():
        folder.write(name, content)
    with pytest.raises(RunFolderError, match=rf"not a run's \({named}\): .* Choose another --out"), folder.locked():
        pass
    assert {name: folder.read(name) for name in files} == files
    assert folder.read(".lock") is None


def test_a_run_and_a_search_do_not_share_a_folder(folder):
    folder.write("search.json", b"{}")
    with pytest.raises(RunFolderError, match=r"holds a search \(search\.json\), not a run"), folder.locked():
        pass


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/a", "", "a//b", "./a", "a/.", "a\0b"])
def test_no_name_leads_out_of_the_folder(folder, name):
    for access in (folder.read, folder.remove, lambda name: folder.write(name, b"")):
        with pytest.raises(RunFolderError, match="is no name of a file in"):
            access(name)


@pytest.mark.parametrize("link", ["figures", "figures/a.png", "log.txt"])
def test_no_link_leads_out_of_the_folder(tmp_path, link):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere if link == "figures" else tmp_path / "run" / "figures").mkdir(parents=True)
    folder = RunFolder(tmp_path / "run")
    folder.write("spec.json", b"")
    target = elsewhere if link == "figures" else tmp_path / "target"
    (tmp_path / "run" / link).symlink_to(target)
    with pytest.raises(RunFolderError, match=f"{link} is a link, to {target}"):
        folder.write("log.txt" if link == "log.txt" else "figures/a.png", b"")
    assert not (tmp_path / "target").exists()
    assert list(tmp_path.glob("elsewhere/*")) == []


def test_a_run_folder_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk")
    with RunFolder(tmp_path / "run").locked():
        RunFolder(tmp_path / "run").write("chains/a.parquet", b"1")
    assert (tmp_path / "disk/chains/a.parquet").read_bytes() == b"1"


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_folder_that_is_moved_away_stops_its_driver(tmp_path, is_replaced):
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        folder.spec.update(lambda known: SPEC)
        (tmp_path / "run").rename(tmp_path / "moved")
        if is_replaced:
            with RunFolder(tmp_path / "run").locked():
                pass
        with pytest.raises(RunFolderError, match="was moved or removed while a sweep runs in it"):
            folder.write("chains/b.parquet", b"2")
        with pytest.raises(RunFolderError, match="Another process"), RunFolder(tmp_path / "moved").locked():
            pass
    assert (tmp_path / "run").exists() == is_replaced
    assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == [".lock", "spec.json"]


def test_a_folder_that_goes_between_the_check_and_the_write_is_not_made_anew(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        (tmp_path / "run").rename(tmp_path / "moved")
        monkeypatch.setattr(folder._lock, "check", lambda: None)
        with pytest.raises(RunFolderError, match="Cannot write"):
            folder.write("chains/b.parquet", b"2")
    assert not (tmp_path / "run").exists()


def test_a_file_url_is_a_folder(tmp_path):
    folder = RunFolder(f"file://{tmp_path}/run")
    with folder.locked():
        folder.write("spec.json", b"1")
    assert folder.is_local
    assert folder.local_path("log.txt") == tmp_path / "run" / "log.txt"
    assert (tmp_path / "run/spec.json").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("github://x", "Cannot use github://x"),
        ("zip://x.zip", "Cannot use zip://x.zip"),
        ("a::b", "a chain of URLs"),
        ("simplecache::s3://bucket/run", "a chain of URLs"),
        ("data:,hello", "can be read only"),
    ],
)
def test_what_cannot_hold_a_run_is_refused(location, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunFolderError, match=said):
        RunFolder(location).check_usable()


def test_a_store_without_its_client_names_the_extra(monkeypatch):
    def missing(location):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "url_to_fs", missing)
    with pytest.raises(RunFolderError, match=r'Install s3fs to access S3\. .* pip install "modelcollapse\[cluster\]"'):
        RunFolder("s3://bucket/run")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="is a file: expected a folder"):
        RunFolder(tmp_path / "file").check_usable()


def test_names_are_utf_8_on_the_disk_whatever_the_locale(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    monkeypatch.setattr("os.fsdecode", lambda name: name.decode("ascii", "surrogateescape"))
    assert folder._full("ü☃.png").endswith("ü☃.png".encode().decode("ascii", "surrogateescape"))


def test_a_spec_may_name_a_file_whose_name_is_no_text(folder):
    corpus = StoredCorpus(name="caf\udce9", fingerprint="b", given={"name_or_path": "caf\udce9.csv"})
    folder.spec.update(lambda known: SPEC.model_copy(update={"corpus": corpus}))
    assert folder.spec.read().corpus == corpus


def test_unknown_kinds_of_folder_are_refused():
    with pytest.raises(RunFolderError, match="Cannot use"):
        RunFolder("nosuchprotocol://bucket/run")
