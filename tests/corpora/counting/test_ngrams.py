"""A corpus equals, to the last count, what the plain pipeline and CountVectorizer give."""

import sys
import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer

from modelcollapse.corpora import load_corpus
from modelcollapse.corpora.counting.tokenizer import Tokenizer
from tests.corpora.plain import plain_tokens

ODD = "\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u3000\u200b\u0130\u03a3\u0307"
ODD_TEXTS = [
    "",
    " ",
    "..., !!",
    "Good\x1cbad\x1dugly\x1efine\x1fok next\x85line\u2028sep\u2029par\u3000wide\u200bjoined",
    "İstanbul İİ I\u0307x ΣΑΣ ΑΣ' ΑΣ.Α ὈΔΥΣΣΕΎΣ straße STRASSE ﬁne ǅungla",
    "x² H₂O ½ cup ⅷ Ⅷ ٣ apples 中文 字 한국어 ไทย नमस्ते e\u0301te\u0301 naïve under_score __dunder__",
    "don't DON'T cant we're feet' 'aides the THE t.h.e us u.s. boxes/men 10/10 a I no not",
    "\x00nul\x00 \ufeffbom soft\xadhyphen zero\u200dwidth 👍👍 😀good",
]


def plain_counts(texts, ngrams=1, **options):
    vectorizer = CountVectorizer(ngram_range=(1, ngrams))
    return vectorizer.fit_transform([" ".join(plain_tokens(text, **options)) for text in texts]), vectorizer


def assert_same(corpus, texts, ngrams=1, **options):
    counts, vectorizer = plain_counts(texts, ngrams, **options)
    assert corpus.load_vocabulary().tolist() == vectorizer.get_feature_names_out().tolist()
    assert corpus.counts.shape == counts.shape
    counts.sort_indices()
    np.testing.assert_array_equal(corpus.indptr, counts.indptr)
    np.testing.assert_array_equal(corpus.indices, counts.indices)
    np.testing.assert_array_equal(corpus.data, counts.data)


def write(folder, texts, labels=None):
    path = folder / "reviews.parquet"
    labels = [i % 2 for i in range(len(texts))] if labels is None else labels
    pl.DataFrame({"text": texts, "label": labels}).write_parquet(path)
    return path


@pytest.mark.parametrize("ngrams", [1, 3])
def test_real_reviews(reviews, tmp_path, ngrams):
    reviews = reviews.head(1000)
    corpus = load_corpus(write(tmp_path, reviews["text"], reviews["label"]), ngrams=ngrams)
    assert_same(corpus, reviews["text"].to_list(), ngrams)
    np.testing.assert_array_equal(corpus.labels, reviews["label"])
    orders = [term.count(" ") + 1 for term in corpus.load_vocabulary()]
    np.testing.assert_array_equal(corpus.term_orders, orders)


@pytest.mark.parametrize("lemmatize", [True, False])
@pytest.mark.parametrize("stopwords", [True, False])
def test_text_options(reviews, tmp_path, lemmatize, stopwords):
    texts = reviews["text"].to_list()[:300]
    corpus = load_corpus(write(tmp_path, texts), lemmatize=lemmatize, stopwords=stopwords)
    assert_same(corpus, texts, lemmatize=lemmatize, remove_stopwords=stopwords)


def test_odd_unicode(tmp_path):
    texts = [text for text in ODD_TEXTS if text.strip()]
    corpus = load_corpus(write(tmp_path, texts), ngrams=2)
    assert_same(corpus, texts, 2)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.text(alphabet=st.sampled_from(ODD + "aASs' .-_1²中")))
def test_any_text(text):
    tokenizer = Tokenizer()
    batch = tokenizer([text, text + " good films"])
    tokens = [batch.terms[i] for i in batch.tokens]
    analyze = CountVectorizer().build_analyzer()
    expected = analyze(" ".join(plain_tokens(text)))
    assert tokens == expected + analyze(" ".join(plain_tokens(text + " good films")))
    assert batch.lengths[0] == len(expected)


def test_every_character():
    """Each character of Unicode between letters, so that no range is forgotten; a few of those without meaning."""
    characters = map(chr, range(sys.maxunicode + 1))
    meant = [c for c in characters if unicodedata.category(c) not in ("Cn", "Co", "Cs") or ord(c) % 997 == 0]
    text = " ".join(f"Ab{c}cS" for c in meant if not "\ud800" <= c <= "\udfff")
    batch = Tokenizer()([text])
    expected = CountVectorizer().build_analyzer()(" ".join(plain_tokens(text)))
    assert [batch.terms[i] for i in batch.tokens] == expected


def test_forest_on_active_terms_equals_refitted_one(reviews, tmp_path):
    """Terms sorted by code point: a seeded forest sees the same columns as after fitting CountVectorizer anew."""
    texts, labels = reviews["text"].to_list(), reviews["label"].to_numpy()
    corpus = load_corpus(write(tmp_path, texts, labels))
    train, test = np.arange(400), np.arange(400, 700)
    counts, vectorizer = plain_counts([texts[i] for i in train])
    forest = RandomForestClassifier(20, max_depth=8, bootstrap=False, random_state=3)
    tokens = [" ".join(plain_tokens(texts[i])) for i in test]
    expected = forest.fit(counts, labels[train]).predict_proba(vectorizer.transform(tokens))
    active = np.unique(corpus.counts[train].indices)
    again = RandomForestClassifier(20, max_depth=8, bootstrap=False, random_state=3)
    got = again.fit(corpus.counts[train][:, active], labels[train]).predict_proba(corpus.counts[test][:, active])
    np.testing.assert_array_equal(got, expected)
