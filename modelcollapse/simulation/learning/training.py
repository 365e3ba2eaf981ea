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
    weights : ndarray of float64, shape (n_train, 2), optional
        How much each document counts as one of class 0 and as one of class 1, in [0, 1] and not both 0; `labels` say
        it by default, with a weight of 1.
    """

    model: Model
    terms: TermSelection
    documents: npt.NDArray[np.int64]
    labels: npt.NDArray[np.uint8]
    seed: int
    weights: npt.NDArray[np.float64] | None = None

    def weighted(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.float64] | None]:
        """Return places among `documents`, labels and weights; a document that counts for both classes comes twice."""
        if self.weights is None:
            return np.arange(len(self.documents)), self.labels, None
        places, labels = np.nonzero(self.weights)
        return places, labels.astype(np.uint8), self.weights[places, labels]


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
    places, labels, weights = training.weighted()
    columns = select_columns(counts if weights is None else counts[places], active)
    predictor = learners.train(training.model, columns, labels, training.seed, weights)
    return TrainedHere(predictor, active, corpus)
