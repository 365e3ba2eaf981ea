"""The calls that users make: `load_corpus` and `build_corpus`."""

import json

import pytest

from modelcollapse import notebook
from modelcollapse.corpora import build_corpus, load_corpus
from modelcollapse.errors import CorpusError


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text("text,label\n" + "".join(f"good film {i % 7},1\nbad dog {i % 5},0\n" for i in range(40)))
    return path


def test_one_file_is_built_with_or_without_a_name(shop):
    unnamed = build_corpus(str(shop), ngrams=2)
    named = build_corpus(shop, "shop", ngrams=2)
    assert (unnamed.name, unnamed.fingerprint) == ("shop", named.fingerprint)
    assert load_corpus("shop").origin == named.origin == unnamed.origin


def test_files_without_name_and_names_without_files_are_refused(shop):
    with pytest.raises(CorpusError, match="several files make one corpus only under a name"):
        build_corpus([shop, shop])
    for name in (None, "shop"):
        with pytest.raises(CorpusError, match="found no file to build"):
            build_corpus([], name)


def test_synthetic_reviews_are_written_as_text(tmp_path, shop):
    corpus = build_corpus("synthetic:100", text_file=tmp_path / "reviews.csv")
    assert load_corpus(tmp_path / "reviews.csv").fingerprint == corpus.fingerprint
    with pytest.raises(CorpusError, match="only synthetic corpora can be written as text"):
        build_corpus(shop, text_file=tmp_path / "more.csv")


def test_a_corpus_that_was_stored_before_is_read(shop, own_cache):
    """Notes on rows and files were added to what is stored; a corpus without them is as good."""
    corpus = load_corpus(shop)
    (about_file,) = own_cache.glob("corpora/*/corpus.json")
    about = json.loads(about_file.read_text())
    assert about["origin"] == corpus.origin.to_json()
    del about["origin"]["rows"]["files"], about["origin"]["rows"]["bad_rows"]
    about_file.write_text(json.dumps(about))
    again = load_corpus(shop)
    assert again.origin.rows.kept == 80
    assert again.origin.rows.files == []


def test_a_notebook_shows_progress_by_itself(shop, monkeypatch):
    told = []
    monkeypatch.setattr(notebook, "in_notebook", lambda: True)
    monkeypatch.setattr(notebook.Shown, "show", lambda _self, html: told.append(html))
    load_corpus(shop, progress=False)
    assert told == []
    load_corpus(shop, ngrams=2)
    assert 'value="100"' in told[-1]
    assert "reading and cleaning" in told[-1]
    assert "counting" in told[-1]
