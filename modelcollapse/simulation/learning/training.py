"""How a generation's model is trained and asked: here, in one piece, unless a chain is given another way.

Every way gives the same bits; they differ in which processes do the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.terms import active_terms, select_columns
from modelcollapse.simulation.spec import Model, TermSelection


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Everything that makes a generation's model, apart from the corpus.

    Attributes
    ----------
    model : Model
    terms : TermSelection
    documents : ndarray of int64, shape (n_train,)
        Rows of the corpus.
    labels : ndarray of uint8, shape (n_train,)
        0 or 1: human or the models' own.
    seed : int
        Of the learner.
    """

    model: Model
    terms: TermSelection
    documents: npt.NDArray[np.int64]
    labels: npt.NDArray[np.uint8]
    seed: int


class Trained(Protocol):
    """A trained model."""

    @property
    def n_features(self) -> int:
        """Terms it was trained on."""
        ...

    def score(self, documents: npt.NDArray[np.int64], n_recurring: int = 0) -> learners.Scores:
        """Score documents, given as rows of the corpus.

        The first `n_recurring` of them are scored in every generation: what is prepared for them may be kept. That
        changes nothing in the scores.
        """
        ...


#: A way to train.
Train: TypeAlias = Callable[[TrainingSet, Corpus], Trained]


@dataclass(frozen=True, eq=False)
class TrainedHere:
    """A model in this process."""

    predictor: learners.Predictor
    active: npt.NDArray[np.int64]
    corpus: Corpus

    @property
    def n_features(self) -> int:
        """Terms it was trained on."""
        return len(self.active)

    def score(self, documents: npt.NDArray[np.int64], n_recurring: int = 0) -> learners.Scores:
        """Score documents, given as rows of the corpus."""
        return self.predictor.score(select_columns(self.corpus.counts[documents], self.active))


def train_here(training: TrainingSet, corpus: Corpus) -> Trained:
    """Train in this process, on one thread."""
    if learners.is_our_forest(training.model):
        from modelcollapse.simulation.learning.forests import (
            train_forest,  # it loads Numba, which other learners do not need
        )

        forest = train_forest(training, corpus)
        if forest is not None:
            return forest
    counts = corpus.counts[training.documents]
    active = active_terms(counts, corpus.term_orders, training.terms)
    predictor = learners.train(training.model, select_columns(counts, active), training.labels, training.seed)
    return TrainedHere(predictor, active, corpus)
