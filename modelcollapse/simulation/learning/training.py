"""How a generation's model is trained and asked: here, in one piece, unless a chain is given another way.

Every way gives the same bits; they differ in which processes do the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.dense import AnyCorpus, DenseCorpus
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.predictors import Features, Predictor, Scores
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
    labels : ndarray of uint8 or uint16, shape (n_train,)
        Classes, human or the models' own.
    seed : int
        Of the learner.
    weights : ndarray of float64, optional
        How much each document counts, in [0, 1]: as one of its class, shape (n_train,); or, of two classes, as one of
        class 0 and as one of class 1, shape (n_train, 2), not both 0. By default all have a weight of 1.
    synthetic : ndarray of bool, shape (n_train,), optional
        Which labels are the models' own; learners that take weights do not ask.
    """

    model: Model
    terms: TermSelection
    documents: npt.NDArray[np.int64]
    labels: npt.NDArray[Any]
    seed: int
    weights: npt.NDArray[np.float64] | None = None
    synthetic: npt.NDArray[np.bool_] | None = None

    def weighted(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[np.float64] | None]:
        """Return places among `documents`, labels and weights.

        A document that counts for both classes comes twice, one that counts nothing not at all.
        """
        if self.weights is None:
            return np.arange(len(self.documents)), self.labels, None
        if self.weights.ndim == 1:
            places = np.flatnonzero(self.weights)
            return places, self.labels[places], self.weights[places]
        places, labels = np.nonzero(self.weights)
        return places, labels.astype(np.uint8), self.weights[places, labels]


class Trained(Protocol):
    """A trained model."""

    @property
    def n_features(self) -> int:
        """Terms, or columns, that it was trained on."""

    def score(self, documents: npt.NDArray[np.int64], n_recurring: int = 0) -> Scores:
        """Score documents, given as rows of the corpus.

        The first `n_recurring` of them are scored in every generation: what is prepared for them may be kept. That
        changes nothing in the scores.
        """


#: A way to train.
Train: TypeAlias = Callable[[TrainingSet, AnyCorpus], Trained]


@dataclass(frozen=True, eq=False)
class Columns:
    """What models see of documents: the terms that are active in a training set, or all columns of numbers.

    Attributes
    ----------
    corpus : Corpus or DenseCorpus
    active : ndarray of int64, or None
        Of counts: see `simulation.learning.terms`.
    """

    corpus: AnyCorpus
    active: npt.NDArray[np.int64] | None

    @classmethod
    def of(
        cls, corpus: AnyCorpus, documents: npt.NDArray[np.int64], terms: TermSelection, is_careful: bool = False
    ) -> tuple[Columns, Features]:
        """Return what a model that is trained on documents sees, and what it sees of them: see `take`."""
        if isinstance(corpus, DenseCorpus):
            columns = cls(corpus, None)
            return columns, columns.take(documents, is_careful)
        counts = _counts(corpus, documents)
        active = active_terms(counts, corpus.term_orders, terms)
        return cls(corpus, active), select_columns(counts, active)

    def take(self, documents: npt.NDArray[np.int64], is_careful: bool = False) -> Features:
        """Return what a model sees of documents, given as rows of the corpus.

        It is in arrays of its own, unless the model `is_careful`, and writes to none: then neighbouring rows of numbers
        are the corpus' own, if learners can take these (some take no array that is read-only).
        """
        if isinstance(self.corpus, DenseCorpus):
            rows = np.asarray(self.corpus.features)
            if is_careful and rows.flags.writeable and _are_neighbours(documents):
                return rows[documents[0] : documents[-1] + 1]
            return rows.take(documents, axis=0)  # faster than an index that does the same
        assert self.active is not None
        return select_columns(_counts(self.corpus, documents), self.active)


def _are_neighbours(documents: npt.NDArray[np.int64]) -> bool:
    return len(documents) > 0 and bool((np.diff(documents) == 1).all())


def _counts(corpus: Corpus, documents: npt.NDArray[np.int64]) -> sparse.csr_matrix:
    """Return the counts of documents, only to be read: those of neighbours are the corpus' own."""
    if not _are_neighbours(documents):
        return corpus.counts[documents]
    indptr = corpus.counts.indptr[documents[0] : documents[-1] + 2]
    begin, end = indptr[0], indptr[-1]
    arrays = corpus.counts.data[begin:end], corpus.counts.indices[begin:end], indptr - begin
    return sparse.csr_matrix(arrays, shape=(len(documents), corpus.n_terms))


@dataclass(frozen=True, eq=False)
class TrainedHere:
    """A model in this process."""

    predictor: Predictor
    columns: Columns
    n_features: int
    model: Model
    seed: int

    def score(self, documents: npt.NDArray[np.int64], n_recurring: int = 0) -> Scores:
        """Score documents, given as rows of the corpus."""
        with learners.draws_of(self.model, self.seed, 1):
            return self.predictor.score(self.columns.take(documents))


def train_here(training: TrainingSet, corpus: AnyCorpus) -> Trained:
    """Train in this process, on one thread."""
    if learners.is_our_forest(training.model) and isinstance(corpus, Corpus):
        from modelcollapse.simulation.learning.forests import (
            train_forest,  # it loads Numba, which other learners do not need
        )

        forest = train_forest(training, corpus)
        if forest is not None:
            return forest
    columns, features = Columns.of(corpus, training.documents, training.terms, learners.is_known(training.model))
    places, labels, weights = training.weighted()
    if weights is not None:
        features = features[places]
    synthetic = training.synthetic if weights is None else None
    predictor = learners.train(training.model, features, labels, training.seed, weights, synthetic, len(corpus.classes))
    return TrainedHere(predictor, columns, features.shape[1], training.model, training.seed)
