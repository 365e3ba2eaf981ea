from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from modelcollapse.simulation.learning.terms import active_terms, select_columns
from modelcollapse.simulation.spec import TermSelection
from tests.conftest import make_corpus, make_reviews

REVIEWS = make_reviews(120, seed=5, n_words=60)
CORPUS = make_corpus(REVIEWS, ngrams=3)


@settings(max_examples=40)
@given(st.sets(st.integers(0, 119), min_size=5), st.integers(1, 4), st.integers(1, 3))
def test_equals_a_vectoriser_refitted_on_the_documents(rows, min_df, max_ngram):
    texts = [" ".join(tokens) for tokens in REVIEWS.documents]
    rows = sorted(rows)
    training = CORPUS.counts[rows]
    active = active_terms(training, CORPUS.term_orders, TermSelection(min_df, max_ngram))
    vectorizer = CountVectorizer(min_df=min_df, ngram_range=(1, max_ngram))
    try:
        expected = vectorizer.fit_transform([texts[i] for i in rows])
    except ValueError:  # it refuses to be left without terms
        assert len(active) == 0
        return
    assert (select_columns(training, active) != expected).nnz == 0
    assert (select_columns(CORPUS.counts, active) != vectorizer.transform(texts)).nnz == 0


@pytest.mark.parametrize("max_terms", [1, 10, 40, 10_000])
def test_keeps_the_most_frequent_terms(max_terms):
    active = active_terms(CORPUS.counts, CORPUS.term_orders, TermSelection(max_terms=max_terms))
    totals = np.asarray(CORPUS.counts.sum(axis=0)).ravel()
    unigrams = np.flatnonzero(CORPUS.term_orders == 1)
    left_out = np.setdiff1d(unigrams, active)
    assert len(active) == min(max_terms, len(unigrams))
    assert not len(left_out) or totals[left_out].max() <= totals[active].min()


def test_selection_is_canonical_and_independent():
    active = np.arange(0, CORPUS.n_terms, 3)
    selected = select_columns(CORPUS.counts, active)
    selected.sum_duplicates()
    assert (selected != CORPUS.counts[:, active]).nnz == 0
    assert not np.shares_memory(selected.data, CORPUS.counts.data)
