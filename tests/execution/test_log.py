from __future__ import annotations

import logging

import pytest

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.log import run_log
from modelcollapse.execution.store.folder import RunFolder


def write_log(folder: RunFolder, file: object = None) -> None:
    with run_log(folder, file):
        logging.getLogger("modelcollapse.test").info("hello")


@pytest.mark.parametrize("name", ["log.txt", "other.log"])
def test_a_log_is_added_to(tmp_path, name):
    (tmp_path / "run").mkdir()
    file = tmp_path / "run" / name
    file.touch()
    for _ in range(2):
        write_log(RunFolder(tmp_path / "run"), None if name == "log.txt" else file)
    assert file.read_text().count("modelcollapse.test: hello\n") == 2


@pytest.mark.parametrize("content", ["date,what\n", "Monday: nothing", "2026-01-01 a diary", "\0\xff"])
def test_nothing_is_added_to_what_is_no_log(tmp_path, content):
    file = tmp_path / "notes.csv"
    file.write_text(content)
    with pytest.raises(RunFolderError, match=r"notes\.csv is no log of modelcollapse, so nothing is added to it"):
        write_log(RunFolder(tmp_path / "run"), file)
    assert file.read_text() == content


def test_a_log_may_go_nowhere(tmp_path):
    write_log(RunFolder(tmp_path / "run"), "/dev/null")
