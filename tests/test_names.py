"""Names come before files, everywhere alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelcollapse.corpora import build_corpus, load_corpus, locate_corpus
from modelcollapse.errors import CorpusError
from modelcollapse.names import printable
from tests.cli.conftest import _own_folders, call  # noqa: F401  (fixtures)

REVIEWS = "text,label\n" + "".join(f"word{i % 7} film{i % 5},{i % 2}\n" for i in range(60))


def test_a_built_corpus_comes_before_a_file_of_its_name(tmp_path, capsys):
    (tmp_path / "other.csv").write_text(REVIEWS)
    (tmp_path / "shop").write_text(REVIEWS.replace("word", "term"))
    built = build_corpus([tmp_path / "other.csv"], "shop")
    assert load_corpus("shop").fingerprint == built.fingerprint
    assert "For the file of that name write ./shop" in capsys.readouterr().err
    for file in ("./shop", Path("shop"), tmp_path / "shop"):
        assert load_corpus(file).fingerprint != built.fingerprint
    assert capsys.readouterr().err == ""


def test_names_and_files_are_located_alike(tmp_path):
    for name in ("movies", "synthetic:30", "mine.csv"):
        (tmp_path / name).write_text(REVIEWS)
    assert [locate_corpus(name) for name in ("movies", "synthetic:30")] == ["movies", "synthetic:30"]
    assert locate_corpus("./movies") == str(tmp_path / "movies")
    assert locate_corpus("mine.csv") == str(tmp_path / "mine.csv")
    for nothing in ("~nobody/x", "x" * 400, "a\0b", "", 5, "."):
        with pytest.raises(CorpusError):
            load_corpus(nothing)  # type: ignore[arg-type]


def test_an_experiment_comes_before_a_file_of_its_name(call, tmp_path):  # noqa: F811
    (tmp_path / "demo").write_text("initial_size = 5\nrates = 0\n")
    code, out, err = call("run", "demo", "--corpus", "synthetic:8000", "--model", "naive-bayes", "--dry-run")
    assert code == 0
    assert "runs/demo" in out
    assert "For the file of that name write ./demo" in err
    code, out, err = call("run", "./demo", "--corpus", "synthetic:8000", "--model", "naive-bayes", "--dry-run")
    assert "1 chains" in out
    assert "write" not in err


def test_what_a_terminal_would_obey_is_escaped():
    assert printable("a\x1b[2Jb\r\n\ud800\u202e ü日") == r"a\x1b[2Jb\r\n\ud800\u202e ü日"
    assert len(printable("x" * 10**6)) < 3000
