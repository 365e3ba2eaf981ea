"""A forest grown by many Ray tasks, some trees each: for few long chains on many cores.

A tree depends on the training set, the seed and its own number, and votes are integers: the sum of the shards' votes is
the forest's to the last bit. The trees stay where they were grown; only votes travel.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.forest import SparseForestClassifier
from modelcollapse.forest.shards import ForestParameters, Trees, grow_trees, predict_votes, probabilities
from modelcollapse.simulation import learners
from modelcollapse.simulation.spec import ChainSpec, Model
from modelcollapse.simulation.terms import active_terms
from modelcollapse.simulation.training import Trained, TrainingSet, train_here

#: Trees times documents that are worth a task of their own: about a second.
WORTHWHILE = 10_000_000


def can_be_sharded(model: Model) -> bool:
    """Return whether a model is a forest that can be grown in parts."""
    return isinstance(learners.instantiate(model), SparseForestClassifier)


def useful_shards(spec: ChainSpec, n_idle_cores: int) -> int:
    """Return over how many tasks a chain's generations are worth being split, given cores that would idle."""
    if n_idle_cores < 2 or not can_be_sharded(spec.model):
        return 1
    n_trees = learners.instantiate(spec.model).n_estimators
    return max(1, min(n_idle_cores, n_trees, n_trees * spec.final_size // WORTHWHILE))


class ShardedTraining:
    """A way to train (see `simulation.training`): forests in parts, by Ray tasks; everything else here.

    Parameters
    ----------
    ray : module
        Connected: this is used inside a worker.
    arrays : list of ObjectRef
        The corpus' counts: data, indices, indptr.
    n_shards : int
    options : dict
        Of the tasks.
    """

    def __init__(self, ray: Any, arrays: list[Any], n_shards: int, options: dict[str, Any]) -> None:
        self._ray, self._arrays, self._n_shards = ray, arrays, n_shards
        self._grow = ray.remote(_grow).options(**options)
        self._vote = ray.remote(_vote).options(**options)

    def __call__(self, training: TrainingSet, corpus: Corpus) -> Trained:
        """See `simulation.training.Train`."""
        columns = active_terms(corpus.counts[training.documents], corpus.term_orders, training.terms)
        if not can_be_sharded(training.model) or learners.nothing_to_learn(len(columns), training.labels):
            return train_here(training, corpus)
        active = np.zeros(corpus.n_terms, dtype=bool)
        active[columns] = True
        classifier = learners.instantiate(training.model)
        names = (field.name for field in fields(ForestParameters))
        parameters = ForestParameters(**{name: getattr(classifier, name) for name in names})
        seed = int(check_random_state(training.seed).randint(np.iinfo(np.int32).max))  # as the classifier draws it
        bounds = np.linspace(0, classifier.n_estimators, self._n_shards + 1).astype(int).tolist()
        shared = self._ray.put((training.documents, training.labels, active, parameters, seed))
        shards = [(start, stop) for start, stop in pairwise(bounds) if start < stop]
        parts = [self._grow.remote(*shard, shared, *self._arrays) for shard in shards]
        self._ray.wait(parts, num_returns=len(parts), fetch_local=False)  # so that the clock of fitting is right
        return _ShardedForest(self._ray, self._vote, parts, self._arrays, corpus, len(columns), classifier.n_estimators)


@dataclass(frozen=True, eq=False)
class _ShardedForest:
    """A forest whose trees are elsewhere."""

    ray: Any
    vote: Any
    parts: list[Any]
    arrays: list[Any]
    corpus: Corpus
    n_features: int
    n_trees: int

    def score(self, documents: npt.NDArray[np.int64]) -> learners.Scores:
        """Score documents, given as rows of the corpus."""
        rows = self.ray.put(documents)
        votes = [self.vote.remote(part, rows, self.corpus.n_terms, *self.arrays) for part in self.parts]
        positive = probabilities(sum(self.ray.get(votes)), self.n_trees)
        return learners.Scores((positive > 0.5).astype(np.uint8), positive, positive)


def _grow(
    tree_start: int,
    tree_stop: int,
    shared: tuple[Any, ...],
    data: npt.NDArray[np.int32],
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
) -> Trees:
    documents, labels, active, parameters, seed = shared
    part = {"seed": seed, "tree_start": tree_start, "tree_stop": tree_stop}
    return grow_trees(data, indices, indptr, documents, labels, parameters, **part, active=active)


def _vote(
    trees: Trees,
    documents: npt.NDArray[np.int64],
    n_terms: int,
    data: npt.NDArray[np.int32],
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    return predict_votes(trees, data, indices, indptr, documents, n_terms)
