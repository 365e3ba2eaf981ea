"""Terminals that lack characters, outputs that are closed or full: real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.cli.test_foreign_files import made  # noqa: F401


def command(*arguments: object, suffix: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line from a shell."""
    shell = ["bash", "-c", f'"$0" -m modelcollapse "$@" {suffix}', sys.executable]
    return subprocess.run(
        [*shell, *(os.fsencode(str(argument)) for argument in arguments)],
        env={**os.environ, **environment}, capture_output=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_without_a_character_shows_another(made, tmp_path, encoding):  # noqa: F811
    done = command("export", made, tmp_path / "rows.csv", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"8 rows ")


def test_a_closed_output_is_no_error(made):  # noqa: F811
    assert command("status", made, suffix=">&-").returncode == 0
    done = command("status", made / "none", suffix=">&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


def test_a_full_output_is_one_line(made):  # noqa: F811
    done = command("status", made, suffix="> /dev/full")
    assert done.returncode == 2
    assert done.stderr == b"modelcollapse: Cannot print: No space left on device. What was computed is kept.\n"


def test_names_that_are_no_text_are_printed_as_they_are(made, tmp_path):  # noqa: F811
    folder = tmp_path / "caf\udce9"
    shutil.copytree(made, folder)
    done = command("report", folder, PYTHONUTF8="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == os.fsencode(folder / "report.html")
    assert "<title>caf\ufffd – modelcollapse</title>" in (folder / "report.html").read_text()


def test_names_are_read_as_utf_8_where_the_locale_has_none(made, tmp_path):  # noqa: F811
    folder = tmp_path / "ünïcode ☃"
    shutil.copytree(made, folder)
    exported = tmp_path / "ü ☃.csv"
    code = """
import sys
from modelcollapse.cli import main
_, folder, exported = sys.argv
for arguments in (["status", folder], ["export", folder, exported], ["report", exported]):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as left:
        assert not left.code, arguments
"""
    arguments = [sys.executable, "-c", code, *(os.fsencode(str(path)) for path in (folder, exported))]
    c_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(arguments, env={**os.environ, **c_locale}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "<title>ü ☃ – modelcollapse</title>" in (tmp_path / "ü ☃" / "report.html").read_text()
