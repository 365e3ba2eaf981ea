"""Data for the forest's tests: generated counts and reals, and real reviews where they are at hand."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
from scipy import sparse

REVIEWS = (
    Path(os.environ.get("MODELCOLLAPSE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "amazon_reviews.parquet"
)


def generated_counts(n_documents=300, n_terms=2500, mean_length=40, seed=0):
    """Documents with Zipfian terms, some of which lean to a class; counts above 1 are common. CSR of int32, labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n_documents).astype(np.uint8)
    popularity = 1.0 / np.arange(5, n_terms + 5)
    leaning = rng.normal(0.0, 0.7, n_terms)
    rows = []
    for label in labels:
        p = popularity * np.exp(leaning * (label - 0.5))
        rows.append(rng.multinomial(rng.poisson(mean_length) + 1, p / p.sum()))
    return sparse.csr_matrix(np.array(rows, np.int32)), labels


def generated_reals(n_documents=120, n_terms=60, seed=0):
    """Reals with many different values, a few of them shared. CSR of float64, labels."""
    rng = np.random.default_rng(seed)
    X = rng.gamma(1.0, 1.0, (n_documents, n_terms)) * (rng.random((n_documents, n_terms)) < 0.3)
    X = np.where(rng.random(X.shape) < 0.3, np.round(X), X)
    labels = (X[:, 0] + X[:, 1] - X[:, 2] + rng.normal(0, 1, n_documents) > 0.3).astype(np.uint8)
    return sparse.csr_matrix(X), labels


@cache
def review_counts(n_documents=300):
    """Word counts of real reviews with their labels, or None where the reviews are not at hand."""
    if not REVIEWS.exists():
        return None
    import polars as pl
    from sklearn.feature_extraction.text import CountVectorizer

    frame = pl.read_parquet(REVIEWS, columns=["text", "label"], n_rows=20_000)
    frame = frame.sample(n_documents, seed=1, shuffle=True)
    X = CountVectorizer(stop_words="english").fit_transform(frame["text"].to_list())
    return X.astype(np.int32).tocsr(), frame["label"].to_numpy().astype(np.uint8)
