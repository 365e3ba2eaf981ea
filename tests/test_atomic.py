from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from modelcollapse.atomic import replacing, unfinished, write_bytes


@pytest.fixture(params=["write", "fsync", "rename"])
def full_disk(request, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    names = {"write": "pathlib.Path.write_bytes", "fsync": "os.fsync", "rename": "pathlib.Path.replace"}
    monkeypatch.setattr(names[request.param], fail)


def test_a_full_disk_leaves_what_was_there_and_nothing_else(tmp_path, full_disk):
    with (tmp_path / "a").open("wb") as file:
        file.write(b"old")
    with pytest.raises(OSError, match="No space left"):
        write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_an_interruption_leaves_what_was_there(tmp_path):
    def interrupted() -> None:
        with replacing(tmp_path / "a") as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    write_bytes(tmp_path / "a", b"old")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_bytes(tmp_path / "link", b"one")
    write_bytes(tmp_path / "link", b"two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"two"


def test_what_is_no_file_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError):
        write_bytes(tmp_path, b"1")
    write_bytes(Path(os.devnull), b"1")
    assert Path(os.devnull).is_char_device()


def test_half_written_files_are_known_by_their_names(tmp_path):
    for name in (".a.csv.12.tmp", ".b.png.12.tmp", ".a.csv.tmp", "a.csv.12.tmp", ".a.csv.x.tmp"):
        (tmp_path / name).touch()
    assert [path.name for path in unfinished(tmp_path, re.compile(r".*\.csv"))] == [".a.csv.12.tmp"]
