"""Our forest in a chain: it grows and scores on the corpus' own arrays, so that nothing of the corpus is copied.

How a forest is grown (`ForestPlan`) and what it is asked (`Questions`) are values, which may be sent to other
processes. The index of the documents that a chain scores in every generation is made once, and kept for the next
chains that score them: all rates of a seed do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.forest.shards import (
    ForestParameters,
    ScoringIndex,
    Trees,
    count_documents,
    grow_trees,
    index_documents,
    probabilities,
    sum_votes,
)
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.learning.terms import choose_terms
from modelcollapse.simulation.learning.training import TrainingSet
from modelcollapse.simulation.spec import TermSelection

#: data, indices and indptr of the corpus' counts.
Counts: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int64]]

#: Indices of test sets that a process keeps, some 7 MB each for 20,000 documents.
KEPT_INDICES = 2

_kept: dict[tuple[object, ...], list[ScoringIndex]] = {}


def counts_of(corpus: Corpus) -> Counts:
    """Return the arrays of a corpus' counts."""
    return corpus.data, corpus.indices, corpus.indptr


@dataclass(frozen=True, eq=False)
class ForestPlan:
    """Everything that makes a forest, apart from the corpus.

    Attributes
    ----------
    documents : ndarray of int64, shape (n_train,)
        Rows of the corpus.
    labels : ndarray of uint8, shape (n_train,)
        0 or 1, and both of them.
    active : ndarray of bool, shape (n_terms,)
        Terms that splits are drawn from.
    frequency : ndarray of int32, shape (n_terms, 2)
        Training documents of each class with each term.
    parameters : ForestParameters
    seed : int
        Of the forest.
    n_trees : int
    weights : ndarray of int32, shape (n_train,), optional
        Of the documents, in hundredths (one at least), so that sums are whole numbers. Trees then take several times
        as long to grow.
    """

    documents: npt.NDArray[np.int64]
    labels: npt.NDArray[np.uint8]
    active: npt.NDArray[np.bool_]
    frequency: npt.NDArray[np.int32]
    parameters: ForestParameters
    seed: int
    n_trees: int
    weights: npt.NDArray[np.int32] | None = None

    @classmethod
    def of(cls, training: TrainingSet, corpus: Corpus) -> ForestPlan | None:
        """Return the plan of a model that is our forest; None if there is nothing to learn."""
        frequency = count_documents(*counts_of(corpus), training.documents, training.labels, corpus.n_terms)
        columns = choose_terms(
            frequency[:, 0] + frequency[:, 1],
            lambda: corpus.counts[training.documents],
            corpus.term_orders,
            training.terms,
        )
        places, labels, weights = training.weighted()
        documents = training.documents[places]
        if weights is not None:
            frequency = count_documents(*counts_of(corpus), documents, labels, corpus.n_terms)
        if learners.nothing_to_learn(len(columns), labels):
            return None
        active = np.zeros(corpus.n_terms, dtype=bool)
        active[columns] = True
        forest = learners.instantiate(training.model).set_params(random_state=training.seed)
        parameters, seed = forest.tree_parameters(), forest.draw_seed()
        hundredths = None if weights is None else np.maximum(1, np.round(100 * weights)).astype(np.int32)
        return cls(documents, labels, active, frequency, parameters, seed, forest.n_estimators, hundredths)

    @property
    def n_features(self) -> int:
        """Terms that splits are drawn from."""
        return int(np.count_nonzero(self.active))

    def grow(self, counts: Counts, tree_start: int, tree_stop: int) -> Trees:
        """Grow some of the trees."""
        return grow_trees(
            *counts, self.documents, self.labels, self.parameters, seed=self.seed,
            numbers=range(tree_start, tree_stop), active=self.active, frequency=self.frequency, weights=self.weights,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Questions:
    """Documents that trees are asked about.

    Attributes
    ----------
    documents : ndarray of int64, shape (n,)
        Rows of the corpus.
    n_recurring : int
        So many of the first ones are asked about in every generation: their index is kept.
    usable : ndarray of bool, shape (n_terms,)
        Terms that may be active in any generation.
    name : tuple
        Corpus and terms: equal names mean equal `usable` and counts.
    """

    documents: npt.NDArray[np.int64]
    n_recurring: int
    usable: npt.NDArray[np.bool_]
    name: tuple[object, ...]

    @classmethod
    def of(cls, documents: npt.NDArray[np.int64], n_recurring: int, corpus: Corpus, terms: TermSelection) -> Questions:
        """Return the questions of a chain on a corpus."""
        usable = corpus.term_orders <= terms.max_ngram
        name = (corpus.fingerprint, len(corpus.data), corpus.n_terms, terms.max_ngram)
        return cls(documents, n_recurring, usable, name)

    def votes(self, trees: Trees, counts: Counts) -> npt.NDArray[np.int64]:
        """Sum up the votes of trees: shape (n,)."""
        once = index_documents(*counts, self.documents[self.n_recurring :], self.usable)
        return sum_votes(trees, [*self._kept_index(counts), *once])

    def _kept_index(self, counts: Counts) -> list[ScoringIndex]:
        """Return the index of the recurring documents: the one used last is the last to be given up."""
        recurring = self.documents[: self.n_recurring]
        name = (*self.name, recurring.tobytes())
        index = _kept.pop(name, None)
        if index is None:
            index = index_documents(*counts, recurring, self.usable)
        _kept[name] = index
        for old in list(_kept)[:-KEPT_INDICES]:
            _kept.pop(old, None)
        return index


def scores_of(votes: npt.NDArray[np.int64], n_trees: int) -> Scores:
    """Return what a forest says, from the sums of all its trees' votes."""
    positive = probabilities(votes, n_trees)
    return Scores((positive > 0.5).astype(np.uint8), positive, positive)


@dataclass(frozen=True, eq=False)
class TrainedForest:
    """A forest in this process (see `simulation.learning.training.Trained`)."""

    trees: Trees
    n_features: int
    terms: TermSelection
    corpus: Corpus

    def score(self, documents: npt.NDArray[np.int64], n_recurring: int = 0) -> Scores:
        """Score documents, given as rows of the corpus."""
        questions = Questions.of(documents, n_recurring, self.corpus, self.terms)
        return scores_of(questions.votes(self.trees, counts_of(self.corpus)), self.trees.n_trees)


def train_forest(training: TrainingSet, corpus: Corpus) -> TrainedForest | None:
    """Grow a forest in this process, on one thread; None if there is nothing to learn."""
    plan = ForestPlan.of(training, corpus)
    if plan is None:
        return None
    trees = plan.grow(counts_of(corpus), 0, plan.n_trees)
    return TrainedForest(trees, plan.n_features, training.terms, corpus)
