"""The cache deletes and replaces what it made, wherever the user puts it; what it cannot do is one line."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from modelcollapse.corpora import build_corpus, load_corpus, remove_corpus
from modelcollapse.corpora.cache import CorpusCache
from modelcollapse.corpora.sources.synthetic.text import write_reviews
from modelcollapse.errors import CorpusError


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text("text,label\n" + "".join(f"good film {i % 7},1\nbad dog {i % 5},0\n" for i in range(40)))
    build_corpus([path], "shop")
    return path


def key_folder(cache: Path) -> Path:
    return next(path for path in (cache / "corpora").iterdir() if path.is_dir())


def test_a_corpus_with_files_of_others_in_its_folder_is_not_deleted(own_cache, shop):
    folder = key_folder(own_cache)
    (folder / "labels.xlsx").write_text("mine")
    with pytest.raises(CorpusError, match=r"is not touched: it holds labels\.xlsx, which this program"):
        remove_corpus("shop")
    (folder / "data.npy").write_bytes(b"damaged")
    with pytest.raises(CorpusError, match="is not touched"):
        load_corpus("shop")
    assert (folder / "labels.xlsx").read_text() == "mine"
    (folder / "labels.xlsx").unlink()
    load_corpus("shop")
    remove_corpus("shop")
    assert not folder.exists()


def test_folders_of_others_are_no_corpora(own_cache, shop):
    mine = own_cache / "corpora" / "mine"
    shutil.copytree(key_folder(own_cache), mine)
    assert len(CorpusCache().entries()) == 1
    remove_corpus("shop")
    assert (mine / "corpus.json").exists()
    with pytest.raises(CorpusError, match="no corpus 'mine' is cached"):
        remove_corpus("mine")


def test_a_file_of_others_among_the_names_is_neither_replaced_nor_removed(own_cache, shop):
    file = own_cache / "names" / "sales.json"
    file.write_text('{"2025": 17}')
    with pytest.raises(CorpusError, match=r"sales\.json is not a name of a corpus: rename it, or choose"):
        build_corpus([shop], "sales")
    with pytest.raises(CorpusError, match="no corpus 'sales' is cached"):
        remove_corpus("sales")
    assert file.read_text() == '{"2025": 17}'


def test_only_what_was_downloaded_is_removed(own_cache):
    folder = own_cache / "downloads" / "amazon"
    folder.mkdir(parents=True)
    (folder / "test-00000-of-00001.parquet").write_bytes(b"1")
    (folder / "test-00000-of-00001.parquet.part").write_bytes(b"1")
    (folder / "notes").mkdir()
    (folder / "mine.parquet").write_bytes(b"1")
    assert remove_corpus("amazon") == 2
    assert sorted(path.name for path in folder.iterdir()) == ["mine.parquet", "notes"]


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize("what", ["filelock.FileLock.acquire", "shutil.rmtree", "pathlib.Path.unlink"])
def test_removing_from_a_cache_that_can_only_be_read_is_one_line(own_cache, shop, monkeypatch, what):
    monkeypatch.setattr(what, refuse)
    with pytest.raises(CorpusError, match=r"cannot remove .*: Read-only file system"):
        remove_corpus("shop")
    monkeypatch.undo()
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(own_cache))
    load_corpus("shop")


def test_naming_in_a_cache_that_can_only_be_read_is_one_line(own_cache, shop, monkeypatch):
    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(CorpusError, match=r"cannot write .*other\.json: Read-only file system.*MODELCOLLAPSE_CACHE"):
        build_corpus([shop], "other")
    assert [path.name for path in (own_cache / "names").iterdir()] == ["shop.json"]


def test_a_cache_that_is_a_file_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "file"))
    with pytest.raises(CorpusError, match="cannot write the corpus to"):
        load_corpus("synthetic:100")
    with pytest.raises(CorpusError, match="no corpus 'shop' is cached"):
        remove_corpus("shop")
    assert CorpusCache().entries() == []


def test_synthetic_text_is_written_over_nothing_but_itself(tmp_path):
    corpus, other = load_corpus("synthetic:100"), load_corpus("synthetic:120")
    file = tmp_path / "reviews.csv"
    file.touch()
    write_reviews(corpus, file)
    before = file.read_bytes()
    write_reviews(corpus, file)
    with pytest.raises(CorpusError, match=r"reviews\.csv holds something else: choose another --text-file"):
        write_reviews(other, file)
    assert file.read_bytes() == before
    assert load_corpus(file, text_column="text").n_documents == 100


def test_synthetic_text_on_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    corpus = load_corpus("synthetic:100")
    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(CorpusError, match=r"cannot write .*reviews\.csv: Read-only"):
        write_reviews(corpus, tmp_path / "reviews.csv")
    assert list(tmp_path.iterdir()) == []
