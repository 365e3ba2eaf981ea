"""Pipelines that people ask for first, each made by a function: see `learners.LEARNERS`.

All begin with raw counts. What a step learns – the weights of terms, the classifier – it learns from its generation's
training set alone. Parameters of steps are named as in scikit-learn: ``linearsvc__C``.
"""

from __future__ import annotations

from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC


def tfidf_logistic_regression() -> Pipeline:
    """Return logistic regression on TF-IDF weights: probabilities, the usual first choice.

    Examples
    --------
    >>> [name for name, _ in tfidf_logistic_regression().steps]
    ['tfidftransformer', 'logisticregression']
    """
    return make_pipeline(TfidfTransformer(), LogisticRegression(max_iter=1000))


def linear_svm() -> Pipeline:
    """Return a linear support vector machine on TF-IDF weights: no probabilities.

    Examples
    --------
    >>> [name for name, _ in linear_svm().steps]
    ['tfidftransformer', 'linearsvc']
    """
    return make_pipeline(TfidfTransformer(), LinearSVC())
