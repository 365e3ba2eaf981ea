"""Whether learners and the options of a sweep go with what a corpus is made of: asked before anything runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.dense import AnyCorpus, DenseCorpus
from modelcollapse.errors import LearnerError, SpecError
from modelcollapse.simulation.learning import learner_check, learners
from modelcollapse.simulation.spec import Model, TermSelection

#: What is run in place of `forest` where that does not go: scikit-learn's forest with the same parameters.
FOREST, OTHER_FOREST = "forest", "forest-sklearn"


def checked(corpus: Any, sweep: Any) -> AnyCorpus:
    """Return a corpus on which a sweep may run: its learners are tried on documents of its form.

    Raise SpecError if it is no corpus of labelled documents, its labels have another dtype than those of `Corpus`, an
    option of the sweep is about words and it has none, or it has missing values or numbers below 0 and a learner does
    not take them; LearnerError if a learner does not take its documents.
    """
    if not isinstance(corpus, Corpus | DenseCorpus):
        found = "none" if corpus is None else f"a {type(corpus).__name__}"
        raise SpecError(f"corpus: found {found}, expected documents with labels: corpus=load_corpus(…).")
    n_classes = len(corpus.classes)
    if corpus.labels.dtype != (dtype := np.uint8 if n_classes == 2 else np.uint16):
        raise SpecError(
            f"corpus: '{corpus.name}' has labels of type {corpus.labels.dtype} in {n_classes:,} classes, expected "
            f"{dtype.__name__}: use load_corpus, or DenseCorpus.of."
        )
    if isinstance(corpus, DenseCorpus):
        _check_words(corpus, sweep)
    for model in sweep.models():
        if learners.is_our_forest(model) and (isinstance(corpus, DenseCorpus) or n_classes > 2):
            raise LearnerError(
                f"Learner '{model.name}' takes counts of words in two classes, which '{corpus.name}' has not: "
                f"use {OTHER_FOREST}."
            )
        learner_check.check(model, "counts" if isinstance(corpus, Corpus) else "numbers")
        if n_classes > 2:
            learner_check.check_more_classes(model)
        if isinstance(corpus, DenseCorpus):
            _check_values(corpus, model)
    return corpus


def _check_words(corpus: DenseCorpus, sweep: Any) -> None:
    """Raise SpecError if an option of a sweep is about words."""
    usual = TermSelection()
    for option in ("min_df", "max_ngram", "max_terms"):
        if (value := getattr(sweep, option)) != getattr(usual, option):
            raise SpecError(
                f"{option}: found {value}, but the corpus '{corpus.name}' has numbers, not words: leave it out."
            )


def _check_values(corpus: DenseCorpus, model: Model) -> None:
    """Raise SpecError if there are values that a model does not take."""
    if corpus.n_missing and not learner_check.takes(model, "allow_nan"):
        raise SpecError(
            f"corpus: '{corpus.name}' has {corpus.n_missing:,} missing values, which {model.name} does not take: "
            "fill them in or leave their columns out, or use a learner that does, as forest-sklearn or "
            "sklearn.ensemble:HistGradientBoostingClassifier."
        )
    if corpus.least < 0 and learner_check.takes(model, "positive_only"):
        raise SpecError(
            f"corpus: '{corpus.name}' has numbers below 0 (the least is {corpus.least:g}), which {model.name} does not "
            "take: use another learner, such as logistic-regression or sklearn.naive_bayes:GaussianNB."
        )
