"""Pipelines and meta-estimators that people ask for first, each made by a function: see `learners.LEARNERS`.

All take raw counts. What a step learns – the weights of terms, the classifier – it learns from its generation's
training set alone. Parameters of steps are named as in scikit-learn: ``linearsvc__C``.
"""

from __future__ import annotations

from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier
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


def self_training() -> SelfTrainingClassifier:
    """Return scikit-learn's self-training around logistic regression, for comparison with the loop.

    It gets people's labels, and documents without a label in place of those that the chain's models labelled: it labels
    them anew in every generation, the surest first (P ≥ 0.75), and leaves out what it stays unsure of. Its base is
    `logistic-regression`, whose probabilities mean what they say; naive Bayes, which is sure of nearly every document,
    would take all in one round. Where people labelled everything it is its base; where nothing is left that they
    labelled (total collapse, in a window or replaced), the chain fails and says so.

    Examples
    --------
    >>> self_training().estimator
    LogisticRegression(max_iter=1000)
    """
    return SelfTrainingClassifier(LogisticRegression(max_iter=1000))
